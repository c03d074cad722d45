import { expect, test } from "vitest";
import {
  type Content,
  changedParts,
  emptyContent,
  emptyProvider,
  emptyService,
  normalized,
  same,
} from "./content";

const patient = {
  member_id: "849382930",
  date_of_birth: "1986-01-01",
  last_name: "Adams",
  first_name: "Allison",
};

function contentWith(values: Partial<Content>): Content {
  return { ...emptyContent(patient), ...values };
}

test("entries are sent as the API stores them", () => {
  const content = contentWith({
    servicing_provider: {
      ...emptyProvider(),
      name: " Clinic ",
      tin: "20-3129831",
      phone: "(216) 555-0188",
      address: { line_1: "1 A St ", line_2: "", city: "Beachwood", state: "oh", zip_code: "44122" },
    },
    requesting_provider: { ...emptyProvider(), name: "  " },
    services: [
      {
        ...emptyService(),
        primary_diagnosis: "k55.0",
        medication: { name: "", ndc: null, frequency: null, route: null },
        procedures: [
          {
            code: "j1745",
            code_type: null,
            modifiers: ["rt"],
            start_date: "",
            unit_type: null,
            units: null,
          },
        ],
      },
    ],
  });
  const sent = normalized(content);
  expect(sent.servicing_provider).toMatchObject({
    name: "Clinic",
    tin: "203129831",
    phone: "2165550188",
    address: { line_1: "1 A St", line_2: null, state: "OH" },
  });
  expect(sent.requesting_provider).toBeNull();
  expect(sent.services[0]).toMatchObject({
    primary_diagnosis: "K550",
    medication: null,
    procedures: [{ code: "J1745", modifiers: ["RT"], start_date: null }],
  });
});

test("a phone number with letters is sent as it is, so that the API names the error", () => {
  const content = contentWith({ servicing_provider: { ...emptyProvider(), phone: "216 CALL" } });
  expect(normalized(content).servicing_provider?.phone).toBe("216 CALL");
});

test("absent, null and empty members are the same", () => {
  expect(same({ a: null, b: [], c: { d: "" } }, {})).toBe(true);
  expect(same({ b: 1, a: 2 }, { a: 2, b: 1 })).toBe(true);
  expect(same(["a", "b"], ["b", "a"])).toBe(false);
  expect(same({ a: 0 }, {})).toBe(false);
});

test("only the parts that differ are named", () => {
  const before = contentWith({});
  const after = contentWith({ confirmed_vendors: ["EVICORE-RAD"], services: [emptyService()] });
  expect(changedParts(before, after)).toEqual(["confirmed_vendors"]);
});
