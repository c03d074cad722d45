import { expect, test } from "vitest";
import type { Row } from "../requests/rows";
import { dueWork, expiresSoon } from "./due";

const row = (values: Partial<Row>) => values as Row;

test("drafts and requests that wait on the office are listed apart, in the order of the API", () => {
  const draft = row({ request_id: "1", status: "INCOMPLETE", waiting_on: "PROVIDER" });
  const asked = row({ request_id: "2", status: "PENDING", waiting_on: "PROVIDER" });
  const payers = row({ request_id: "3", status: "PENDING", waiting_on: "PAYER" });
  expect(dueWork([asked, draft, payers])).toEqual({ drafts: [draft], requests: [asked] });
});

test("a draft expires soon in its last 24 hours", () => {
  const now = new Date("2026-12-01T12:00:00Z");
  expect(expiresSoon({ expires_at: "2026-12-02T11:59:00Z" }, now)).toBe(true);
  expect(expiresSoon({ expires_at: "2026-12-02T12:00:00Z" }, now)).toBe(false);
  expect(expiresSoon({ expires_at: null }, now)).toBe(false);
});
