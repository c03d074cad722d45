import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, answer, api } from "../../api/client";
import { text } from "../../text";
import { announce } from "../../ui/announce";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorBanner } from "../../ui/ErrorSummary";

const words = text.provider.deleteDraft;

/** Requests a confirmation before a draft is deleted; a draft that is deleted already, or expired, counts as deleted. */
export function DeleteDraft({
  draftId,
  name,
  onClose,
  onDeleted,
}: {
  /** Open while it is not null. */
  draftId: string | null;
  name: string;
  onClose: () => void;
  onDeleted?: () => void;
}) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: async (id: string) => {
      const path = { draft_id: id };
      try {
        const { etag } = await answer(api.GET("/v1/drafts/{draft_id}", { params: { path } }));
        const header = { "If-Match": etag ?? "" };
        await answer(api.DELETE("/v1/drafts/{draft_id}", { params: { path, header } }));
      } catch (error) {
        if (!(error instanceof ApiError && (error.status === 404 || error.status === 410))) {
          throw error;
        }
      }
    },
    onSuccess: () => {
      announce(words.deleted);
      onClose();
      onDeleted?.();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["requests"] }),
  });
  return (
    <Dialog
      title={words.title}
      open={draftId !== null}
      onClose={() => {
        remove.reset();
        onClose();
      }}
      actions={
        <>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button
            look="danger"
            pending={remove.isPending}
            onClick={() => draftId !== null && remove.mutate(draftId)}
          >
            {words.confirm}
          </Button>
        </>
      }
    >
      <ErrorBanner error={remove.error} />
      <p>{words.explain(name)}</p>
    </Dialog>
  );
}
