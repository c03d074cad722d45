import { useState } from "react";
import { api, type Schemas, unwrap } from "../../../api/client";
import { text } from "../../../text";
import { ActionDialog } from "../../../ui/ActionDialog";
import { isConflict } from "../../../ui/errors";
import { TextArea } from "../../../ui/fields";
import { DueTime } from "../../../ui/parts";
import { useStored } from "../../../ui/stored";
import { openInformationRequest } from "./actions";
import { announced, changedBy } from "./changed";
import { InformationText } from "./Information";

const words = text.provider.information;

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
  const requestAfter = (refusal: unknown) => (isConflict(refusal) ? (current ?? read) : read);
  const [answer, setAnswer, clear] = useStored(`answer-${id}`, "");
  return (
    <ActionDialog
      wide
      title={words.answer}
      action={words.send}
      names={(pointer) => (pointer === "/answer" ? words.answerLabel : undefined)}
      record={["request", id]}
      refresh={changedBy(id)}
      done={announced}
      onClose={onClose}
      send={async (refusal) => {
        const changed = await unwrap(
          api.POST("/v1/requests/{request_id}/information", {
            params: { path: { request_id: id } },
            body: { answer, requested_at: requestAfter(refusal)?.requested_at ?? "" },
          }),
        );
        clear();
        return changed;
      }}
    >
      {(refusal) => {
        const rfi = requestAfter(refusal);
        return (
          <>
            {isConflict(refusal) && <p>{text.provider.dispute.changed}</p>}
            {rfi && <InformationText rfi={rfi} />}
            {rfi && (
              <p>
                {words.until} <DueTime at={rfi.answer_by} />
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
          </>
        );
      }}
    </ActionDialog>
  );
}
