import { expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { emptyProvider, type Provider } from "./content";
import { addressesOf, atAddress, byProvider, chosenRow, preselected } from "./providers";

function row(id: string, street: string, tin: string): Provider {
  const address = {
    line_1: street,
    line_2: null,
    city: "Beachwood",
    state: "OH",
    zip_code: "44122",
  };
  return { ...emptyProvider(), provider_id: id, name: id, tin, address };
}

const TWO_ADDRESSES = [
  row("P1", "1 Park Drive", "203129831"),
  row("P1", "1 Park Drive", "203129832"),
  row("P1", "2 Lake Road", "203129831"),
];

test("the rows of a provider are one suggestion, the nearest provider first", () => {
  const found = [...TWO_ADDRESSES, row("P2", "3 Hill Street", "463778226")].map(
    (provider, miles) => ({ provider, miles }) as Schemas["FoundProviderResponse"],
  );
  expect(byProvider(found).map(({ key, miles, rows }) => [key, miles, rows.length])).toEqual([
    ["P1", 0, 3],
    ["P2", 3, 1],
  ]);
});

test("one address with one TIN is chosen by itself", () => {
  const only = row("P2", "3 Hill Street", "463778226");
  const place = preselected([only]);
  expect(place.tin).toBe("463778226");
  expect(chosenRow([only], place)).toBe(only);
});

test("several addresses, and several TINs at one, are for a person to choose", () => {
  expect(preselected(TWO_ADDRESSES)).toEqual({ address: "", tin: "" });
  expect(chosenRow(TWO_ADDRESSES, preselected(TWO_ADDRESSES))).toBeNull();
  const [park = "", lake = ""] = addressesOf(TWO_ADDRESSES);
  expect(atAddress(TWO_ADDRESSES, park).tin).toBe("");
  expect(atAddress(TWO_ADDRESSES, lake).tin).toBe("203129831");
  expect(chosenRow(TWO_ADDRESSES, { address: park, tin: "203129832" })).toBe(TWO_ADDRESSES[1]);
  expect(chosenRow(TWO_ADDRESSES, { address: lake, tin: "203129832" })).toBeNull();
});
