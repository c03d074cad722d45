import { describe, expect, test } from "vitest";
import { changedRows, inOrder, pathOfRow, type Row, rowActions, rowsOf, withFlag } from "./rows";

function row(values: Partial<Row>): Row {
  const row: Partial<Row> = {
    request_id: "R1",
    status: "PENDING",
    status_label: "Pending",
    updated_at: "2026-11-01T10:00:00Z",
    waiting_on: "PAYER",
    waiting_on_label: "Payer",
    allowed_actions: ["DETAILS", "MODIFY", "VOID"],
    allowed_actions_labels: ["Details", "Modify", "Void"],
    ...values,
  };
  return row as Row;
}

describe("actions of a row", () => {
  test("each allowed action keeps the API's words and opens its screen", () => {
    expect(rowActions(row({}))).toEqual([
      { action: "DETAILS", label: "Details", to: "/requests/R1" },
      { action: "MODIFY", label: "Modify", to: "/requests/R1?do=modify" },
    ]);
  });

  test("an appeal opens its dialog at once", () => {
    const denied = row({
      status: "DENIED",
      allowed_actions: ["DETAILS", "RECONSIDER", "APPEAL"],
      allowed_actions_labels: ["Details", "Request a reconsideration", "Appeal"],
    });
    expect(rowActions(denied).map(({ label, to }) => [label, to])).toEqual([
      ["Details", "/requests/R1"],
      ["Appeal", "/requests/R1?do=appeal"],
    ]);
  });

  test("a draft is resumed in the form, and deleted in the row", () => {
    const draft = row({
      status: "INCOMPLETE",
      allowed_actions: ["RESUME", "DELETE"],
      allowed_actions_labels: ["Resume", "Delete"],
    });
    expect(rowActions(draft).map((one) => one.to)).toEqual(["/drafts/R1", null]);
    expect(pathOfRow(draft)).toBe("/drafts/R1");
    expect(pathOfRow(row({}))).toBe("/requests/R1");
  });

  test("nothing is offered that the API does not allow", () => {
    expect(rowActions(row({ allowed_actions: [], allowed_actions_labels: [] }))).toEqual([]);
  });
});

describe("pages", () => {
  test("of a request that is listed twice the later row stays", () => {
    const first = row({ status_label: "Pending" });
    const later = row({ status: "APPROVED", updated_at: "2026-11-01T11:00:00Z" });
    const other = row({ request_id: "R2" });
    expect(rowsOf([{ requests: [first, other] }, { requests: [later] }])).toEqual([later, other]);
    expect(rowsOf([{ requests: [later] }, { requests: [first] }])).toEqual([later]);
    expect(rowsOf(undefined)).toEqual([]);
  });

  test("a change is another status or another party to act, not a new row", () => {
    const before = [row({})];
    const requested = row({ waiting_on: "PROVIDER" });
    expect(changedRows(before, [row({ updated_at: "2026-11-02T00:00:00Z" })])).toEqual([]);
    expect(changedRows(before, [requested, row({ request_id: "R2" })])).toEqual([requested]);
    expect(changedRows([], [requested])).toEqual([]);
  });

  test("a flag changes only its row", () => {
    const page = { requests: [row({}), row({ request_id: "R2" })], cursor: null };
    const flagged = withFlag(page, "R2", "2026-11-02T00:00:00Z");
    expect(flagged.requests.map((one) => one.flagged_at)).toEqual([
      undefined,
      "2026-11-02T00:00:00Z",
    ]);
    expect(withFlag(page, "R3", null)).toBe(page);
  });
});

describe("order", () => {
  const rows = [
    row({ request_id: "A", number: "PC2", first_day: "2026-12-01", status: "APPROVED" }),
    row({
      request_id: "B",
      number: null,
      first_day: null,
      status: "INCOMPLETE",
      updated_at: "2026-11-05T00:00:00Z",
    }),
    row({ request_id: "C", number: "PC1", first_day: "2027-01-01", status: "DENIED" }),
  ];
  const ids = (ordered: readonly Row[]) => ordered.map((one) => one.request_id).join("");

  test("each order is the one of its name", () => {
    expect(ids(inOrder(rows, "changed"))).toBe("BAC");
    expect(ids(inOrder(rows, "service"))).toBe("CAB");
    expect(ids(inOrder(rows, "status"))).toBe("BCA");
    expect(ids(inOrder(rows, "number"))).toBe("BCA");
  });
});
