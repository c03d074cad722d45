/** What an operator can do with a request: confirm its intake, change its dates, match its providers. */
import { useState } from "react";
import { api, onVersion, type Schemas, unwrap } from "../api/client";
import { coded } from "../details/RequestContent";
import { text } from "../text";
import { ActionDialog } from "../ui/ActionDialog";
import { Button } from "../ui/Button";
import { DateField, GroupErrors, TextArea } from "../ui/fields";
import { Banner } from "../ui/parts";
import { useStored } from "../ui/stored";
import { changedDates, type DateEntries } from "./dates";
import { MatchDialog } from "./MatchDialog";
import { type Details, recordOf } from "./record";

const words = text.operations;

type Opened = "confirm" | "dates" | Schemas["TemporaryProviderResponse"] | null;

export function RequestActions({ details }: { details: Details }) {
  const [opened, setOpened] = useState<Opened>(null);
  const allowed = new Set(details.allowed_actions);
  const close = () => setOpened(null);
  const open = details.temporary_providers.filter((one) => one.reconciled_at === null);
  return (
    <>
      {details.intake_exceptions_labels.length > 0 && (
        <Banner tone="warning" title={words.exceptionsTitle}>
          <p>{details.intake_exceptions_labels.join(". ")}</p>
          {details.intake_note && <p>{details.intake_note}</p>}
        </Banner>
      )}
      <div className="case-actions">
        {allowed.has("CONFIRM_INTAKE") && (
          <Button look="primary" onClick={() => setOpened("confirm")}>
            {words.confirm}
          </Button>
        )}
        {allowed.has("CHANGE_DATES") && (
          <Button onClick={() => setOpened("dates")}>{words.dates}</Button>
        )}
        {allowed.has("RECONCILE_PROVIDER") &&
          open.map((one) => (
            <Button key={one.role} onClick={() => setOpened(one)}>
              {words.match}: {one.role_label}
            </Button>
          ))}
      </div>
      {opened === "confirm" && <ConfirmDialog details={details} onClose={close} />}
      {opened === "dates" && <DatesDialog details={details} onClose={close} />}
      {opened !== null && typeof opened === "object" && (
        <MatchDialog
          row={{
            request_id: details.request_id,
            version: details.version,
            role: opened.role,
            // Until it is matched, the provider is in the content as it was submitted.
            submitted: opened.submitted ?? submittedAs(details.content, opened.role),
          }}
          history={details.history}
          onClose={close}
        />
      )}
    </>
  );
}

function submittedAs(
  content: Schemas["RequestContent"],
  role: Schemas["ProviderRole"],
): Schemas["Provider"] | null {
  const provider =
    role === "REQUESTING_PROVIDER" ? content.requesting_provider : content.servicing_provider;
  return provider ?? null;
}

interface DialogProps {
  details: Details;
  onClose: () => void;
}

function ConfirmDialog({ details, onClose }: DialogProps) {
  const [note, setNote, reset] = useStored(`confirm.${details.request_id}`, "");
  return (
    <ActionDialog
      title={words.confirmTitle}
      action={words.confirm}
      done={words.confirmed}
      names={(pointer) => (pointer === "/note" ? words.confirmNote : undefined)}
      record={recordOf(details.request_id)}
      refresh={[["operations"]]}
      history={details.history}
      onClose={onClose}
      send={async () => {
        const changed = await unwrap(
          api.POST("/v1/operations/requests/{request_id}/intake-confirmation", {
            params: onVersion(details),
            body: { note },
          }),
        );
        reset();
        return changed;
      }}
    >
      <p>{details.intake_exceptions_labels.join(". ")}</p>
      <TextArea
        pointer="/note"
        label={words.confirmNote}
        hint={words.confirmHint}
        maxLength={500}
        value={note}
        onChange={setNote}
      />
    </ActionDialog>
  );
}

function DatesDialog({ details, onClose }: DialogProps) {
  const lines = details.lines.filter((line) => line.approved !== null);
  const [entry, setEntry, reset] = useStored<{ dates: DateEntries; reason: string }>(
    `dates.${details.request_id}`,
    { dates: {}, reason: "" },
  );
  const before = Object.fromEntries(
    lines.map((line) => [
      line.line_id,
      { from: line.approved?.from_date ?? "", to: line.approved?.to_date ?? "" },
    ]),
  );
  const body = changedDates(before, entry.dates);
  const at = (lineId: string) => body.findIndex((one) => one.line_id === lineId);
  const set = (lineId: string, change: Partial<{ from: string; to: string }>) =>
    setEntry((now) => ({
      ...now,
      dates: {
        ...now.dates,
        [lineId]: {
          from: before[lineId]?.from ?? "",
          to: before[lineId]?.to ?? "",
          ...now.dates[lineId],
          ...change,
        },
      },
    }));
  return (
    <ActionDialog
      wide
      title={words.datesTitle}
      action={words.dates}
      done={words.datesChanged}
      names={(pointer) => {
        const [, list, index, field] = pointer.split("/");
        const line = list === "lines" ? body[Number(index)]?.line_id : undefined;
        if (line !== undefined) {
          return field === "to_date" ? words.datesTo(line) : words.datesFrom(line);
        }
        return pointer === "/lines"
          ? words.datesLines
          : pointer === "/reason"
            ? words.datesReason
            : undefined;
      }}
      record={recordOf(details.request_id)}
      refresh={[["operations"]]}
      history={details.history}
      onClose={onClose}
      send={async () => {
        const changed = await unwrap(
          api.POST("/v1/operations/requests/{request_id}/dates", {
            params: onVersion(details),
            body: { lines: body, reason: entry.reason },
          }),
        );
        reset();
        return changed;
      }}
    >
      <GroupErrors pointer="/lines" />
      <p className="small">{words.datesHint}</p>
      {lines.map((line) => {
        const shown = entry.dates[line.line_id] ?? before[line.line_id];
        // A line that is not changed is not sent and has no place in the body.
        const index = at(line.line_id);
        const pointer = index < 0 ? `/unchanged/${line.line_id}` : `/lines/${index}`;
        return (
          <div key={line.line_id}>
            <p>
              {coded([line.code_type_label, line.code].filter(Boolean).join(" "), line.code_label)}
            </p>
            <div className="form-grid">
              <DateField
                pointer={`${pointer}/from_date`}
                label={words.datesFrom(line.line_id)}
                value={shown?.from ?? ""}
                onChange={(from) => set(line.line_id, { from })}
              />
              <DateField
                pointer={`${pointer}/to_date`}
                label={words.datesTo(line.line_id)}
                value={shown?.to ?? ""}
                onChange={(to) => set(line.line_id, { to })}
              />
            </div>
          </div>
        );
      })}
      <TextArea
        pointer="/reason"
        label={words.datesReason}
        maxLength={500}
        value={entry.reason}
        onChange={(reason) => setEntry((now) => ({ ...now, reason }))}
      />
    </ActionDialog>
  );
}
