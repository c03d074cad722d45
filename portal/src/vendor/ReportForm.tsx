/** What the vendor decided, line by line. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api, type Schemas, unwrap } from "../api/client";
import { useReference } from "../api/queries";
import { config } from "../config";
import { zoneName } from "../format/zoned";
import type { LineView } from "../provider/requests/details/lines";
import { text } from "../text";
import { announce } from "../ui/announce";
import { Button } from "../ui/Button";
import { ErrorBanner, ErrorSummary } from "../ui/ErrorSummary";
import { fieldErrors, fieldId } from "../ui/errors";
import {
  type Choice,
  DateField,
  FieldErrorText,
  FormErrors,
  RadioField,
  SelectField,
  TextArea,
  TextField,
  useFieldErrors,
} from "../ui/fields";
import { named } from "../ui/named";
import { Banner, Card } from "../ui/parts";
import { useStored } from "../ui/stored";
import {
  EMPTY_LINE,
  emptyReport,
  isAdverse,
  isSuperseded,
  type LineEntry,
  type ReportEntry,
  reportBody,
} from "./report";

const words = text.vendor.report;

/** The decisions that a report can have; their words are the API's. */
const STATUSES: readonly Schemas["LineStatus"][] = ["APPROVED", "MODIFIED", "DENIED"];

type Details = Schemas["DelegatedRequestResponse"];

export function ReportForm({ details, views }: { details: Details; views: readonly LineView[] }) {
  const client = useQueryClient();
  const [entry, setEntry, clear] = useStored<ReportEntry>(
    `report-${details.request_id}-${details.vendor_id}`,
    emptyReport(),
  );
  const [sent, setSent] = useState<"applied" | "superseded" | null>(null);
  const known = details.reference ?? "";
  const line_ids = views.map((view) => view.line.line_id);
  const refresh = (resource: string) => client.invalidateQueries({ queryKey: [resource] });
  const report = useMutation({
    mutationFn: async () => {
      const { vendor_id, number, submitted_at, reported_at } = details;
      const body = reportBody(entry, {
        vendor_id,
        number,
        reference: known,
        submitted_at,
        reported_at,
        line_ids,
      });
      try {
        await unwrap(api.POST("/v1/vendor/determinations", { body }));
      } finally {
        // Also after a lost answer: the page then shows what the API has.
        await refresh("delegation");
      }
      const [[, latest] = []] = client.getQueriesData<Details>({
        queryKey: ["delegation", details.request_id],
      });
      return isSuperseded(body.reported_at, latest?.reported_at ?? null);
    },
    onMutate: () => setSent(null),
    onSuccess: (superseded) => {
      setSent(superseded ? "superseded" : "applied");
      announce(superseded ? words.superseded : words.sent);
      if (!superseded) {
        clear();
      }
    },
    onSettled: () => refresh("delegations"),
  });
  const set = (change: Partial<ReportEntry>) => setEntry((before) => ({ ...before, ...change }));
  const setLine = (id: string, change: Partial<LineEntry>) =>
    setEntry((before) => ({
      ...before,
      lines: { ...before.lines, [id]: { ...EMPTY_LINE, ...before.lines[id], ...change } },
    }));
  const { error } = report;
  const adverse = isAdverse(entry);
  const errors = error instanceof ApiError ? error.errors : [];
  return (
    <Card title={details.reported_at ? words.correct : words.title}>
      <p>{words.lead}</p>
      <FormErrors value={fieldErrors(error)}>
        {errors.length > 0 ? (
          <ErrorSummary
            errors={named(errors, (pointer) => nameOf(pointer, line_ids))}
            attempt={report.submittedAt}
          />
        ) : (
          <ErrorBanner error={error} />
        )}
        {sent === "applied" && (
          <Banner tone="success">
            <p>{words.sent}</p>
          </Banner>
        )}
        {sent === "superseded" && (
          <Banner tone="warning" title={words.superseded}>
            <p>{words.laterTime}</p>
          </Banner>
        )}
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (!report.isPending) {
              report.mutate();
            }
          }}
        >
          <div className="form-grid">
            <TextField
              pointer="/reference"
              label={words.reference}
              value={entry.reference ?? known}
              onChange={(reference) => set({ reference })}
            />
            <TextField
              pointer="/reported_at"
              label={words.reportedAtIn(zoneName(config().payer.time_zone))}
              type="datetime-local"
              value={entry.reported_at}
              onChange={(reported_at) => set({ reported_at })}
            />
          </div>
          {views.map((view, index) => (
            <LineFields
              key={view.line.line_id}
              at={`/lines/${index}`}
              view={view}
              entry={entry.lines[view.line.line_id] ?? EMPTY_LINE}
              onChange={(change) => setLine(view.line.line_id, change)}
            />
          ))}
          <ReviewerHead />
          <div className="form-grid">
            <TextField
              pointer="/reviewer/name"
              label={words.name}
              optional={!adverse}
              value={entry.name}
              onChange={(name) => set({ name })}
            />
            <TextField
              pointer="/reviewer/credential"
              label={words.credential}
              hint={words.credentialHint}
              optional={!adverse}
              value={entry.credential}
              onChange={(credential) => set({ credential })}
            />
            <TextField
              pointer="/reviewer/license_number"
              label={words.licenseNumber}
              optional
              value={entry.license_number}
              onChange={(license_number) => set({ license_number })}
            />
            <TextField
              pointer="/reviewer/license_state"
              label={words.licenseState}
              optional
              maxLength={2}
              value={entry.license_state}
              onChange={(license_state) => set({ license_state })}
            />
          </div>
          <div className="form-actions">
            <Button look="primary" type="submit" pending={report.isPending}>
              {report.isPending ? text.provider.details.sending : words.send}
            </Button>
          </div>
        </form>
      </FormErrors>
    </Card>
  );
}

/** The heading of the reviewer's fields, with the errors about the reviewer as a whole. */
function ReviewerHead() {
  const id = fieldId("/reviewer");
  return (
    <div id={id} tabIndex={-1}>
      <h3>{words.reviewer}</h3>
      <p className="small">{words.reviewerHint}</p>
      <FieldErrorText id={`${id}-error`} errors={useFieldErrors("/reviewer")} />
    </div>
  );
}

const NAMES: Readonly<Record<string, string>> = {
  reference: words.reference,
  reported_at: words.reportedAt,
  name: words.name,
  credential: words.credential,
  license_number: words.licenseNumber,
  license_state: words.licenseState,
  reviewer: words.reviewer,
  status: words.decision,
  approved: words.approved,
  units: words.units,
  unit_type: words.unitType,
  from_date: words.from,
  to_date: words.to,
  code: words.otherCode,
  reason_code: words.reason,
  rationale: words.rationale,
  criterion: words.criterion,
  diagnosis: words.diagnosis,
};

/** "Line 1.2 · Reason" for `/lines/0/reason_code`. */
function nameOf(pointer: string, lineIds: readonly string[]): string | undefined {
  const path = pointer.split("/").slice(1);
  const name = NAMES[path.at(-1) ?? ""];
  if (path[0] !== "lines") {
    return name;
  }
  const line = lineIds[Number(path[1])];
  return [line && words.line(line), name].filter(Boolean).join(" · ") || undefined;
}

function LineFields({
  at,
  view,
  entry,
  onChange,
}: {
  /** The pointer of the line in the body. */
  at: string;
  view: LineView;
  entry: LineEntry;
  onChange: (change: Partial<LineEntry>) => void;
}) {
  const lists = useReference().data;
  const choices = (list: string): readonly Choice[] =>
    (lists?.get(list) ?? []).map(({ code, label }) => ({ code, name: label }));
  const statuses = choices("line_statuses").filter((one) =>
    STATUSES.some((status) => status === one.code),
  );
  const reasons = choices("denial_reasons");
  return (
    <section>
      <h3>
        {view.line.line_id} · {view.title}
      </h3>
      <p className="small">{words.requested(view.requested)}</p>
      <RadioField
        pointer={`${at}/status`}
        label={words.decision}
        value={entry.status}
        onChange={(status) => onChange({ status })}
        choices={statuses}
      />
      {(entry.status === "APPROVED" || entry.status === "MODIFIED") && (
        <div className="form-grid">
          <TextField
            pointer={`${at}/approved/units`}
            label={words.units}
            hint={words.asRequested}
            optional
            inputMode="numeric"
            value={entry.units}
            onChange={(units) => onChange({ units })}
          />
          <SelectField
            pointer={`${at}/approved/unit_type`}
            label={words.unitType}
            optional
            value={entry.unit_type}
            onChange={(unit_type) => onChange({ unit_type })}
            choices={choices("unit_types")}
          />
          <DateField
            pointer={`${at}/approved/from_date`}
            label={words.from}
            optional
            value={entry.from_date}
            onChange={(from_date) => onChange({ from_date })}
          />
          <DateField
            pointer={`${at}/approved/to_date`}
            label={words.to}
            optional
            value={entry.to_date}
            onChange={(to_date) => onChange({ to_date })}
          />
          <TextField
            pointer={`${at}/approved/code`}
            label={words.otherCode}
            optional
            value={entry.code}
            onChange={(code) => onChange({ code: code.toUpperCase() })}
          />
        </div>
      )}
      {entry.status !== "" && (
        <>
          <div className="form-grid">
            <SelectField
              pointer={`${at}/reason_code`}
              label={words.reason}
              optional={entry.status !== "DENIED"}
              value={entry.reason_code}
              onChange={(reason_code) => onChange({ reason_code })}
              choices={reasons}
            />
            <TextField
              pointer={`${at}/diagnosis`}
              label={words.diagnosis}
              hint={words.diagnosisHint}
              optional
              value={entry.diagnosis}
              onChange={(diagnosis) => onChange({ diagnosis })}
            />
          </div>
          <TextArea
            pointer={`${at}/rationale`}
            label={words.rationale}
            optional={entry.status !== "DENIED"}
            value={entry.rationale}
            onChange={(rationale) => onChange({ rationale })}
          />
          <TextArea
            pointer={`${at}/criterion`}
            label={words.criterion}
            rows={2}
            optional={entry.status !== "DENIED"}
            value={entry.criterion}
            onChange={(criterion) => onChange({ criterion })}
          />
        </>
      )}
    </section>
  );
}
