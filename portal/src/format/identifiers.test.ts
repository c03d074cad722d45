import { expect, test } from "vitest";
import {
  formatAddress,
  formatPhone,
  formatReference,
  formatSize,
  formatTin,
  phoneLink,
  splitAtPhones,
} from "./identifiers";

test("phone numbers of ten digits are grouped, whatever separates them", () => {
  for (const phone of ["800.882.4462", "8008824462", "1-800-882-4462", "(800) 882 4462"]) {
    expect(formatPhone(phone)).toBe("(800) 882-4462");
  }
  expect(formatPhone("ext. 12")).toBe("ext. 12");
  expect(formatPhone("80088244621")).toBe("80088244621");
  expect(phoneLink("800.882.4462")).toBe("tel:8008824462");
  expect(phoneLink("1-800-882-4462")).toBe("tel:8008824462");
});

test("an extension is shown behind the number, and is not dialed", () => {
  const phone = "800-298-4806, option 7, extension 20142";
  expect(formatPhone(phone)).toBe("(800) 298-4806, option 7, extension 20142");
  expect(phoneLink(phone)).toBe("tel:8002984806");
});

test("phone numbers are found in a text", () => {
  expect(splitAtPhones("Call (800) 882-4462.")).toEqual(["Call ", "(800) 882-4462", "."]);
  expect(splitAtPhones("No number.")).toEqual(["No number."]);
});

test("a TIN is shown with its hyphen", () => {
  expect(formatTin("463778226")).toBe("46-3778226");
  expect(formatTin(null)).toBe("");
});

test("sizes have a unit", () => {
  expect(formatSize(999)).toBe("999 B");
  expect(formatSize(20_971_520)).toBe("20 MB");
  expect(formatSize(1_234)).toBe("1.2 KB");
});

test("an address is one line", () => {
  const address = {
    line_1: "1 Main St",
    line_2: null,
    city: "Cleveland",
    state: "OH",
    zip_code: "44122",
  };
  expect(formatAddress(address)).toBe("1 Main St, Cleveland, OH 44122");
});

test("the claim of an EHR is named by its value, other references as they are", () => {
  expect(formatReference("urn:ehr:claims|111099", "API")).toBe("111099");
  expect(formatReference("A|1", "FAX")).toBe("A|1");
  expect(formatReference(null, "API")).toBe("");
});
