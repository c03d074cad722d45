import { expect, test } from "vitest";
import { nameIn } from "./names";

test("an error of a line has the line and the field before it", () => {
  const name = nameIn(["1.1", "1.2"]);
  expect(name("/lines/1/reason_code")).toBe("Line 1.2 · Reason");
  expect(name("/lines/0/approved/units")).toBe("Line 1.1 · Approved units");
  expect(name("/lines/0")).toBe("Line 1.1");
  expect(name("/documents/3")).toBe("Documents to request");
  expect(name("/cycle")).toBeUndefined();
});
