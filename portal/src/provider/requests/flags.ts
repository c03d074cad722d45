/** Flags of requests: set and removed at once on the page, and corrected if the API refuses. */
import { type InfiniteData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type Schemas, unwrap } from "../../api/client";
import type { livePolling } from "../../api/queries";
import { useTinQuery } from "../../shell/tin";
import { text } from "../../text";
import { announce } from "../../ui/announce";
import { withFlag } from "./rows";

/** What the lists of requests hold: one page, or pages. */
type Page = { requests: Schemas["DashboardRowResponse"][] };
type Rows = InfiniteData<Page> | Page;

interface FlagChange {
  id: string;
  flagged: boolean;
}

/** The flagged requests of the TIN, at most 15. */
export function useFlagged(refetchInterval?: ReturnType<typeof livePolling>) {
  const tin = useTinQuery();
  return useQuery({
    queryKey: ["requests", "flagged", tin],
    queryFn: () => unwrap(api.GET("/v1/requests/flagged", { params: { query: tin } })),
    ...(refetchInterval && { refetchInterval }),
  });
}

export function useFlag() {
  const tin = useTinQuery();
  const client = useQueryClient();
  const show = ({ id, flagged }: FlagChange) => {
    const at = flagged ? new Date().toISOString() : null;
    client.setQueriesData<Rows>({ queryKey: ["requests"] }, (data): Rows | undefined => {
      if (data === undefined) {
        return data;
      }
      return "pages" in data
        ? { ...data, pages: data.pages.map((page) => withFlag(page, id, at)) }
        : withFlag(data, id, at);
    });
  };
  // A list that was read before the change can arrive after it.
  const apply = async (change: FlagChange) => {
    await client.cancelQueries({ queryKey: ["requests"] });
    show(change);
  };
  return useMutation({
    mutationFn: ({ id, flagged }: FlagChange) => {
      const call = { params: { path: { request_id: id }, query: tin } };
      return flagged
        ? unwrap(api.PUT("/v1/requests/{request_id}/flag", call))
        : unwrap(api.DELETE("/v1/requests/{request_id}/flag", call));
    },
    onMutate: apply,
    onSuccess: async (_, change) => {
      await apply(change);
      const { flagged } = change;
      announce(flagged ? text.provider.flag.added : text.provider.flag.removed);
    },
    onError: (_, { id, flagged }) => show({ id, flagged: !flagged }),
    // After a lost answer, what is shown comes from the API again.
    onSettled: (_, error) =>
      client.invalidateQueries({ queryKey: error ? ["requests"] : ["requests", "flagged"] }),
  });
}
