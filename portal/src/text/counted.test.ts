import { describe, expect, it } from "vitest";

import { counted } from "./counted";
import { operations } from "./operations";

describe("counted", () => {
  it("has the noun in the singular when the number is one", () => {
    expect([0, 1, 2].map((count) => counted(count, "code"))).toEqual([
      "0 codes",
      "1 code",
      "2 codes",
    ]);
    expect(operations.miles(1.2)).toBe("1 mile");
  });
});
