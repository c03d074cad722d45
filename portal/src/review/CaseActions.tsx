import { useState } from "react";
import { api, onVersion, type Schemas, unwrap } from "../api/client";
import { useReference } from "../api/queries";
import { text } from "../text";
import { ActionDialog } from "../ui/ActionDialog";
import { Button } from "../ui/Button";
import { ErrorBanner } from "../ui/ErrorSummary";
import { CheckboxField, SelectField, TextArea, TextField } from "../ui/fields";
import { Loading } from "../ui/Loading";
import { Banner, Damaged, DueTime, Phone } from "../ui/parts";
import { useStored } from "../ui/stored";
import { useReplacement } from "../ui/Undo";
import type { CaseDetails } from "./Case";
import {
  approveAll,
  decisionBody,
  type Entries,
  entryOf,
  holdsMore,
  type LineEntry,
  linesToDecide,
} from "./decision";
import { LineForm, useReasons } from "./LineForm";
import { nameIn } from "./names";
import { useReviewers } from "./reviewers";
import { caseKey, changedBy } from "./useCaseCall";

const words = text.review;

type Opened = "information" | "extension" | "offer" | "outcome" | "note" | "reassign" | null;

/** What a reviewer can do with a case besides deciding it, by `allowed_actions`. */
export function CaseActions({ details, seen }: { details: CaseDetails; seen: readonly string[] }) {
  const [opened, setOpened] = useState<Opened>(null);
  const allowed = new Set(details.allowed_actions);
  const peer = details.peer_to_peer;
  const close = () => setOpened(null);
  const show = (name: Opened, label: string, when: boolean) =>
    when && (
      <Button key={label} onClick={() => setOpened(name)}>
        {label}
      </Button>
    );
  return (
    <>
      {peer && peer.outcome === null && (
        <Banner>
          <p>
            {words.peerTitle}: {words.peerCall} <Phone number={peer.phone} /> {words.peerUntil}{" "}
            <DueTime at={peer.respond_by} />
          </p>
        </Banner>
      )}
      <div className="form-actions case-actions">
        {show("information", words.requestInformation, allowed.has("REQUEST_INFORMATION"))}
        {show("extension", words.extend, allowed.has("EXTEND"))}
        {show("offer", words.peerOffer, allowed.has("OFFER_PEER_TO_PEER"))}
        {show("outcome", words.peerOutcome, allowed.has("RECORD_PEER_TO_PEER"))}
        {show("note", words.addNote, allowed.has("ADD_NOTE"))}
        {show("reassign", words.reassign, allowed.has("REASSIGN"))}
      </div>
      {opened === "information" && <AskDialog details={details} seen={seen} onClose={close} />}
      {opened === "extension" && <ExtendDialog details={details} onClose={close} />}
      {opened === "offer" && <OfferDialog details={details} onClose={close} />}
      {opened === "outcome" && <OutcomePart details={details} seen={seen} onClose={close} />}
      {opened === "note" && <NoteDialog details={details} onClose={close} />}
      {opened === "reassign" && <ReassignDialog details={details} onClose={close} />}
    </>
  );
}

/** What the dialogs of a case have in common. */
function ofCase({ request_id, history }: CaseDetails) {
  return { record: caseKey(request_id), refresh: changedBy(request_id), history };
}

interface DialogProps {
  details: CaseDetails;
  onClose: () => void;
}

interface SeenProps extends DialogProps {
  /** The new documents that the reviewer opened. */
  seen: readonly string[];
}

/** What is missing of the required documentation is selected from the start. */
function AskDialog({ details, seen, onClose }: SeenProps) {
  const suggested = details.suggested_information_request;
  const key = `information.${details.request_id}.${details.cycle}`;
  const [entry, setEntry, reset] = useStored(key, {
    text: suggested?.text ?? "",
    documents: suggested?.documents ?? [],
  });
  const all = useReasons()?.required_documentation ?? [];
  const required = new Set(details.documentation.map((one) => one.code));
  const [more, setMore] = useState(false);
  const shown = more ? all : all.filter((one) => required.has(one.code));
  const toggle = (code: string, on: boolean) =>
    setEntry((before) => ({
      ...before,
      documents: on ? [...before.documents, code] : before.documents.filter((one) => one !== code),
    }));
  return (
    <ActionDialog
      title={words.askTitle}
      {...ofCase(details)}
      onClose={onClose}
      names={nameIn([])}
      action={words.requestInformation}
      done={words.informationRequested}
      send={async () => {
        const changed = await unwrap(
          api.POST("/v1/review/requests/{request_id}/information", {
            params: onVersion(details),
            body: {
              documents: entry.documents,
              text: entry.text.trim() || null,
              seen_documents: [...seen],
            },
          }),
        );
        reset();
        return changed;
      }}
    >
      <fieldset className="field choices">
        <legend className="field-label">{words.askDocuments}</legend>
        {shown.map((one, index) => (
          <CheckboxField
            key={one.code}
            pointer={`/documents/${index}`}
            label={one.label}
            checked={entry.documents.includes(one.code)}
            onChange={(on) => toggle(one.code, on)}
          />
        ))}
        {!more && all.length > shown.length && (
          <Button look="quiet" onClick={() => setMore(true)}>
            {words.askMore}
          </Button>
        )}
      </fieldset>
      <TextArea
        pointer="/text"
        label={words.askText}
        optional={entry.documents.length > 0}
        value={entry.text}
        maxLength={2000}
        onChange={(value) => setEntry((before) => ({ ...before, text: value }))}
      />
    </ActionDialog>
  );
}

function ExtendDialog({ details, onClose }: DialogProps) {
  const key = `extension.${details.request_id}.${details.cycle}`;
  const [entry, setEntry, reset] = useStored(key, { days: "", reason: "", by: "" });
  const clock = details.decision_clock;
  const by = (clock?.extension_requested_by ?? []).map((code, index) => ({
    code,
    name: clock?.extension_requested_by_labels[index] ?? code,
  }));
  const chosen = entry.by || by[0]?.code || "PAYER";
  return (
    <ActionDialog
      title={words.extendTitle}
      {...ofCase(details)}
      onClose={onClose}
      names={nameIn([])}
      action={words.extend}
      done={words.extended}
      send={async () => {
        const changed = await unwrap(
          api.POST("/v1/review/requests/{request_id}/extension", {
            params: onVersion(details),
            body: {
              days: entry.days.trim() === "" ? null : Number(entry.days),
              reason: entry.reason,
              requested_by: chosen as Schemas["ExtensionRequester"],
              seen_documents: [],
            },
          }),
        );
        reset();
        return changed;
      }}
    >
      <TextField
        pointer="/days"
        label={words.extendDays}
        optional
        hint={clock?.extension_days ? words.extendDaysHint(clock.extension_days) : undefined}
        inputMode="numeric"
        value={entry.days}
        onChange={(days) => setEntry((before) => ({ ...before, days }))}
      />
      {by.length > 1 && (
        <SelectField
          pointer="/requested_by"
          label={words.extendBy}
          choices={by}
          value={chosen}
          onChange={(value) => setEntry((before) => ({ ...before, by: value }))}
        />
      )}
      <TextArea
        pointer="/reason"
        label={words.extendReason}
        hint={words.extendReasonHint}
        value={entry.reason}
        maxLength={500}
        onChange={(reason) => setEntry((before) => ({ ...before, reason }))}
      />
    </ActionDialog>
  );
}

function OfferDialog({ details, onClose }: DialogProps) {
  return (
    <ActionDialog
      title={words.peerTitle}
      {...ofCase(details)}
      onClose={onClose}
      action={words.peerOffer}
      done={words.peerOffered}
      send={() =>
        unwrap(
          api.POST("/v1/review/requests/{request_id}/peer-to-peer", {
            params: onVersion(details),
          }),
        )
      }
    >
      <p>{words.peerOfferText}</p>
    </ActionDialog>
  );
}

/** The discussion that providers filed after the determination and that is still open. */
function filedDiscussion(details: CaseDetails): Schemas["DiscussionResponse"] | undefined {
  return details.peer_to_peer_discussions.find((one) => one.closed_at === null);
}

interface OutcomeEntry {
  outcome: string;
  lines: Entries;
}

/** The outcome of a discussion, beside the documents. One that overturns has the new decision of each line. */
function OutcomePart({ details, seen, onClose }: SeenProps) {
  const outcomes = useReference().data?.get("discussion_outcomes") ?? [];
  const key = `outcome.${details.request_id}.${details.cycle}`;
  const [entry, setEntry, reset] = useStored<OutcomeEntry>(key, NO_OUTCOME);
  const [overlap, setOverlap] = useState(false);
  const filed = filedDiscussion(details);
  const lines = linesToDecide(details);
  const lineIds = lines.map((line) => line.line_id);
  const replacement = useReplacement(entry.lines, (after) =>
    setEntry((before) => ({ ...before, lines: after })),
  );
  // Before the determination the case itself is decided, with the form below.
  const decides = filed !== undefined && entry.outcome === "OVERTURNED";
  const set = (lineId: string, change: Partial<LineEntry>) =>
    setEntry((before) => ({
      ...before,
      lines: { ...before.lines, [lineId]: { ...entryOf(before.lines, lineId), ...change } },
    }));
  return (
    <ActionDialog
      inline
      title={words.peerOutcome}
      {...ofCase(details)}
      names={nameIn(lineIds)}
      onClose={onClose}
      action={text.common.save}
      done={words.peerRecorded}
      send={async () => {
        const changed = await unwrap(
          api.POST("/v1/review/requests/{request_id}/peer-to-peer/outcome", {
            params: onVersion(details),
            body: {
              cycle: details.cycle,
              seen_documents: [...seen],
              overlap_confirmed: decides && overlap,
              lines: decides ? decisionBody(details.cycle, lineIds, entry.lines, false).lines : [],
              // Without a choice the API returns what is missing.
              outcome: (entry.outcome || null) as Schemas["DiscussionOutcome"],
            },
          }),
        );
        reset();
        return changed;
      }}
    >
      {filed && <p>{words.peerOutcomeHint(filed.reason)}</p>}
      <SelectField
        pointer="/outcome"
        label={words.peerOutcomeField}
        choices={outcomes.map((one) => ({ code: one.code, name: one.label }))}
        value={entry.outcome}
        onChange={(outcome) => setEntry((before) => ({ ...before, outcome }))}
      />
      {decides && (
        <>
          <p>{words.peerOverturned}</p>
          <Button
            onClick={() => {
              const after = approveAll(lineIds);
              replacement.replace(after, words.replacedByApprovals, holdsMore(entry.lines, after));
            }}
          >
            {words.approveAll}
          </Button>
          {replacement.notice}
          {lines.map((line, index) => (
            <LineForm
              key={line.line_id}
              details={details}
              line={line}
              pointer={`/lines/${index}`}
              entry={entryOf(entry.lines, line.line_id)}
              onChange={(change) => set(line.line_id, change)}
            />
          ))}
          <CheckboxField
            pointer="/overlap_confirmed"
            label={words.overlapConfirmed}
            checked={overlap}
            onChange={setOverlap}
          />
        </>
      )}
    </ActionDialog>
  );
}

const NO_OUTCOME: OutcomeEntry = { outcome: "", lines: {} };

function NoteDialog({ details, onClose }: DialogProps) {
  const [note, setNote, reset] = useStored(`note.${details.request_id}`, "");
  return (
    <ActionDialog
      title={words.addNote}
      {...ofCase(details)}
      onClose={onClose}
      action={text.common.save}
      done={words.noteAdded}
      names={(pointer) => (pointer === "/text" ? words.noteText : undefined)}
      send={async () => {
        const changed = await unwrap(
          api.POST("/v1/review/requests/{request_id}/notes", {
            params: onVersion(details),
            body: { text: note, seen_documents: [] },
          }),
        );
        reset();
        return changed;
      }}
    >
      <TextArea pointer="/text" label={words.noteText} value={note} onChange={setNote} />
    </ActionDialog>
  );
}

function ReassignDialog({ details, onClose }: DialogProps) {
  // To save it as it is changes nothing.
  const [reviewer, setReviewer] = useState(details.assignment?.reviewer ?? "");
  const { data: listed, isPending, error, refetch } = useReviewers();
  const choices = (listed?.reviewers ?? [])
    .filter((one) => one.plan_ids.includes(details.plan.plan_id))
    .map((one) => ({ code: one.reviewer, name: one.reviewer_label ?? one.reviewer }));
  return (
    <ActionDialog
      title={words.reassignTitle}
      {...ofCase(details)}
      onClose={onClose}
      action={text.common.save}
      done={words.reassigned}
      names={nameIn([])}
      send={() =>
        unwrap(
          api.POST("/v1/review/requests/{request_id}/assignment", {
            params: onVersion(details),
            body: { reviewer: reviewer.trim() || null },
          }),
        )
      }
    >
      <Damaged entries={listed?.damaged ?? []} />
      <ErrorBanner error={error} onRetry={refetch} />
      {isPending ? (
        <Loading shape="lines" />
      ) : choices.length > 0 ? (
        <SelectField
          pointer="/reviewer"
          label={words.reassignTo}
          hint={words.reassignHint}
          optional
          choices={choices}
          value={reviewer}
          onChange={setReviewer}
        />
      ) : (
        <TextField
          pointer="/reviewer"
          label={words.reassignField}
          hint={words.reassignHint}
          optional
          value={reviewer}
          onChange={setReviewer}
        />
      )}
    </ActionDialog>
  );
}
