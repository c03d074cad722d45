/** The vendor's report: what is entered for each line, and the body of the call. */
import type { Schemas } from "../api/client";
import { inMinuteOf, instantOf, nextInstant } from "../format/zoned";

export interface LineEntry {
  status: string;
  code: string;
  units: string;
  unit_type: string;
  from_date: string;
  to_date: string;
  reason_code: string;
  rationale: string;
  criterion: string;
  diagnosis: string;
}

export interface ReportEntry {
  /** The vendor's own number; null while it is that of the report before. */
  reference: string | null;
  /** As a `datetime-local` field has it: in the payer's zone. */
  reported_at: string;
  name: string;
  credential: string;
  license_number: string;
  license_state: string;
  lines: Readonly<Record<string, LineEntry>>;
}

export const EMPTY_LINE: LineEntry = {
  status: "",
  code: "",
  units: "",
  unit_type: "",
  from_date: "",
  to_date: "",
  reason_code: "",
  rationale: "",
  criterion: "",
  diagnosis: "",
};

export function emptyReport(): ReportEntry {
  return {
    reference: null,
    reported_at: "",
    name: "",
    credential: "",
    license_number: "",
    license_state: "",
    lines: {},
  };
}

type Report = Schemas["VendorReport"];

/** Whether the report denies or reduces something: the API then requires who decided. */
export function isAdverse(entry: ReportEntry): boolean {
  return Object.values(entry.lines).some(
    ({ status }) => status === "DENIED" || status === "MODIFIED",
  );
}

/** What is not entered is null, or sent empty where the API requires it: it names what is missing. */
export function reportBody(
  entry: ReportEntry,
  subject: Pick<Report, "vendor_id" | "number" | "reference"> & {
    line_ids: readonly string[];
    submitted_at: string | null;
    /** When the report was decided that applies so far. */
    reported_at: string | null;
  },
): Report {
  const reviewer = [entry.name, entry.credential, entry.license_number, entry.license_state];
  return {
    vendor_id: subject.vendor_id,
    number: subject.number,
    content: null,
    reference: entry.reference ?? subject.reference,
    reported_at: decidedAt(subject, instantOf(entry.reported_at)) ?? "",
    reviewer: reviewer.some((value) => value.trim() !== "")
      ? {
          name: entry.name,
          credential: entry.credential,
          license_number: orNull(entry.license_number),
          license_state: orNull(entry.license_state.toUpperCase()),
        }
      : null,
    lines: subject.line_ids.map((id) => lineBody(id, entry.lines[id] ?? EMPTY_LINE)),
  };
}

/** A decision is not before the submission, and a correction is after what it corrects. */
function decidedAt(
  { submitted_at, reported_at }: { submitted_at: string | null; reported_at: string | null },
  entered: string | null,
): string | null {
  return reported_at
    ? inMinuteOf(reported_at, entered, nextInstant(reported_at))
    : inMinuteOf(submitted_at, entered);
}

/** Whether the API has a later report than the sent one, which then changed nothing. */
export function isSuperseded(sent: string, applied: string | null): boolean {
  return applied !== null && Date.parse(sent) < Date.parse(applied);
}

function lineBody(line_id: string, entry: LineEntry): Report["lines"][number] {
  const denied = entry.status === "DENIED";
  const approved = {
    code: orNull(entry.code),
    units: entry.units.trim() === "" ? null : Number(entry.units),
    unit_type: orNull(entry.unit_type) as Schemas["UnitType"] | null,
    from_date: orNull(entry.from_date),
    to_date: orNull(entry.to_date),
  };
  const changed = Object.values(approved).some((value) => value !== null);
  return {
    line_id,
    // An empty choice is sent as it is, and the API names it.
    status: entry.status as Report["lines"][number]["status"],
    approved: changed && !denied ? approved : null,
    reason_code: orNull(entry.reason_code),
    rationale: orNull(entry.rationale),
    criterion: orNull(entry.criterion),
    diagnosis: orNull(entry.diagnosis.toUpperCase()),
  };
}

function orNull(value: string): string | null {
  return value.trim() === "" ? null : value.trim();
}
