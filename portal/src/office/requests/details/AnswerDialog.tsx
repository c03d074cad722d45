import { useState } from "react";
import { ApiError, api, type Schemas, unwrap } from "../../../api/client";
import { text } from "../../../text";
import { TextArea } from "../../../ui/fields";
import { DueTime } from "../../../ui/parts";
import { useStored } from "../../../ui/stored";
import { openInformationRequest } from "./actions";
import { FormDialog } from "./FormDialog";
import { InformationText } from "./Information";
import { useChange } from "./useChange";

const words = text.office.information;

/** The answer in words to the open request for information; documents are added on the page. */
export function AnswerDialog({
  details,
  onClose,
}: {
  details: Schemas["RequestDetails"];
  onClose: () => void;
}) {
  const id = details.request_id;
  // The one that was read: another one that is sent meanwhile is not answered by this text, until it was
  // shown after the API refused the answer.
  const current = openInformationRequest(details);
  const [read] = useState(current);
  const [answer, setAnswer, clear] = useStored(`answer-${id}`, "");
  const change = useChange(
    id,
    (requestedAt: string) =>
      unwrap(
        api.POST("/v1/requests/{request_id}/information", {
          params: { path: { request_id: id } },
          body: { answer, requested_at: requestedAt },
        }),
      ),
    () => {
      clear();
      onClose();
    },
  );
  const refused = change.error instanceof ApiError && change.error.status === 409;
  const asked = refused ? (current ?? read) : read;
  return (
    <FormDialog
      title={words.answer}
      confirm={words.send}
      mutation={change}
      names={{ "/answer": words.answerLabel }}
      onSubmit={() => change.mutate(asked?.requested_at ?? "")}
      onClose={onClose}
    >
      {refused && <p>{text.office.dispute.changed}</p>}
      {asked && <InformationText asked={asked} />}
      {asked && (
        <p>
          {words.until} <DueTime at={asked.answer_by} />
        </p>
      )}
      <TextArea
        pointer="/answer"
        label={words.answerLabel}
        hint={words.answerHint}
        rows={6}
        value={answer}
        onChange={setAnswer}
      />
    </FormDialog>
  );
}
