/** The reviewers of a lead's plans: to whom a case is assigned, and can be. */
import { useQuery } from "@tanstack/react-query";
import { api, unwrap } from "../api/client";

export function useReviewers(enabled: boolean) {
  return useQuery({
    queryKey: ["reference", "reviewers"],
    queryFn: () => unwrap(api.GET("/v1/review/reviewers")),
    staleTime: 5 * 60_000,
    enabled,
  });
}

/** The user name of a reviewer; the API names it to leads only. */
export function useReviewerName(reviewer: string | null | undefined): string | null {
  const found = useReviewers(Boolean(reviewer)).data?.reviewers;
  return found?.find((one) => one.reviewer === reviewer)?.reviewer_label ?? reviewer ?? null;
}
