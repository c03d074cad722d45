/** *Next case*: the API assigns the most urgent case that the reviewer can decide; the portal opens it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { api, type Schemas, unwrap } from "../api/client";

interface Filter {
  view?: Schemas["QueueView"] | null;
  plan_id?: string | null;
}

/** A mutation whose data is the assigned case, or null if none is left. */
export function useNextCase(filter: Filter = {}, skip: readonly string[] = []) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: async () => {
      const body = { plan_id: filter.plan_id ?? null, view: filter.view ?? null, skip: [...skip] };
      return (await unwrap(api.POST("/v1/review/next", { body }))).case;
    },
    onSuccess: (found) => {
      client.invalidateQueries({ queryKey: ["worklist"] });
      if (found !== null) {
        navigate(`/review/${found.request_id}`);
      }
    },
  });
}
