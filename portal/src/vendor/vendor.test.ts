import { describe, expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { labelsOf, positionsOf } from "./lines";
import { EMPTY_LINE, emptyReport, reportBody } from "./report";

const subject = { vendor_id: "V1", number: "PC1", line_ids: ["1.2"] };

describe("lines", () => {
  const service = (count: number) => ({ procedures: Array.from({ length: count }, () => ({})) });
  const content = (counts: number[]) =>
    ({ services: counts.map(service) }) as unknown as Schemas["RequestContent"];

  test("a line is found by its order: the content has the vendor's lines only", () => {
    const lines = ["3.1", "1.10", "1.9"].map((line_id) => ({ line_id }));
    expect(Object.fromEntries(positionsOf(lines, content([2, 0])))).toEqual({
      "1.9": { service: 0, procedure: 0 },
      "1.10": { service: 0, procedure: 1 },
      "3.1": { service: 1, procedure: 0 },
    });
  });

  test("codes have the words of the code lists, and none that is not listed", () => {
    const lists = new Map([
      ["urgencies", [{ code: "STANDARD", label: "Standard", description: null }]],
    ]);
    const whole = {
      purpose: "PRECERTIFICATION",
      services: [{ urgency: "STANDARD", place_of_service: "11", procedures: [], medication: null }],
    } as unknown as Schemas["RequestContent"];
    expect(labelsOf(whole, lists)).toEqual({ "/services/0/urgency": "Standard" });
    expect(labelsOf(whole, undefined)).toEqual({});
    const line = { line_id: "4.1", submitted_diagnosis: "K55", submitted_diagnosis_label: "Ileus" };
    expect(labelsOf(whole, undefined, [line as Schemas["ServiceLineResponse"]])).toEqual({
      "/services/0/primary_diagnosis": "Ileus",
    });
  });
});

describe("report", () => {
  test("nothing is sent for what was not entered", () => {
    const body = reportBody(emptyReport("CASE-1"), subject);
    expect(body).toEqual({
      vendor_id: "V1",
      number: "PC1",
      content: null,
      reference: "CASE-1",
      reported_at: "",
      reviewer: null,
      lines: [
        {
          line_id: "1.2",
          status: "",
          approved: null,
          reason_code: null,
          rationale: null,
          criterion: null,
          diagnosis: null,
        },
      ],
    });
  });

  test("a reduction has what is approved; a denial has not, whatever was entered before", () => {
    const line = { ...EMPTY_LINE, status: "MODIFIED", units: "2", reason_code: "0F" };
    const entry = { ...emptyReport("C"), name: "Dr. Lee", credential: "MD" };
    const [modified] = reportBody({ ...entry, lines: { "1.2": line } }, subject).lines;
    expect(modified?.approved).toEqual({
      code: null,
      units: 2,
      unit_type: null,
      from_date: null,
      to_date: null,
    });
    const denied = { ...line, status: "DENIED" };
    const body = reportBody({ ...entry, lines: { "1.2": denied } }, subject);
    expect(body.lines[0]?.approved).toBeNull();
    expect(body.reviewer).toEqual({
      name: "Dr. Lee",
      credential: "MD",
      license_number: null,
      license_state: null,
    });
  });

  test("a local time becomes an instant, and the same one at a repetition", () => {
    const entry = { ...emptyReport("C"), reported_at: "2026-12-01T10:30" };
    const first = reportBody(entry, subject).reported_at;
    expect(first).toBe(new Date(2026, 11, 1, 10, 30).toISOString());
    expect(reportBody(entry, subject).reported_at).toBe(first);
  });
});
