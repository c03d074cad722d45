import { expect, test } from "vitest";
import { stillSent } from "./stillSent";

const error = (pointer: string) => ({ pointer });

test("an error stays until its value, or a part of it, is changed", () => {
  const sent = { name: "", services: [{ type: null, codes: [] as string[] }, { type: null }] };
  const errors = [
    "/name",
    "/services/0/type",
    "/services/0/codes",
    "/services/1/type",
    "/other",
  ].map(error);
  expect(stillSent(errors, sent, structuredClone(sent))).toEqual(errors);
  const now = { name: "", services: [{ type: "SURGICAL", codes: ["44120"] }, { type: null }] };
  expect(stillSent(errors, sent, now).map((one) => one.pointer)).toEqual([
    "/name",
    "/services/1/type",
    "/other",
  ]);
});

test("an error of a value that was missing ends when the value is entered", () => {
  expect(
    stillSent([error("/patient/member_id")], { patient: null }, { patient: null }),
  ).toHaveLength(1);
  const now = { patient: { member_id: "1" } };
  expect(stillSent([error("/patient/member_id")], { patient: null }, now)).toEqual([]);
});
