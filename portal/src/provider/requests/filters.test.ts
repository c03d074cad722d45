import { expect, test } from "vitest";
import { filtersOf, isTyped, orderOf, sortOf, withParameter } from "./filters";

test("an address that was changed by hand filters by what is valid of it", () => {
  const search = new URLSearchParams(
    "status=DENIED&waiting_on=toString&service_from=2026-12-01&service_to=soon&other=1",
  );
  expect(filtersOf(search)).toEqual({ status: "DENIED", service_from: "2026-12-01" });
  expect(filtersOf(new URLSearchParams("status=denied"))).toEqual({});
});

test("a filter that is chosen empty is removed from the address", () => {
  const search = new URLSearchParams("status=DENIED&sort=due");
  expect(withParameter(search, "status", "").toString()).toBe("sort=due");
  expect(withParameter(search, "status", "VOID").get("status")).toBe("VOID");
  expect(search.get("status")).toBe("DENIED");
});

test("a day whose year is being typed filters nothing yet", () => {
  expect(["", "0002-12-01", "0202-12-01", "2026-12-01"].map(isTyped)).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

test("an unknown order is the API's own", () => {
  expect(orderOf(new URLSearchParams("order=number"))).toBe("number");
  expect(orderOf(new URLSearchParams("order=price"))).toBe("changed");
  expect(sortOf(new URLSearchParams("sort=due"))).toBe("due");
  expect(sortOf(new URLSearchParams("sort=name"))).toBe("changed");
});
