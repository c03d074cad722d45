import { expect, test } from "vitest";
import { named } from "./named";

const error = { pointer: "/ssn", code: "malformed", message: "must be nine digits", choices: null };

test("a summary names the field before the message; an unknown field has the message alone", () => {
  const errors = [error, { ...error, pointer: "/other" }] as Parameters<typeof named>[0];
  const names: Record<string, string> = { "/ssn": "Social Security number" };
  expect(named(errors, (pointer) => names[pointer]).map((one) => one.message)).toEqual([
    "Social Security number: must be nine digits",
    "must be nine digits",
  ]);
});

test("a field that is named by a question has no further mark", () => {
  const errors = [error] as Parameters<typeof named>[0];
  expect(named(errors, () => "Why should it change?").map((one) => one.message)).toEqual([
    "Why should it change? must be nine digits",
  ]);
});
