import { describe, expect, test } from "vitest";
import type { Schemas } from "../api/client";
import {
  approveAll,
  decisionBody,
  EMPTY,
  fromProposal,
  holdsMore,
  linesToDecide,
  requestedOf,
} from "./decision";

describe("the body of a decision", () => {
  test("approved lines carry neither reason nor rationale, even if some were entered", () => {
    const entries = {
      "1.1": {
        ...EMPTY,
        status: "APPROVED" as const,
        rationale: "typed before the choice changed",
      },
    };
    expect(decisionBody(1, ["1.1"], entries, false)).toEqual({
      cycle: 1,
      seen_documents: [],
      before_response: false,
      overlap_confirmed: false,
      lines: [
        {
          line_id: "1.1",
          status: "APPROVED",
          approved: null,
          reason_code: null,
          rationale: null,
          criterion: null,
          diagnosis: null,
        },
      ],
    });
  });

  test("a modified line states what is approved, and what is empty is as requested", () => {
    const entries = {
      "1.1": {
        ...EMPTY,
        status: "MODIFIED" as const,
        units: "2",
        reasonCode: "0F",
        rationale: " Two are enough. ",
        criterion: "Guideline 3",
      },
    };
    const [line] = decisionBody(2, ["1.1"], entries, true).lines;
    expect(line?.approved).toEqual({
      code: null,
      units: 2,
      unit_type: null,
      from_date: null,
      to_date: null,
    });
    expect(line?.rationale).toBe("Two are enough.");
  });

  test("a line without a choice is sent, so that the API names it", () => {
    const { lines } = decisionBody(1, ["1.1", "1.2"], approveAll(["1.1"]), false);
    expect(lines.map((line) => line.line_id)).toEqual(["1.1", "1.2"]);
    expect(lines[1]).not.toHaveProperty("status");
  });
});

test("a returned proposal is a start for new entries", () => {
  const decision = {
    status: "DENIED",
    reason_code: "0F",
    rationale: "Because.",
    criterion: "C",
    approved: null,
    diagnosis: null,
  } as Schemas["DecisionResponse"];
  expect(fromProposal([{ line_id: "1.2", decision }])["1.2"]).toEqual({
    ...EMPTY,
    status: "DENIED",
    reasonCode: "0F",
    rationale: "Because.",
    criterion: "C",
  });
});

test("a line's id leads to its service and procedure", () => {
  const content = {
    services: [{ procedures: [{ code: "44120" }] }, { procedures: [{ code: "1" }, { code: "2" }] }],
  } as Schemas["RequestContent"];
  expect(requestedOf(content, "2.2").procedure?.code).toBe("2");
  expect(requestedOf(content, "3.1").service).toBeUndefined();
});

test("a cycle decides the open lines that are not a vendor's, and a dispute those that are disputed", () => {
  const line = (line_id: string, status: "OPEN" | "DENIED", decided_by: "PAYER" | "VENDOR") => ({
    line_id,
    status,
    decided_by,
  });
  const none = { appeals: [], reconsiderations: [], peer_to_peer_discussions: [] };
  const ids = (lines: readonly { line_id: string }[]) => lines.map((one) => one.line_id);
  const open = [line("1.1", "OPEN", "PAYER"), line("1.2", "OPEN", "VENDOR")];
  expect(ids(linesToDecide({ ...none, cycle: 1, lines: open }))).toEqual(["1.1"]);
  const denied = [line("1.1", "DENIED", "PAYER"), line("1.2", "DENIED", "PAYER")];
  for (const kind of ["appeals", "reconsiderations", "peer_to_peer_discussions"] as const) {
    const disputed = { ...none, [kind]: [{ cycle: 2, line_ids: ["1.2"] }] };
    expect(ids(linesToDecide({ ...disputed, cycle: 2, lines: denied }))).toEqual(["1.2"]);
  }
});

describe("entries that are replaced", () => {
  const denied = { "1.1": { ...EMPTY, status: "DENIED" as const, rationale: "No findings." } };

  test("hold more than approvals when something else was entered", () => {
    expect(holdsMore(denied, approveAll(["1.1"]))).toBe(true);
    expect(holdsMore({ "1.1": { ...EMPTY, diagnosis: "K55" } }, approveAll(["1.1"]))).toBe(true);
  });

  test("hold nothing more when nothing was entered, or the same", () => {
    expect(holdsMore({}, approveAll(["1.1"]))).toBe(false);
    expect(holdsMore({ "1.1": EMPTY }, approveAll(["1.1"]))).toBe(false);
    expect(holdsMore(approveAll(["1.1"]), approveAll(["1.1", "1.2"]))).toBe(false);
  });
});
