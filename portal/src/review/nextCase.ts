/** *Next case*: assigns the most urgent case that the reviewer can decide, and opens it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { ApiError, api, type Schemas, unwrap } from "../api/client";

interface Filter {
  view?: Schemas["QueueView"];
  mine?: boolean;
  plan_id?: string;
}

/** The rows of a page that this reviewer can take, the most urgent first as the API sorts them. */
export function candidates(
  rows: readonly Schemas["WorklistRowResponse"][],
  not?: string,
): readonly Schemas["WorklistRowResponse"][] {
  return rows.filter(
    (row) =>
      row.request_id !== not &&
      row.not_decidable.length === 0 &&
      row.waiting_on !== "PROVIDER" &&
      (row.assignment === null || row.assignment.assigned_to === "YOU"),
  );
}

async function assignNext(filter: Filter, not?: string): Promise<string | null> {
  let cursor: string | null = "";
  while (cursor !== null) {
    const query: Filter & { cursor?: string } = { ...filter, ...(cursor ? { cursor } : {}) };
    const page: Schemas["WorklistResponse"] = await unwrap(
      api.GET("/v1/review/requests", { params: { query } }),
    );
    for (const row of candidates(page.cycles, not)) {
      try {
        await unwrap(
          api.POST("/v1/review/requests/{request_id}/assign", {
            params: { path: { request_id: row.request_id } },
          }),
        );
        return row.request_id;
      } catch (error) {
        // A colleague was faster: the next one.
        if (!(error instanceof ApiError && error.status === 409)) {
          throw error;
        }
      }
    }
    cursor = page.cursor;
  }
  return null;
}

/** A mutation whose data is the id of the assigned case, or null if none is left. */
export function useNextCase(filter: Filter = {}, not?: string) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () => assignNext(filter, not),
    onSuccess: (requestId) => {
      client.invalidateQueries({ queryKey: ["worklist"] });
      if (requestId !== null) {
        navigate(`/review/${requestId}`);
      }
    },
  });
}
