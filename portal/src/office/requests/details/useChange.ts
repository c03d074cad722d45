import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Schemas } from "../../../api/client";
import { text } from "../../../text";
import { announce } from "../../../ui/announce";

/**
 * A change of a request. Afterwards the request is read again, also where no answer came: what the page then
 * shows, and still offers, is what the API has.
 */
export function useChange<Body>(
  requestId: string,
  call: (body: Body) => Promise<Schemas["ChangedRequest"]>,
  onDone: () => void,
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: call,
    onSuccess: (changed) => {
      announce(text.office.changes.status(changed.status_label));
      onDone();
    },
    onSettled: () =>
      Promise.all(
        [["request", requestId], ["requests"], ["messages"]].map((queryKey) =>
          client.invalidateQueries({ queryKey }),
        ),
      ),
  });
}
