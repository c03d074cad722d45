import { expect, test } from "vitest";
import { emptyContent, emptyProvider, emptyService, type Service } from "./content";
import {
  type FormField,
  type FormResponse,
  isComplete,
  isWellFormed,
  needsMedication,
  savable,
  settle,
  shownFields,
  withChoice,
  withoutRefused,
} from "./form";

function field(name: string, values: Partial<FormField>): FormField {
  return {
    ...{ choices: [], earliest: null, fields: [], hint: null, kind: "TEXT", label: name },
    ...{
      format: null,
      latest: null,
      max_items: null,
      max_length: null,
      maximum: null,
      minimum: null,
      name,
      one_of: [],
    },
    ...{ pattern: null, required_for: null },
    ...values,
  };
}

function choice(name: string, ...codes: string[]): FormField {
  const choices = codes.map((code) => ({ code, name: code }));
  return field(name, { kind: "CHOICE", required_for: "CHECK", choices });
}

const procedures = field("procedures", {
  kind: "GROUPS",
  fields: [
    field("code", { kind: "CODE" }),
    field("units", { kind: "NUMBER", minimum: 1, maximum: 999_999 }),
  ],
});

const outpatient: FormResponse = {
  fields: [
    choice("authorization_type", "INPATIENT", "OUTPATIENT"),
    choice("type_of_service", "OUTPATIENT_SURGERY", "DME"),
    choice("place_of_service", "HOME"),
    field("service_date", { kind: "DAY", required_for: "CHECK" }),
    field("primary_diagnosis", { kind: "CODE", pattern: "^[A-Za-z][0-9A-Za-z]{2}$" }),
    field("additional_diagnoses", { kind: "CODES" }),
    procedures,
  ],
  later: [
    {
      name: "medication",
      label: "Medication",
      waits_for: "procedures",
      field: field("medication", {
        kind: "GROUP",
        required_for: "CHECK",
        one_of: ["name", "ndc"],
        fields: [field("name", {}), field("ndc", {})],
      }),
      required_for: null,
      codes: [
        { code_type: "HCPCS", code_type_label: "HCPCS", code_from: "J0000", code_to: "J9999" },
      ],
    },
  ],
  not_shown: ["admission_date", "requested_days"],
  request_fields: [],
  max_codes: 100,
};

const drug = {
  ...{ code: "J1745", code_type: null, modifiers: [], start_date: null },
  ...{ unit_type: null, units: null },
};

test("choices that are no longer offered are cleared, and hidden fields too", () => {
  const settled = settle(
    {
      ...emptyService(),
      authorization_type: "OUTPATIENT",
      type_of_service: "SURGICAL_INPATIENT",
      requested_days: 4,
    },
    outpatient,
  );
  expect(settled.type_of_service).toBeNull();
  expect(settled.requested_days).toBeNull();
  expect(settled.authorization_type).toBe("OUTPATIENT");
});

test("a required field with one choice has it, others stay open", () => {
  const settled = settle(emptyService(), outpatient);
  expect(settled.place_of_service).toBe("HOME");
  expect(settled.type_of_service).toBeNull();
});

test("the day moves to the field that is shown instead", () => {
  const settled = settle({ ...emptyService(), admission_date: "2027-03-15" }, outpatient);
  expect(settled.service_date).toBe("2027-03-15");
  expect(settled.admission_date).toBeNull();
});

test("codes stay while their field waits for a choice", () => {
  const waiting: FormResponse = {
    ...outpatient,
    fields: outpatient.fields.slice(0, 2),
    later: [
      ...["place_of_service", "procedures"].map((name) => ({
        ...{
          name,
          label: name,
          waits_for: "type_of_service",
          required_for: null,
          codes: [],
          field: null,
        },
      })),
    ],
  };
  const service = { ...emptyService(), place_of_service: "HOME", procedures: [drug] };
  const settled = settle(service, waiting);
  expect(settled.procedures).toEqual([drug]);
  expect(settled.place_of_service).toBeNull();
});

test("a choice opens the choices that wait for it, and no others", () => {
  const later = [
    ["type_of_service", "authorization_type"],
    ["place_of_service", "type_of_service"],
    ["procedures", "type_of_service"],
  ].map(([name = "", waits_for = ""]) => ({
    ...{ name, waits_for, label: name, required_for: null, codes: [], field: null },
  }));
  const service: Service = {
    ...emptyService(),
    authorization_type: "INPATIENT",
    type_of_service: "SURGICAL_INPATIENT",
    place_of_service: "SURGICAL",
    urgency: "STANDARD",
    procedures: [drug],
  };
  expect(withChoice(service, "authorization_type", "OUTPATIENT", later)).toEqual({
    ...service,
    authorization_type: "OUTPATIENT",
    type_of_service: null,
    place_of_service: null,
  });
  expect(withChoice(service, "type_of_service", "MATERNITY", later)).toEqual({
    ...service,
    type_of_service: "MATERNITY",
    place_of_service: null,
  });
  expect(withChoice(service, "authorization_type", "INPATIENT", later)).toEqual(service);
});

test("choices that the form refuses are left out of the next question", () => {
  const choices = { authorization_type: "OUTPATIENT", type_of_service: "MATERNITY" };
  expect(withoutRefused(choices, ["/type_of_service"])).toEqual({
    authorization_type: "OUTPATIENT",
  });
  expect(withoutRefused(choices, ["/urgency"])).toEqual(choices);
});

test("a service that fits its form stays the same object", () => {
  const service = settle(emptyService(), outpatient);
  expect(settle(service, outpatient)).toBe(service);
});

test("the medication is shown when a code is in the ranges of the form", () => {
  const names = (codes: (typeof drug)[]) =>
    shownFields(outpatient, "CHECK", { ...emptyService(), procedures: codes }).map(
      (one) => one.name,
    );
  expect(names([drug])).toContain("medication");
  expect(names([{ ...drug, code: "44120" }])).not.toContain("medication");
  expect(needsMedication(outpatient, [{ ...drug, code_type: "CPT" }])).toBe(false);
});

test("a service is complete when it has what its form requires, also of its codes", () => {
  const service: Service = {
    ...emptyService(),
    ...{ authorization_type: "OUTPATIENT", type_of_service: "DME", place_of_service: "HOME" },
    service_date: "2026-12-10",
    procedures: [{ ...drug, code: "44120" }],
  };
  expect(isComplete(service, undefined)).toBe(false);
  expect(isComplete(emptyService(), outpatient)).toBe(false);
  expect(isComplete({ ...service, service_date: null }, outpatient)).toBe(false);
  expect(isComplete(service, outpatient)).toBe(true);
  const drugs = { ...service, procedures: [drug] };
  expect(isComplete(drugs, outpatient)).toBe(false);
  const named = { name: "Infliximab", ndc: null, frequency: null, route: null };
  expect(isComplete({ ...drugs, medication: named }, outpatient)).toBe(true);
  expect(isComplete({ ...drugs, medication: { ...named, name: "" } }, outpatient)).toBe(false);
});

test("a check shows what a check needs, a submission everything", () => {
  const names = (stage: "CHECK" | "SUBMISSION") =>
    shownFields(outpatient, stage, emptyService()).map((one) => one.name);
  expect(names("CHECK")).not.toContain("additional_diagnoses");
  expect(names("SUBMISSION")).toContain("additional_diagnoses");
});

test("entries in progress are not sent, and lists keep their order", () => {
  const provider = field("servicing_provider", {
    kind: "GROUP",
    fields: [field("phone", { kind: "CODE", pattern: "^[0-9]{10}$" })],
  });
  const content = {
    ...emptyContent(null),
    servicing_provider: {
      ...emptyProvider(),
      name: "Clinic",
      phone: "216",
      address: { line_1: "1 A St", line_2: null, city: "", state: "OH", zip_code: "44122" },
    },
    services: [
      {
        ...emptyService(),
        primary_diagnosis: "K5",
        procedures: [{ ...drug, units: 0, modifiers: ["5"] }, drug],
      },
    ],
  };
  const sent = savable(content, [outpatient], [provider]);
  expect(sent.servicing_provider).toMatchObject({ name: "Clinic", phone: null, address: null });
  expect(sent.services[0]?.primary_diagnosis).toBeNull();
  expect(sent.services[0]?.procedures).toEqual([drug, drug]);
});

test("numbers have bounds, days a whole year", () => {
  const units = field("units", { kind: "NUMBER", minimum: 1, maximum: 10 });
  expect([0, 1, 10, 11, 1.5].map((value) => isWellFormed(units, value))).toEqual([
    ...[false, true, true, false, false],
  ]);
  expect(isWellFormed(field("start_date", { kind: "DAY" }), "0002-01-01")).toBe(false);
});
