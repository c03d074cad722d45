import { expect, test } from "vitest";
import { splitDiagnoses, splitProcedures } from "./codes";

test("codes pasted from a spreadsheet are split, each once, with their modifiers", () => {
  expect(splitProcedures("44120-50\tJ1745\n44140; 44120-50, j1745").codes).toEqual([
    { code: "44120", modifiers: ["50"] },
    { code: "J1745", modifiers: [] },
    { code: "44140", modifiers: [] },
  ]);
});

test("revenue and DRG codes of three and four digits are codes", () => {
  expect(splitProcedures("0450 329").codes.map(({ code }) => code)).toEqual(["0450", "329"]);
});

test("what is no code is returned and not dropped", () => {
  expect(splitProcedures("44120 – ENTERECTOMY, 4412")).toEqual({
    codes: [
      { code: "44120", modifiers: [] },
      { code: "4412", modifiers: [] },
    ],
    rest: ["ENTERECTOMY"],
  });
  expect(splitProcedures("44120-44125").rest).toEqual(["44120-44125"]);
});

test("diagnoses are stored without the dot", () => {
  expect(splitDiagnoses("K55.059, e11.9;K55.059 pain")).toEqual({
    codes: ["K55059", "E119"],
    rest: ["pain"],
  });
});
