import { expect, test } from "vitest";
import { EMPTY_SEARCH, patientOf, searchBody } from "./search";

const entry = {
  ...EMPTY_SEARCH,
  member_id: "849382930",
  date_of_birth: "1986-01-01",
  last_name: "Adams",
  first_name: "Allison",
};

test("only the id that was chosen is sent", () => {
  expect(searchBody(entry, "900-12-3456")).toEqual({
    member_id: "849382930",
    ssn: null,
    date_of_birth: "1986-01-01",
    last_name: "Adams",
    first_name: "Allison",
  });
  const bySsn = searchBody({ ...entry, by: "ssn" }, "900-12-3456");
  expect([bySsn.ssn, bySsn.member_id]).toEqual(["900-12-3456", null]);
});

test("what is empty is sent for the API to name it with everything else", () => {
  const body = searchBody({ ...entry, member_id: " ", last_name: "" }, "");
  expect([body.member_id, body.ssn, body.last_name]).toEqual(["", null, ""]);
});

test("the patient of a check has the four fields that identify a member", () => {
  const found = { ...entry, account: "a", account_name: "b" };
  expect(Object.keys(patientOf(found)).sort()).toEqual([
    "date_of_birth",
    "first_name",
    "last_name",
    "member_id",
  ]);
});
