import { useState } from "react";
import { ApiError, api, onVersion, type Schemas, unwrap } from "../api/client";
import { formatMoment } from "../format/dates";
import { text } from "../text";
import { announce } from "../ui/announce";
import { Button } from "../ui/Button";
import { Changes, useSentHistory } from "../ui/Changes";
import { ErrorBanner, ErrorSummary } from "../ui/ErrorSummary";
import { byPointer, isOutdated } from "../ui/errors";
import { CheckboxField, FormErrors, TextArea } from "../ui/fields";
import { named } from "../ui/named";
import { Banner } from "../ui/parts";
import { useStored } from "../ui/stored";
import { type DeciderProps, OverlapField, Unopened, unopenedOf, withNames } from "./confirmations";
import { DecisionFacts, LineTitle } from "./DecidedLines";
import { nameIn } from "./names";
import { useCaseCall } from "./useCaseCall";

const words = text.review;

/** A decision that awaits a second signature or a physician, with the form to sign or return it. */
export function Proposal({
  details,
  seen,
  proposal,
}: DeciderProps & { proposal: Schemas["ProposalResponse"] }) {
  const [comment, setComment] = useStored(`sign.${details.request_id}`, "");
  const [beforeResponse, setBeforeResponse] = useState(false);
  const [overlap, setOverlap] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const { sent, remember } = useSentHistory(details.history);
  const sign = useCaseCall(details, {
    onSend: remember,
    call: (accept: boolean) =>
      unwrap(
        api.POST("/v1/review/requests/{request_id}/signature", {
          params: onVersion(details),
          body: {
            accept,
            before_response: beforeResponse,
            overlap_confirmed: overlap,
            seen_documents: [...seen],
            cycle: details.cycle,
            proposed_at: proposal.proposed_at,
            comment: comment.trim() === "" ? null : comment,
          },
        }),
      ),
    onDone: (_, accept) => {
      announce(accept ? words.signed : words.returnedDone);
      setComment("");
    },
    onError: () => setAttempt((before) => before + 1),
  });
  const unopened = unopenedOf(details, seen);
  const errors = sign.error instanceof ApiError ? withNames(sign.error.errors, unopened) : [];
  const canSign = details.allowed_actions.includes("SIGN");
  const canReturn = details.allowed_actions.includes("RETURN_PROPOSAL");
  const waiting = details.information_requests.some((one) => !one.closed_at);
  return (
    <FormErrors value={byPointer(errors)}>
      <Banner title={words.proposal}>
        <p className="small">
          {words.proposedAt} {formatMoment(proposal.proposed_at)}, {proposal.proposed_by_label}
          {proposal.awaits_physician && ` · ${words.awaitsPhysician}`}
        </p>
        <ul className="plain">
          {proposal.lines.map(({ line_id, decision }) => {
            const line = details.lines.find((one) => one.line_id === line_id);
            return (
              <li key={line_id}>
                {line ? <LineTitle line={line} /> : <strong>{line_id}</strong>}
                <DecisionFacts decision={decision} />
              </li>
            );
          })}
        </ul>
        <ErrorSummary errors={named(errors, nameIn([]))} attempt={attempt} />
        {errors.length === 0 && !isOutdated(sign.error) && <ErrorBanner error={sign.error} />}
        <Changes error={sign.error} sent={sent} history={details.history} />
        {canSign && <Unopened names={unopened} />}
        {canReturn && (
          <TextArea
            pointer="/comment"
            label={words.comment}
            hint={words.commentHint}
            optional
            rows={2}
            value={comment}
            onChange={setComment}
          />
        )}
        {canSign && waiting && (
          <CheckboxField
            pointer="/before_response"
            label={words.beforeResponse}
            checked={beforeResponse}
            onChange={setBeforeResponse}
          />
        )}
        <OverlapField errors={errors} checked={overlap} onChange={setOverlap} />
        <div className="form-actions">
          {canSign && (
            <Button look="primary" pending={sign.busy} onClick={() => sign.mutate(true)}>
              {words.sign}
            </Button>
          )}
          {canReturn && (
            <Button pending={sign.busy} onClick={() => sign.mutate(false)}>
              {words.return}
            </Button>
          )}
        </div>
      </Banner>
    </FormErrors>
  );
}
