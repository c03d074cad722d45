import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api, type ErrorItem, onVersion, type Schemas, unwrap } from "../api/client";
import { useReference } from "../api/queries";
import { coded } from "../details/RequestContent";
import { formatDays, formatMoment } from "../format/dates";
import { lineViews } from "../provider/requests/details/lines";
import { text } from "../text";
import { announce } from "../ui/announce";
import { Button } from "../ui/Button";
import { Changes, useSentHistory } from "../ui/Changes";
import { ErrorBanner, ErrorSummary } from "../ui/ErrorSummary";
import { byPointer, isOutdated } from "../ui/errors";
import {
  CheckboxField,
  DateField,
  FormErrors,
  RadioField,
  SelectField,
  TextArea,
  TextField,
} from "../ui/fields";
import { named } from "../ui/named";
import { Banner, Card, Facts, Tag } from "../ui/parts";
import { useStored } from "../ui/stored";
import { TypeAhead } from "../ui/TypeAhead";
import { useReplacement } from "../ui/Undo";
import { markUnfinished, useUnfinished } from "../ui/unfinished";
import type { CaseDetails } from "./Case";
import {
  approveAll,
  type Decided,
  decisionBody,
  type Entries,
  entryOf,
  fromProposal,
  holdsMore,
  type LineEntry,
  linesToDecide,
  requestedOf,
} from "./decision";
import { nameIn } from "./names";
import { useNextCase } from "./nextCase";
import { useCaseCall } from "./useCaseCall";

const words = text.review;

const CHOICES: readonly { code: Decided; name: string }[] = [
  { code: "APPROVED", name: words.approve },
  { code: "MODIFIED", name: words.modify },
  { code: "DENIED", name: words.deny },
];

interface DeciderProps {
  details: CaseDetails;
  /** The new documents that the reviewer opened. */
  seen: readonly string[];
}

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

function DecidedLines({ details }: { details: CaseDetails }) {
  return (
    <ul className="plain">
      {details.lines.map((line) => (
        <li key={line.line_id}>
          <LineTitle line={line} />{" "}
          <Tag tone={line.status === "APPROVED" ? "good" : "off"}>{line.status_label}</Tag>
          {line.decisions.map((decision) => (
            <DecisionFacts key={decision.decided_at} decision={decision} />
          ))}
        </li>
      ))}
    </ul>
  );
}

function LineTitle({ line }: { line: Schemas["ServiceLineResponse"] }) {
  return (
    <strong>
      {line.line_id}{" "}
      {coded([line.code_type_label, line.code].filter(Boolean).join(" "), line.code_label)}
    </strong>
  );
}

function DecisionFacts({ decision }: { decision: Schemas["DecisionResponse"] }) {
  const { approved } = decision;
  return (
    <Facts
      items={[
        [words.status, decision.status_label],
        [words.reason, coded(decision.reason_code, decision.reason_code_label)],
        [words.rationale, decision.rationale],
        [words.criterion, decision.criterion],
        [
          words.units,
          approved?.units ? `${approved.units} ${approved.unit_type_label ?? ""}` : null,
        ],
        [words.dates, approved && formatDays(approved.from_date, approved.to_date)],
        [words.otherDiagnosis, coded(decision.diagnosis, decision.diagnosis_label)],
      ]}
    />
  );
}

/** File names of the new documents that the reviewer has not opened. */
function unopenedOf(details: CaseDetails, seen: readonly string[]): readonly string[] {
  const left = new Set(details.new_documents.filter((id) => !seen.includes(id)));
  return details.documents.filter((one) => left.has(one.document_id)).map((one) => one.file_name);
}

/** The API names documents by id; people know them by file name. */
function withNames(errors: readonly ErrorItem[], names: readonly string[]): readonly ErrorItem[] {
  return errors.map((error) =>
    error.code === "documents_unseen" && names.length > 0
      ? { ...error, message: words.unopened(names) }
      : error,
  );
}

function Unopened({ names }: { names: readonly string[] }) {
  return names.length === 0 ? null : (
    <Banner live tone="warning">
      <p>{words.unopened(names)}</p>
    </Banner>
  );
}

/** The confirmation of an approval that the API refused, as another request approves the same. */
function OverlapField({
  errors,
  ...field
}: {
  errors: readonly ErrorItem[];
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  const pointer = "/overlap_confirmed";
  const refused = errors.some((error) => error.pointer === pointer);
  return refused || field.checked ? (
    <CheckboxField pointer={pointer} label={words.overlapConfirmed} {...field} />
  ) : null;
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

export function LineForm({
  details,
  line,
  pointer,
  entry,
  onChange,
}: {
  details: CaseDetails;
  line: Schemas["ServiceLineResponse"];
  pointer: string;
  entry: LineEntry;
  onChange: (change: Partial<LineEntry>) => void;
}) {
  const { service, procedure } = requestedOf(details.content, line.line_id);
  const [view] = lineViews([line], details.content, details.content_labels);
  const adverse = entry.status === "MODIFIED" || entry.status === "DENIED";
  const earlier = line.decisions.at(-1);
  return (
    <section className="line-form">
      <h3>
        <LineTitle line={line} />
      </h3>
      <p className="small">
        {words.requestedAs}:{" "}
        {[
          view?.requested,
          // A line without a procedure is the stay itself.
          procedure && service?.requested_days ? `${words.days} ${service.requested_days}` : null,
          coded(line.submitted_diagnosis, line.submitted_diagnosis_label),
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
      {earlier && (
        <details>
          <summary>
            {words.earlier}: {earlier.status_label}, {formatMoment(earlier.decided_at)}
          </summary>
          <DecisionFacts decision={earlier} />
        </details>
      )}
      <RadioField
        pointer={`${pointer}/status`}
        label={words.status}
        choices={CHOICES}
        value={entry.status}
        onChange={(status) => onChange({ status: status as Decided })}
      />
      {entry.status === "MODIFIED" && (
        <ApprovedFields pointer={`${pointer}/approved`} entry={entry} onChange={onChange} />
      )}
      {adverse && <Reasons pointer={pointer} entry={entry} onChange={onChange} />}
      {entry.status !== "" && (
        <details>
          <summary>{words.otherDiagnosis}</summary>
          <TextField
            pointer={`${pointer}/diagnosis`}
            label={words.otherDiagnosis}
            optional
            value={entry.diagnosis}
            onChange={(diagnosis) => onChange({ diagnosis })}
          />
        </details>
      )}
    </section>
  );
}

function ApprovedFields({
  pointer,
  entry,
  onChange,
}: {
  pointer: string;
  entry: LineEntry;
  onChange: (change: Partial<LineEntry>) => void;
}) {
  const units = useReference().data?.get("unit_types") ?? [];
  return (
    <div className="form-grid">
      <TextField
        pointer={`${pointer}/units`}
        label={words.units}
        optional
        inputMode="numeric"
        value={entry.units}
        onChange={(value) => onChange({ units: value })}
      />
      <SelectField
        pointer={`${pointer}/unit_type`}
        label={words.unitType}
        optional
        value={entry.unitType}
        onChange={(unitType) => onChange({ unitType })}
        choices={units.map((one) => ({ code: one.code, name: one.label }))}
      />
      <DateField
        pointer={`${pointer}/from_date`}
        label={words.from}
        optional
        value={entry.from}
        onChange={(from) => onChange({ from })}
      />
      <DateField
        pointer={`${pointer}/to_date`}
        label={words.to}
        optional
        value={entry.to}
        onChange={(to) => onChange({ to })}
      />
      <TextField
        pointer={`${pointer}/code`}
        label={words.otherCode}
        optional
        value={entry.code}
        onChange={(code) => onChange({ code })}
      />
    </div>
  );
}

function Reasons({
  pointer,
  entry,
  onChange,
}: {
  pointer: string;
  entry: LineEntry;
  onChange: (change: Partial<LineEntry>) => void;
}) {
  const known = useReasons();
  const status = entry.status;
  const reasons = (known?.reasons ?? []).filter((one) =>
    one.statuses.some((fits) => fits === status),
  );
  const label = reasons.find((one) => one.code === entry.reasonCode);
  const [typed, setTyped] = useState(label ? `${label.code} ${label.label}` : entry.reasonCode);
  return (
    <>
      <TypeAhead
        pointer={`${pointer}/reason_code`}
        label={words.reason}
        hint={words.reasonSearch}
        value={typed}
        onChange={(value) => {
          setTyped(value);
          onChange({ reasonCode: codeIn(value, reasons) });
        }}
        minimum={0}
        queryKey={["reasons", status, reasons.length]}
        load={async (value) =>
          reasons.filter((one) =>
            `${one.code} ${one.label}`.toLowerCase().includes(value.toLowerCase()),
          )
        }
        suggest={(one) => ({ key: one.code, text: `${one.code} ${one.label}` })}
        onSelect={(one) => {
          setTyped(`${one.code} ${one.label}`);
          onChange({ reasonCode: one.code });
        }}
        empty={words.noReason}
      />
      {label && label.rationale_templates.length > 0 && (
        <div className="form-actions">
          {label.rationale_templates.map((template) => (
            <Button
              key={template.name}
              look="quiet"
              onClick={() =>
                onChange({
                  rationale: [entry.rationale.trim(), template.text].filter(Boolean).join(" "),
                })
              }
            >
              {words.template}: {template.name}
            </Button>
          ))}
        </div>
      )}
      <TextArea
        pointer={`${pointer}/rationale`}
        label={words.rationale}
        hint={words.rationaleHint}
        maxLength={2000}
        value={entry.rationale}
        onChange={(rationale) => onChange({ rationale })}
      />
      <TypeAhead
        pointer={`${pointer}/criterion`}
        label={words.criterion}
        hint={words.criterionHint}
        value={entry.criterion}
        onChange={(criterion) => onChange({ criterion })}
        minimum={0}
        queryKey={["criteria", known?.criteria.length ?? 0]}
        load={async (value) =>
          (known?.criteria ?? []).filter((one) => one.toLowerCase().includes(value.toLowerCase()))
        }
        suggest={(one) => ({ key: one, text: one })}
        onSelect={(criterion) => onChange({ criterion })}
        empty={words.otherCriterion}
      />
    </>
  );
}

/** The payer's reasons with templates of their rationale, and the criteria that are often cited. */
export function useReasons(): Schemas["DecisionReasonsResponse"] | undefined {
  return useQuery({
    queryKey: ["reference", "reasons"],
    queryFn: () => unwrap(api.GET("/v1/review/reasons")),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}

/** The code that a typed text names: the code itself, or a code with its label; else the text. */
function codeIn(value: string, reasons: readonly Schemas["DecisionReasonResponse"][]): string {
  const typed = value.trim();
  const found = reasons.find(
    (one) => one.code.toLowerCase() === typed.toLowerCase() || `${one.code} ${one.label}` === typed,
  );
  return found?.code ?? typed;
}

function Proposal({
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
