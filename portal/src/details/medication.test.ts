import { expect, test } from "vitest";
import { medicationWords } from "./medication";

test("name and national drug code are both shown, and codes in words where they are known", () => {
  const medication = { name: "Infliximab", ndc: "57894-030-01", frequency: "Q8W", route: "IV" };
  const labels = { "/medication/frequency": "Every 8 weeks" };
  expect(medicationWords(medication as never, labels, "/medication")).toBe(
    "Infliximab, NDC 57894-030-01, Every 8 weeks, IV",
  );
  expect(medicationWords(null, labels, "/medication")).toBe("");
});
