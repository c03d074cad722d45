/** What a reviewer enters for each service line, and the body that the API receives. */
import type { Schemas } from "../api/client";

export type Decided = Schemas["LineDecision"]["status"];

/** The entries of one line; empty strings are left out of the body. */
export interface LineEntry {
  status: Decided | "";
  reasonCode: string;
  rationale: string;
  criterion: string;
  units: string;
  unitType: string;
  from: string;
  to: string;
  code: string;
  diagnosis: string;
}

export type Entries = Readonly<Record<string, LineEntry>>;

export const EMPTY: LineEntry = {
  status: "",
  reasonCode: "",
  rationale: "",
  criterion: "",
  units: "",
  unitType: "",
  from: "",
  to: "",
  code: "",
  diagnosis: "",
};

export function entryOf(entries: Entries, lineId: string): LineEntry {
  return { ...EMPTY, ...entries[lineId] };
}

/** All lines approved as requested. */
export function approveAll(lineIds: readonly string[]): Entries {
  return Object.fromEntries(lineIds.map((id) => [id, { ...EMPTY, status: "APPROVED" as const }]));
}

/** Whether entries hold something that is not in those that replace them. */
export function holdsMore(before: Entries, after: Entries): boolean {
  return Object.keys(before).some((id) => {
    const [old, now] = [entryOf(before, id), entryOf(after, id)];
    return (Object.keys(old) as (keyof LineEntry)[]).some(
      (name) => old[name] !== "" && old[name] !== now[name],
    );
  });
}

function orNull(value: string): string | null {
  return value.trim() === "" ? null : value.trim();
}

function lineDecision(lineId: string, entry: LineEntry): Schemas["LineDecision"] {
  const status = entry.status === "" ? undefined : entry.status;
  const reduced = status === "MODIFIED";
  const approved = reduced
    ? {
        code: orNull(entry.code),
        units: entry.units.trim() === "" ? null : Number(entry.units),
        unit_type: orNull(entry.unitType) as Schemas["UnitType"] | null,
        from_date: orNull(entry.from),
        to_date: orNull(entry.to),
      }
    : null;
  const adverse = status === "MODIFIED" || status === "DENIED";
  return {
    line_id: lineId,
    // A line without a choice is sent without a status: the API answers which ones are missing.
    ...(status === undefined ? {} : { status }),
    approved,
    reason_code: adverse ? orNull(entry.reasonCode) : null,
    rationale: adverse ? orNull(entry.rationale) : null,
    criterion: adverse ? orNull(entry.criterion) : null,
    diagnosis: orNull(entry.diagnosis.toUpperCase()),
  } as Schemas["LineDecision"];
}

/** The body of `decide`, in the order of the lines. */
export function decisionBody(
  cycle: number,
  lineIds: readonly string[],
  entries: Entries,
  beforeResponse: boolean,
  /** The new documents that the page shows: the API refuses a denial while others are new. */
  seenDocuments: readonly string[] = [],
  overlapConfirmed = false,
): Schemas["DecideBody"] {
  return {
    cycle,
    seen_documents: [...seenDocuments],
    before_response: beforeResponse,
    overlap_confirmed: overlapConfirmed,
    lines: lineIds.map((id) => lineDecision(id, entryOf(entries, id))),
  };
}

/** The entries that a returned proposal holds, to start from. */
export function fromProposal(lines: readonly Schemas["ProposedLine"][]): Entries {
  return Object.fromEntries(
    lines.map(({ line_id, decision }) => [
      line_id,
      {
        status:
          decision.status === "OPEN" || decision.status === "CANCELLED" ? "" : decision.status,
        reasonCode: decision.reason_code ?? "",
        rationale: decision.rationale ?? "",
        criterion: decision.criterion ?? "",
        units: decision.status === "MODIFIED" ? String(decision.approved?.units ?? "") : "",
        unitType: decision.status === "MODIFIED" ? (decision.approved?.unit_type ?? "") : "",
        from: decision.status === "MODIFIED" ? (decision.approved?.from_date ?? "") : "",
        to: decision.status === "MODIFIED" ? (decision.approved?.to_date ?? "") : "",
        code: "",
        diagnosis: decision.diagnosis ?? "",
      } satisfies LineEntry,
    ]),
  );
}

type Disputed = Pick<Schemas["DisputeResponse"], "cycle" | "line_ids">;

/**
 * The lines that this cycle decides: those that are disputed in it, which were decided before, or in the first
 * cycle those that are open and not a vendor's.
 */
export function linesToDecide<
  Line extends Pick<Schemas["ServiceLineResponse"], "line_id" | "status" | "decided_by">,
>(details: {
  cycle: number;
  lines: readonly Line[];
  appeals: readonly Disputed[];
  reconsiderations: readonly Disputed[];
  peer_to_peer_discussions: readonly Disputed[];
}): readonly Line[] {
  const { cycle, lines, appeals, reconsiderations, peer_to_peer_discussions } = details;
  const disputes = [...appeals, ...reconsiderations, ...peer_to_peer_discussions];
  const dispute = disputes.find((one) => one.cycle === cycle);
  return lines.filter((line) =>
    dispute
      ? dispute.line_ids.includes(line.line_id)
      : line.status === "OPEN" && line.decided_by !== "VENDOR",
  );
}

/** The service and the procedure of a line: `<service>.<line>`, both counted from 1. */
export function requestedOf(
  content: Schemas["RequestContent"],
  lineId: string,
): { service: Schemas["Service"] | undefined; procedure: Schemas["Procedure"] | undefined } {
  const [service = 0, line = 0] = lineId.split(".").map(Number);
  const found = content.services?.[service - 1];
  return { service: found, procedure: found?.procedures?.[line - 1] };
}
