import { useState } from "react";
import { ApiError, api, onVersion, unwrap } from "../api/client";
import { formatMoment } from "../format/dates";
import { text } from "../text";
import { announce } from "../ui/announce";
import { Button } from "../ui/Button";
import { Changes, useSentHistory } from "../ui/Changes";
import { ErrorBanner, ErrorSummary } from "../ui/ErrorSummary";
import { byPointer, isOutdated } from "../ui/errors";
import { CheckboxField, FormErrors } from "../ui/fields";
import { named } from "../ui/named";
import { Banner, Card } from "../ui/parts";
import { useStored } from "../ui/stored";
import { useReplacement } from "../ui/Undo";
import { markUnfinished, useUnfinished } from "../ui/unfinished";
import { type DeciderProps, OverlapField, Unopened, unopenedOf, withNames } from "./confirmations";
import { DecidedLines } from "./DecidedLines";
import {
  approveAll,
  decisionBody,
  type Entries,
  entryOf,
  fromProposal,
  holdsMore,
  type LineEntry,
  linesToDecide,
} from "./decision";
import { LineForm } from "./LineForm";
import { nameIn } from "./names";
import { useNextCase } from "./nextCase";
import { Proposal } from "./Proposal";
import { useCaseCall } from "./useCaseCall";

const words = text.review;

export function DecisionPanel({ details, seen }: DeciderProps) {
  const canDecide = details.allowed_actions.includes("DECIDE");
  // Here and not in the form, which is closed when its decision is recorded.
  const next = useNextCase({}, [details.request_id]);
  return (
    <Card title={words.decide}>
      <ErrorBanner error={next.error} />
      {next.isSuccess && next.data === null && (
        <Banner live>
          <p>{words.noNext}</p>
        </Banner>
      )}
      {details.not_decidable_labels.length > 0 && (
        <Banner tone="warning" title={words.notYours}>
          <p>{details.not_decidable_labels.join(". ")}</p>
        </Banner>
      )}
      {details.proposal && <Proposal details={details} seen={seen} proposal={details.proposal} />}
      {canDecide ? (
        <DecisionForm key={details.cycle} details={details} seen={seen} next={next} />
      ) : (
        <>
          {details.allowed_actions.includes("RECORD_PEER_TO_PEER") ? (
            <p>{words.outcomeFirst}</p>
          ) : (
            details.allowed_actions.includes("ASSIGN") && <p>{words.takeFirst}</p>
          )}
          <DecidedLines details={details} />
        </>
      )}
    </Card>
  );
}

function DecisionForm({
  details,
  seen,
  next,
}: DeciderProps & { next: ReturnType<typeof useNextCase> }) {
  const key = `decision.${details.request_id}.${details.cycle}`;
  const [entries, setEntries, reset] = useStored<Entries>(key, {});
  const [beforeResponse, setBeforeResponse] = useState(false);
  const [overlap, setOverlap] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const lines = linesToDecide(details);
  const lineIds = lines.map((line) => line.line_id);
  const { sent, remember } = useSentHistory(details.history);
  const decide = useCaseCall(details, {
    onSend: remember,
    call: (_: { thenNext: boolean }) =>
      unwrap(
        api.POST("/v1/review/requests/{request_id}/decisions", {
          params: onVersion(details),
          body: decisionBody(details.cycle, lineIds, entries, beforeResponse, seen, overlap),
        }),
      ),
    onDone: (decided, { thenNext }) => {
      const proposed = decided.awaits_physician || decided.awaits_signature;
      announce(proposed ? words.proposed : words.decided);
      reset();
      // The form is gone at once, before it could do so.
      markUnfinished(key, false);
      if (thenNext) {
        next.mutate();
      }
    },
    onError: () => setAttempt((before) => before + 1),
  });
  const unopened = unopenedOf(details, seen);
  const errors = decide.error instanceof ApiError ? withNames(decide.error.errors, unopened) : [];
  const waiting = details.information_requests.some((one) => !one.closed_at);
  const returned = details.returned_proposal;
  const set = (lineId: string, change: Partial<LineEntry>) =>
    setEntries((before) => ({ ...before, [lineId]: { ...entryOf(before, lineId), ...change } }));
  const replacement = useReplacement(entries, setEntries);
  const replace = (after: Entries, notice: string) =>
    replacement.replace(after, notice, holdsMore(entries, after));
  useUnfinished(key, holdsMore(entries, {}));
  if (lines.length === 0) {
    return <p>{words.decidedElsewhere}</p>;
  }
  return (
    <FormErrors value={byPointer(errors)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!decide.busy) {
            decide.mutate({ thenNext: true });
          }
        }}
      >
        <p>{words.decideLead}</p>
        <Unopened names={unopened} />
        <ErrorSummary errors={named(errors, nameIn(lineIds))} attempt={attempt} />
        {errors.length === 0 && !isOutdated(decide.error) && <ErrorBanner error={decide.error} />}
        <Changes error={decide.error} sent={sent} history={details.history} />
        {returned && (
          <Banner tone="warning" title={words.returnedTitle}>
            <p className="small">
              {words.returnedBy(returned.returned_by_label, formatMoment(returned.returned_at))}
            </p>
            <p>{returned.comment}</p>
            <Button onClick={() => replace(fromProposal(returned.lines), words.replacedByReturned)}>
              {words.useReturned}
            </Button>
          </Banner>
        )}
        <Button onClick={() => replace(approveAll(lineIds), words.replacedByApprovals)}>
          {words.approveAll}
        </Button>
        {replacement.notice}
        {lines.map((line, index) => (
          <LineForm
            key={line.line_id}
            details={details}
            line={line}
            pointer={`/lines/${index}`}
            entry={entryOf(entries, line.line_id)}
            onChange={(change) => set(line.line_id, change)}
          />
        ))}
        {waiting && (
          <CheckboxField
            pointer="/before_response"
            label={words.beforeResponse}
            checked={beforeResponse}
            onChange={setBeforeResponse}
          />
        )}
        <OverlapField errors={errors} checked={overlap} onChange={setOverlap} />
        <div className="form-actions">
          <Button look="primary" type="submit" pending={decide.busy || next.isPending}>
            {words.submitAndNext}
          </Button>
          <Button pending={decide.busy} onClick={() => decide.mutate({ thenNext: false })}>
            {words.submitDecision}
          </Button>
        </div>
      </form>
    </FormErrors>
  );
}
