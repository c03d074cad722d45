import { expect, test } from "vitest";
import type { Procedure } from "./content";
import { hasOther, sameForAll } from "./procedureRows";

function procedure(code: string, entries: Partial<Procedure> = {}): Procedure {
  const none = { code_type: null, modifiers: [], start_date: null, unit_type: null, units: null };
  return { code, ...none, ...entries };
}

test("all codes have the units of the first one, and their own modifiers", () => {
  const first = procedure("44120", { units: 2, unit_type: "VISITS", start_date: "2026-12-01" });
  const [, second] = sameForAll([first, procedure("44125", { units: 1, modifiers: ["50"] })]);
  expect(second).toEqual({ ...first, code: "44125", modifiers: ["50"] });
});

test("entries are lost only where a code had others", () => {
  const first = procedure("44120", { units: 2, unit_type: "UNITS" });
  for (const [entries, lost] of [
    [{}, false],
    [{ units: 2 }, false],
    [{ units: 1 }, true],
    [{ start_date: "2026-12-02" }, true],
  ] as const) {
    const before = procedure("44125", entries);
    expect(hasOther(before, sameForAll([first, before])[1])).toBe(lost);
  }
});
