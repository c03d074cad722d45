import { expect, test } from "vitest";
import { areasOf } from "./areas";

test("each role starts in its own area and sees no other", () => {
  expect(areasOf(["PatientSearch"]).map((area) => area.path)).toEqual([
    "/home",
    "/patients",
    "/requests",
    "/messages",
  ]);
  expect(areasOf(["Reviewer", "PhysicianReviewer"]).map((area) => area.path)).toEqual(["/review"]);
  expect(areasOf(["Operator", "Intake"]).map((area) => area.path)).toEqual([
    "/operations",
    "/intake",
    "/intake/requests",
  ]);
  expect(areasOf([])).toEqual([]);
});
