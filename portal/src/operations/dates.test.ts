import { expect, test } from "vitest";
import { changedDates } from "./dates";

const before = {
  "1.1": { from: "2027-03-15", to: "2027-03-18" },
  "1.2": { from: "2027-03-15", to: "2027-03-15" },
};

test("only changed lines are sent", () => {
  expect(changedDates(before, {})).toEqual([]);
  expect(changedDates(before, { "1.2": { from: "2027-03-15", to: "2027-03-15" } })).toEqual([]);
  expect(changedDates(before, { "1.2": { from: "2027-03-20", to: "2027-03-20" } })).toEqual([
    { line_id: "1.2", from_date: "2027-03-20", to_date: "2027-03-20" },
  ]);
});
