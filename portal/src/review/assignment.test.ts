import { expect, test } from "vitest";
import { assignmentState, countdown } from "./assignment";

const now = new Date("2026-12-01T12:00:00Z");
const until = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString();
const yours = (seconds: number) => ({ assigned_to: "YOU", until: until(seconds) });

test("an assignment warns ten minutes and two minutes before it ends", () => {
  expect(assignmentState(yours(601), null, now).state).toBe("yours");
  expect(assignmentState(yours(600), null, now).state).toBe("ending");
  expect(assignmentState(yours(121), null, now).state).toBe("ending");
  expect(assignmentState(yours(120), null, now)).toMatchObject({ state: "last", seconds: 120 });
});

test("an assignment of the reviewer on the page has ended, one that never was is none", () => {
  expect(assignmentState(yours(0), until(0), now).state).toBe("ended");
  expect(assignmentState(null, until(-60), now).state).toBe("ended");
  expect(assignmentState(null, null, now).state).toBe("none");
});

test("a colleague who took the case is distinguished from one who had it before", () => {
  const theirs = { assigned_to: "ANOTHER_REVIEWER", until: until(600) };
  expect(assignmentState(theirs, null, now)).toMatchObject({ state: "another", lost: false });
  expect(assignmentState(theirs, until(-60), now)).toMatchObject({ state: "another", lost: true });
});

test("the time left is in hours, in minutes, and in seconds at the end", () => {
  expect(countdown(24 * 3600)).toBe("24 h");
  expect(countdown(2 * 3600)).toBe("120 min");
  expect(countdown(3600)).toBe("60 min");
  expect(countdown(121)).toBe("3 min");
  expect(countdown(120)).toBe("2:00");
  expect(countdown(61)).toBe("1:01");
  expect(countdown(9)).toBe("0:09");
});
