import { expect, test } from "vitest";
import { type ChangedChoice, clearedBy, nextChange, withChoiceRestored } from "./choices";
import { emptyService, type Service } from "./content";

const inpatient: Service = {
  ...emptyService(),
  authorization_type: "INPATIENT",
  type_of_service: "SURGICAL_INPATIENT",
  place_of_service: "SURGICAL",
  urgency: "STANDARD",
  admission_date: "2027-03-15",
  requested_days: 4,
  primary_diagnosis: "K55",
};
const outpatient: Service = {
  ...inpatient,
  authorization_type: "OUTPATIENT",
  type_of_service: null,
  place_of_service: null,
};
const changed: ChangedChoice = {
  name: "authorization_type",
  before: inpatient,
  after: outpatient,
};
/** As the form of outpatient services settles it. */
const settled: Service = {
  ...outpatient,
  admission_date: null,
  service_date: "2027-03-15",
  requested_days: null,
};

test("a changed choice clears what waits for it and what its form does not have, but no day that moved", () => {
  expect(clearedBy(changed, outpatient)).toEqual(["place_of_service", "type_of_service"]);
  expect(clearedBy(changed, settled)).toEqual([
    "place_of_service",
    "requested_days",
    "type_of_service",
  ]);
});

test("entries are as before when a changed choice is undone", () => {
  expect(withChoiceRestored(changed, settled)).toEqual(inpatient);
});

test("entries since the change stay when it is undone, but not the choices that waited for it", () => {
  const since: Service = {
    ...settled,
    type_of_service: "DME",
    service_date: "2027-03-20",
    primary_diagnosis: "K50",
    urgency: "EXPEDITED",
  };
  expect(withChoiceRestored(changed, since)).toMatchObject({
    authorization_type: "INPATIENT",
    type_of_service: "SURGICAL_INPATIENT",
    admission_date: "2027-03-20",
    primary_diagnosis: "K50",
    urgency: "EXPEDITED",
    requested_days: 4,
  });
});

test("nothing counts as cleared when it is entered again, or when all entries were cleared", () => {
  const again: Service = {
    ...settled,
    type_of_service: "DME",
    place_of_service: "HOME",
    requested_days: 1,
  };
  expect(clearedBy(changed, again)).toEqual([]);
  expect(clearedBy(changed, emptyService())).toEqual([]);
});

test("what was cleared first is restored when a choice is changed again and opens nothing further", () => {
  const back: Service = { ...outpatient, authorization_type: "INPATIENT" };
  const next = nextChange(changed, {
    name: "authorization_type",
    before: outpatient,
    after: back,
  });
  expect(clearedBy(next, back)).toEqual(["place_of_service", "type_of_service"]);
  expect(withChoiceRestored(next, back)).toEqual(inpatient);
});

test("the last change is restored when it opens choices again", () => {
  const filled: Service = { ...outpatient, type_of_service: "DME" };
  const last: ChangedChoice = {
    name: "authorization_type",
    before: filled,
    after: { ...filled, authorization_type: "INPATIENT", type_of_service: null },
  };
  expect(nextChange(changed, last)).toBe(last);
  expect(nextChange(null, last)).toBe(last);
});
