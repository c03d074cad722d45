/** Marking messages as read, for all users of the TIN. */
import { type InfiniteData, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "../../api/client";
import { useTinQuery } from "../../shell/tin";
import { text } from "../../text";
import { announce } from "../../ui/announce";
import { type Inbox, withRead } from "./inbox";

/** Shown as read at once; what the API has is read again afterwards, also after a lost answer. */
export function useMarkRead() {
  const tin = useTinQuery();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (message_id: string) =>
      unwrap(
        api.PUT("/v1/messages/{message_id}/read", {
          params: { path: { message_id }, query: tin },
        }),
      ),
    onMutate: (id) => {
      const at = new Date().toISOString();
      client.setQueryData<InfiniteData<Inbox>>(
        ["messages", "list", tin],
        (data) => data && { ...data, pages: data.pages.map((page) => withRead(page, id, at)) },
      );
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["messages"] }),
  });
}

const MARK_CALLS = 50;

/** The API marks up to a thousand in a call: repeated until none is left, or none is marked any more. */
export function useMarkAllRead() {
  const tin = useTinQuery();
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      let left = Number.POSITIVE_INFINITY;
      for (let calls = 0; calls < MARK_CALLS && left > 0; calls += 1) {
        const { unread } = await unwrap(api.PUT("/v1/messages/read", { params: { query: tin } }));
        if (unread >= left) {
          break;
        }
        left = unread;
      }
    },
    onSuccess: () => announce(text.provider.messages.allRead),
    onSettled: () => client.invalidateQueries({ queryKey: ["messages"] }),
  });
}
