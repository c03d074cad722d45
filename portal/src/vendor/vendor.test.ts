import { describe, expect, test, vi } from "vitest";
import type { Schemas } from "../api/client";
import { labelsOf, positionsOf, serviceNumbers, vendorViews } from "./lines";
import { EMPTY_LINE, emptyReport, isAdverse, isSuperseded, reportBody } from "./report";

vi.mock("../config", () => ({
  config: () => ({ payer: { time_zone: "America/New_York" } }),
}));

const subject = {
  vendor_id: "V1",
  number: "PC1",
  reference: "",
  line_ids: ["1.2"],
  submitted_at: null,
  reported_at: null,
};

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

  test("services have the numbers that they have in the whole request", () => {
    expect(serviceNumbers(["10.1", "2.2", "2.1"].map((line_id) => ({ line_id })))).toEqual([2, 10]);
  });

  test("an open line has no review action, a decided one has", () => {
    const lines = [
      { line_id: "1.1", status: "OPEN", review_action: "CT", approved: null, decisions: [] },
      { line_id: "1.2", status: "APPROVED", review_action: "A1", approved: null, decisions: [] },
    ] as unknown as Schemas["ServiceLineResponse"][];
    const procedure = { modifiers: [], units: null, start_date: null };
    const services = [{ procedures: [procedure, procedure] }];
    const views = vendorViews(
      { lines, content: { services } as unknown as Schemas["RequestContent"] },
      {},
    );
    expect(views.map((view) => view.line.review_action)).toEqual([null, "A1"]);
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
    const body = reportBody(emptyReport(), { ...subject, reference: "CASE-1" });
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
    const entry = { ...emptyReport(), name: "Dr. Lee", credential: "MD" };
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

  test("a time of the payer's zone becomes an instant, and none as long as it is incomplete", () => {
    const at = (reported_at: string) =>
      reportBody({ ...emptyReport(), reported_at }, subject).reported_at;
    expect(at("2026-12-01T10:30")).toBe("2026-12-01T15:30:00.000Z");
    expect(at("2026-12-01")).toBe("");
  });

  test("a decision in the minute of the submission is not before the submission", () => {
    const at = (submitted_at: string) =>
      reportBody(
        { ...emptyReport(), reported_at: "2026-12-01T10:30" },
        { ...subject, submitted_at },
      ).reported_at;
    expect(at("2026-12-01T15:30:41.5Z")).toBe("2026-12-01T15:30:41.5Z");
    expect(at("2026-12-01T15:31:00Z")).toBe("2026-12-01T15:30:00.000Z");
    expect(at("2026-12-01T15:29:59Z")).toBe("2026-12-01T15:30:00.000Z");
  });

  test("a correction in the minute of the report is after the report", () => {
    const at = (reported_at: string) =>
      reportBody(
        { ...emptyReport(), reported_at: "2026-12-01T10:30" },
        { ...subject, submitted_at: "2026-12-01T15:30:10Z", reported_at },
      ).reported_at;
    expect(at("2026-12-01T15:30:00Z")).toBe("2026-12-01T15:30:00.001Z");
    expect(at("2026-12-01T15:30:41.500400Z")).toBe("2026-12-01T15:30:41.501Z");
    expect(at("2026-12-01T15:30:59.999900Z")).toBe("2026-12-01T15:31:00.000Z");
    expect(at("2026-12-01T15:29:59Z")).toBe("2026-12-01T15:30:00.000Z");
    expect(at("2026-12-01T15:31:00Z")).toBe("2026-12-01T15:30:00.000Z");
  });

  test("a report is superseded by one with a later time only", () => {
    expect(isSuperseded("2026-12-01T15:30:00.000Z", "2026-12-01T15:31:00Z")).toBe(true);
    expect(isSuperseded("2026-12-01T15:30:00.001Z", "2026-12-01T15:30:00.001000Z")).toBe(false);
    expect(isSuperseded("2026-12-01T15:30:00.001Z", null)).toBe(false);
  });

  test("the case number of the report before is sent until another one is entered", () => {
    const known = { ...subject, reference: "CASE-1" };
    const at = (reference: string | null) =>
      reportBody({ ...emptyReport(), reference }, known).reference;
    expect([at(null), at("CASE-2"), at("")]).toEqual(["CASE-1", "CASE-2", ""]);
  });

  test("a reviewer is required for a denial or a reduction of any line", () => {
    const lines = (...statuses: string[]) => ({
      ...emptyReport(),
      lines: Object.fromEntries(
        statuses.map((status, index) => [`1.${index}`, { ...EMPTY_LINE, status }]),
      ),
    });
    expect(isAdverse(lines("APPROVED", ""))).toBe(false);
    expect(isAdverse(lines("APPROVED", "DENIED"))).toBe(true);
    expect(isAdverse(lines("MODIFIED"))).toBe(true);
  });
});
