/** The service lines of a request: what was requested beside what was decided. */
import type { Schemas } from "../../../api/client";
import { formatDay, formatDays } from "../../../format/dates";
import { text } from "../../../text";

type Line = Schemas["ServiceLineResponse"];
type Content = Schemas["RequestContent"];

const words = text.provider.lines;

/** Where a line is in the content, from 0. */
export interface Position {
  service: number;
  procedure: number;
}

export interface LineView {
  line: Line;
  /** The index of the service in the content. */
  service: number;
  /** The code with its words; the kind of stay where there is no code. */
  title: string;
  requested: string;
  /** What is approved; "None" where it was decided otherwise, and empty before the decision. */
  approved: string;
  /** The decision that applies. */
  decision: Schemas["DecisionResponse"] | null;
  /** The decisions before it, newest first. */
  earlier: readonly Schemas["DecisionResponse"][];
  /** Set where the diagnosis of the decision is another than the submitted one. */
  otherDiagnosis: { submitted: string; adjudicated: string } | null;
}

export function lineViews(
  lines: readonly Line[],
  content: Content,
  labels: Readonly<Record<string, string>>,
  positionOf: (lineId: string) => Position | undefined = indexesOf,
): readonly LineView[] {
  return lines.map((line) => {
    const { service, procedure } = positionOf(line.line_id) ?? indexesOf(line.line_id);
    const decisions = [...line.decisions].reverse();
    return {
      line,
      service,
      title: titleOf(line, labels[`/services/${service}/type_of_service`]),
      requested: requestedOf(content, service, procedure, labels),
      approved: approvedOf(line),
      decision: decisions[0] ?? null,
      earlier: decisions.slice(1),
      otherDiagnosis: otherDiagnosis(line),
    };
  });
}

/** "1.2" -> the first service, its second procedure; both from 0. */
export function indexesOf(lineId: string): Position {
  const [service = 1, procedure = 1] = lineId.split(".").map(Number);
  return { service: service - 1, procedure: procedure - 1 };
}

export function withWords(code: string | null, label: string | null | undefined): string {
  return [code, label].filter(Boolean).join(" – ");
}

function titleOf(line: Line, stay: string | undefined): string {
  if (line.code === null) {
    return stay ?? words.stay;
  }
  const code = [line.code_type_label, line.code].filter(Boolean).join(" ");
  return withWords(code, line.code_label);
}

function requestedOf(
  content: Content,
  service: number,
  procedure: number,
  labels: Readonly<Record<string, string>>,
): string {
  const requested = content.services[service];
  const one = requested?.procedures[procedure];
  const unitType = labels[`/services/${service}/procedures/${procedure}/unit_type`];
  const parts = [
    one?.units ? units(one.units, unitType ?? one.unit_type) : null,
    one === undefined && requested?.requested_days ? words.days(requested.requested_days) : null,
    one?.modifiers.length ? words.modifiers(one.modifiers.join(", ")) : null,
    formatDay(one?.start_date ?? requested?.admission_date ?? requested?.service_date),
  ];
  return parts.filter(Boolean).join(", ");
}

function approvedOf(line: Line): string {
  const { approved } = line;
  if (approved === null) {
    return line.decisions.length > 0 ? text.common.none : "";
  }
  const parts = [
    approved.code && approved.code !== line.code ? approved.code : null,
    approved.units ? units(approved.units, approved.unit_type_label) : null,
    formatDays(approved.from_date, approved.to_date),
  ];
  return parts.filter(Boolean).join(", ");
}

function units(count: number, type: string | null | undefined): string {
  return type ? `${type}: ${count}` : String(count);
}

function otherDiagnosis(line: Line): LineView["otherDiagnosis"] {
  const { adjudicated_diagnosis: adjudicated, submitted_diagnosis: submitted } = line;
  if (adjudicated === null || submitted === null || adjudicated === submitted) {
    return null;
  }
  return {
    submitted: withWords(submitted, line.submitted_diagnosis_label),
    adjudicated: withWords(adjudicated, line.adjudicated_diagnosis_label),
  };
}
