import { api, type Schemas, unwrap } from "../../../api/client";
import { text } from "../../../text";
import { TextArea } from "../../../ui/fields";
import { useStored } from "../../../ui/stored";
import { labelOf } from "./actions";
import { FormDialog } from "./FormDialog";
import { useChange } from "./useChange";

const words = text.office.void;

export function VoidDialog({
  details,
  onClose,
}: {
  details: Schemas["RequestDetails"];
  onClose: () => void;
}) {
  const id = details.request_id;
  const [reason, setReason, clear] = useStored(`void-${id}`, "");
  const change = useChange(
    id,
    () =>
      unwrap(
        api.POST("/v1/requests/{request_id}/void", {
          params: { path: { request_id: id } },
          body: { reason },
        }),
      ),
    () => {
      clear();
      onClose();
    },
  );
  return (
    <FormDialog
      title={words.title}
      confirm={labelOf(details, "VOID") ?? words.title}
      look="danger"
      mutation={change}
      names={{ "/reason": words.reason }}
      onSubmit={() => change.mutate(undefined)}
      onClose={onClose}
    >
      <p>{words.explain}</p>
      <TextArea
        pointer="/reason"
        label={words.reason}
        hint={words.hint}
        value={reason}
        onChange={setReason}
      />
    </FormDialog>
  );
}
