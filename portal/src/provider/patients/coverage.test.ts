import { expect, test } from "vitest";
import { coverageSentences } from "./coverage";

const plan = {
  plan_id: "P1",
  name: "Open Access Plus 1500",
  plan_type: "OAP",
  plan_type_label: "OAP",
  line_of_business: "COMMERCIAL",
  line_of_business_label: "Commercial",
  management_level: "Complete",
  state: "OH",
};

const active = {
  active: true,
  active_from: "2024-01-01",
  active_to: null,
  plan,
  referral_needed: false,
};

test("active coverage names plan, type, period and whether a referral is needed", () => {
  expect(coverageSentences(active, "2026-12-01")).toEqual([
    "Active coverage: Open Access Plus 1500 (OAP, Commercial), since Jan 1, 2024.",
    "No referral by the primary care provider is needed.",
  ]);
  const ending = { ...active, active_to: "2026-12-31", referral_needed: true };
  expect(coverageSentences(ending, "2026-12-01")).toEqual([
    "Active coverage: Open Access Plus 1500 (OAP, Commercial), from Jan 1, 2024 to Dec 31, 2026.",
    "The plan needs a referral by the primary care provider.",
  ]);
});

test("nothing is stated of a referral that the API does not state", () => {
  expect(coverageSentences({ ...active, referral_needed: null }, "2026-12-01")).toHaveLength(1);
});

test("coverage that is not active ended, or begins later", () => {
  const inactive = { ...active, active: false, plan: null, referral_needed: null };
  expect(coverageSentences({ ...inactive, active_to: "2026-11-30" }, "2026-12-01")).toEqual([
    "No active coverage: it ended on Nov 30, 2026.",
  ]);
  expect(coverageSentences({ ...inactive, active_from: "2027-01-01" }, "2026-12-01")).toEqual([
    "No active coverage yet: it begins on Jan 1, 2027.",
  ]);
});
