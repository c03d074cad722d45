import { beforeAll, expect, test } from "vitest";
import { setConfig } from "../config";
import { instantOf, localNow, zoneName } from "./zoned";

beforeAll(() =>
  setConfig({
    authority: "",
    client_id: "",
    scope: "",
    stage: "test",
    payer: { name: "Plan", phone: null, time_zone: "America/New_York", logo: null },
  }),
);

test("a local time of the payer's zone is an instant, in winter and in summer", () => {
  expect(instantOf("2026-12-01T10:46")).toBe("2026-12-01T15:46:00.000Z");
  expect(instantOf("2026-07-01T00:05")).toBe("2026-07-01T04:05:00.000Z");
});

test("the nights of daylight saving have an instant for every time", () => {
  // 2026-11-01 01:30 occurs twice, 2027-03-14 02:30 not at all.
  expect(instantOf("2026-11-01T01:30")).toBe("2026-11-01T05:30:00.000Z");
  expect(instantOf("2027-03-14T02:30")).toBe("2027-03-14T07:30:00.000Z");
  expect(instantOf("2027-03-14T03:30")).toBe("2027-03-14T07:30:00.000Z");
});

test("an incomplete time is none", () => {
  expect(instantOf("")).toBeNull();
  expect(instantOf("2026-12-01")).toBeNull();
});

test("now is the payer's local time", () => {
  expect(localNow(new Date("2026-12-02T04:59:30Z"))).toBe("2026-12-01T23:59");
});

test("a zone is named as people call it", () => {
  expect(zoneName("America/New_York")).toBe("Eastern Time");
  expect(zoneName("America/Phoenix")).toBe("Mountain Standard Time");
});
