import { beforeAll, describe, expect, test } from "vitest";
import { setConfig } from "../config";
import {
  formatDay,
  formatDays,
  formatDeadline,
  formatDistance,
  formatInstant,
  formatMoment,
  today,
} from "./dates";

beforeAll(() =>
  setConfig({
    authority: "",
    client_id: "",
    scope: "",
    stage: "test",
    payer: { name: "Plan", phone: null, time_zone: "America/New_York", logo: null },
  }),
);

describe("days", () => {
  test("a date is the same day in every zone", () => {
    expect(formatDay("2026-12-01")).toBe("Dec 1, 2026");
    expect(formatDay(null)).toBe("");
  });

  test("a range names both days once", () => {
    expect(formatDays("2026-12-01", "2026-12-01")).toBe("Dec 1, 2026");
    expect(formatDays("2026-12-01", "2026-12-03")).toBe("Dec 1 – 3, 2026");
    expect(formatDays("2026-12-30", "2027-01-02")).toBe("Dec 30, 2026 – Jan 2, 2027");
  });

  test("today is the payer's day", () => {
    expect(today(new Date("2026-12-02T04:59:00Z"))).toBe("2026-12-01");
    expect(today(new Date("2026-12-02T05:00:00Z"))).toBe("2026-12-02");
  });
});

describe("instants", () => {
  test("the payer's zone is named, in winter and in summer", () => {
    expect(formatInstant("2026-12-01T15:46:00Z")).toBe("Tue, Dec 1, 2026, 10:46 AM EST");
    expect(formatInstant("2026-07-01T15:46:00Z")).toBe("Wed, Jul 1, 2026, 11:46 AM EDT");
  });

  test("the year is left out where it is the current one in the payer's zone", () => {
    const newYear = new Date("2027-01-01T04:00:00Z");
    expect(formatMoment("2026-12-31T12:00:00Z", newYear)).toBe("Thu, Dec 31, 7:00 AM EST");
    expect(formatMoment("2027-01-01T12:00:00Z", newYear)).toContain("2027");
  });

  test("a deadline at midnight in the payer's zone is the end of the day before", () => {
    const now = new Date("2026-12-01T12:00:00Z");
    expect(formatDeadline("2026-12-12T05:00:00Z", now)).toBe("Fri, Dec 11, 11:59 PM EST");
    expect(formatDeadline("2026-12-12T05:00:01Z", now)).toBe("Sat, Dec 12, 12:00 AM EST");
    expect(formatDeadline("2026-12-12T16:17:00Z", now)).toBe("Sat, Dec 12, 11:17 AM EST");
    // In a year that is the current one until then.
    expect(formatDeadline("2027-01-01T05:00:00Z", now)).toBe("Thu, Dec 31, 11:59 PM EST");
  });

  test("a distance is rounded towards now", () => {
    const now = new Date("2026-12-01T12:00:00Z");
    expect(formatDistance("2026-12-03T11:59:00Z", now)).toBe("in 1 day");
    expect(formatDistance("2026-12-01T14:30:00Z", now)).toBe("in 2 hours");
    expect(formatDistance("2026-12-01T11:10:00Z", now)).toBe("50 minutes ago");
    expect(formatDistance("2026-12-01T12:00:30Z", now)).toBe("in less than a minute");
  });
});
