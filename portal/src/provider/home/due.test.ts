import { expect, test } from "vitest";
import type { Row } from "../requests/rows";
import { dueWork } from "./due";

const row = (values: Partial<Row>) => values as Row;

test("drafts and requests that wait on the provider are listed apart, in the order of the API", () => {
  const draft = row({ request_id: "1", status: "INCOMPLETE", waiting_on: "PROVIDER" });
  const requested = row({ request_id: "2", status: "PENDING", waiting_on: "PROVIDER" });
  const payers = row({ request_id: "3", status: "PENDING", waiting_on: "PAYER" });
  expect(dueWork([requested, draft, payers])).toEqual({ drafts: [draft], requests: [requested] });
});
