import { api, type Schemas, unwrap } from "../../../api/client";
import { text } from "../../../text";
import { ActionDialog } from "../../../ui/ActionDialog";
import { TextArea } from "../../../ui/fields";
import { useStored } from "../../../ui/stored";
import { labelOf } from "./actions";
import { announced, changedBy } from "./changed";

const words = text.provider.void;

export function VoidDialog({
  details,
  onClose,
}: {
  details: Schemas["RequestDetails"];
  onClose: () => void;
}) {
  const id = details.request_id;
  const [reason, setReason, clear] = useStored(`void-${id}`, "");
  return (
    <ActionDialog
      wide
      title={words.title}
      action={labelOf(details, "VOID") ?? words.title}
      look="danger"
      names={(pointer) => (pointer === "/reason" ? words.reason : undefined)}
      record={["request", id]}
      refresh={changedBy(id)}
      done={announced}
      onClose={onClose}
      send={async () => {
        const changed = await unwrap(
          api.POST("/v1/requests/{request_id}/void", {
            params: { path: { request_id: id } },
            body: { reason },
          }),
        );
        clear();
        return changed;
      }}
    >
      <p>{words.explain}</p>
      <TextArea
        pointer="/reason"
        label={words.reason}
        hint={words.hint}
        value={reason}
        onChange={setReason}
      />
    </ActionDialog>
  );
}
