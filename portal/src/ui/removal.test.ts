import { expect, test } from "vitest";
import { restored, withoutIndex } from "./removal";

test("a removed entry is at its place again when the removal is undone", () => {
  const list = ["44120", "44125", "44130"];
  const left = withoutIndex(list, 1);
  expect(left).toEqual(["44120", "44130"]);
  expect(restored(left, { item: "44125", index: 1 })).toEqual(list);
});

test("entries that were added meanwhile stay when a removal is undone", () => {
  expect(restored(["44140", "44150"], { item: "44120", index: 0 })).toEqual([
    "44120",
    "44140",
    "44150",
  ]);
});

test("a removed entry is the last one when the list became shorter", () => {
  expect(restored(["44140"], { item: "44130", index: 2 })).toEqual(["44140", "44130"]);
  expect(restored([], { item: "44130", index: 2 })).toEqual(["44130"]);
});
