import { expect, test } from "vitest";
import type { FormField, FormResponse } from "./form";
import { choiceName, labelOf, named } from "./labels";

const plain = {
  ...{ choices: [], earliest: null, fields: [], hint: null, kind: "TEXT" as const },
  ...{
    format: null,
    latest: null,
    max_items: null,
    max_length: null,
    maximum: null,
    minimum: null,
    one_of: [],
  },
  ...{ pattern: null, required_for: null },
};
const units: FormField = { ...plain, name: "units", label: "Requested units" };
const form: FormResponse = {
  fields: [
    { ...plain, name: "procedures", label: "Procedure codes", fields: [units] },
    {
      ...plain,
      name: "urgency",
      label: "Level of urgency",
      choices: [{ code: "STANDARD", name: "Standard" }],
    },
  ],
  later: [],
  max_codes: 100,
  not_shown: [],
  request_fields: [],
};
const names = {
  forms: [form, form],
  requestFields: [
    {
      ...plain,
      name: "servicing_provider",
      label: "Servicing provider",
      fields: [{ ...plain, name: "phone", label: "Phone" }],
    },
  ],
};

test("each pointer has the names of its parts", () => {
  expect(labelOf("/content/services/1/urgency", names)).toBe("Service 2 · Level of urgency");
  expect(labelOf("/services/0/procedures/1/units", names)).toBe(
    "Service 1 · Code 2 · Requested units",
  );
  const services = [{ procedures: [{ code: "44120" }, { code: "44130" }] }];
  expect(labelOf("/services/0/procedures/1/units", { ...names, services })).toBe(
    "Service 1 · 44130 · Requested units",
  );
  expect(labelOf("/content/servicing_provider/phone", names)).toBe("Servicing provider · Phone");
  expect(labelOf("/content/servicing_provider/address/zip_code", names)).toBe(
    "Servicing provider · ZIP code",
  );
});

test("the summary names the field before the API's words", () => {
  const [error] = named(
    [
      {
        pointer: "/content/services/0/urgency",
        code: "missing",
        message: "this is required",
        choices: null,
      },
    ],
    names,
  );
  expect(error?.message).toBe("Service 1 · Level of urgency: this is required");
});

test("a choice has its name", () => {
  expect(choiceName("/services/0/urgency", "STANDARD", names)).toBe("Standard");
  expect(choiceName("/services/0/urgency", "OTHER", names)).toBeNull();
});
