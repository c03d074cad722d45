/** The reviewers of a lead's plans, to whom a case can be assigned. */
import { useQuery } from "@tanstack/react-query";
import { api, unwrap } from "../api/client";

export function useReviewers() {
  return useQuery({
    queryKey: ["reference", "reviewers"],
    queryFn: () => unwrap(api.GET("/v1/review/reviewers")),
    staleTime: 5 * 60_000,
  });
}
