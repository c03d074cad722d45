/** The names of a decision's fields by JSON pointer, for a summary of errors. */
import { text } from "../text";

const words = text.review;

const NAMES: Readonly<Record<string, string>> = {
  outcome: words.peerOutcomeField,
  status: words.status,
  reason_code: words.reason,
  rationale: words.rationale,
  criterion: words.criterion,
  units: words.units,
  unit_type: words.unitType,
  from_date: words.from,
  to_date: words.to,
  code: words.otherCode,
  diagnosis: words.otherDiagnosis,
  text: words.askText,
  documents: words.askDocuments,
  days: words.extendDays,
  reason: words.extendReason,
  requested_by: words.extendBy,
  reviewer: words.reassignTo,
  comment: words.comment,
};

/** "Line 1.2 · Reason" for `/lines/1/reason_code` of the second line. */
export function nameIn(lineIds: readonly string[]): (pointer: string) => string | undefined {
  return (pointer) => {
    const path = pointer.split("/").slice(1);
    const name = NAMES[path.filter((part) => !/^\d+$/.test(part)).at(-1) ?? ""];
    const line = path[0] === "lines" ? lineIds[Number(path[1])] : undefined;
    return [line && words.line(line), name].filter(Boolean).join(" · ") || undefined;
  };
}
