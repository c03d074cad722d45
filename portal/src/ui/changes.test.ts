import { expect, test } from "vitest";
import { eventsSince } from "./changes";

const event = (type: string, at: string, document_id: string | null = null) => ({
  type,
  type_label: type,
  at,
  document_id,
});

test("what is new is shown in its order, also where an earlier event appears late", () => {
  const submitted = event("RequestSubmitted", "2026-07-01T15:00:00Z");
  const document = event("DocumentAttached", "2026-07-01T15:00:01Z", "A");
  const other = event("DocumentAttached", "2026-07-01T15:00:01Z", "B");
  const returned = event("DecisionReturned", "2026-07-01T15:00:02Z");
  expect(eventsSince([submitted, other], [submitted, document, other, returned])).toEqual([
    document,
    returned,
  ]);
  expect(eventsSince([submitted], [submitted])).toEqual([]);
});
