/** The decision of one service line: status, what is approved, reason, rationale and criterion. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas, unwrap } from "../api/client";
import { useReference } from "../api/queries";
import { coded } from "../details/RequestContent";
import { formatMoment } from "../format/dates";
import { lineViews } from "../provider/requests/details/lines";
import { text } from "../text";
import { Button } from "../ui/Button";
import { DateField, RadioField, SelectField, TextArea, TextField } from "../ui/fields";
import { TypeAhead } from "../ui/TypeAhead";
import type { CaseDetails } from "./Case";
import { DecisionFacts, LineTitle } from "./DecidedLines";
import { type Decided, type LineEntry, requestedOf } from "./decision";

const words = text.review;

const CHOICES: readonly { code: Decided; name: string }[] = [
  { code: "APPROVED", name: words.approve },
  { code: "MODIFIED", name: words.modify },
  { code: "DENIED", name: words.deny },
];

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
