/** What is entered in the rows of codes. */
import type { Procedure } from "./content";

/** The first code's date, units and unit type for all codes. */
export function sameForAll(procedures: readonly Procedure[]): Procedure[] {
  const [first] = procedures;
  return procedures.map((procedure) =>
    first
      ? {
          ...procedure,
          start_date: first.start_date,
          units: first.units,
          unit_type: first.unit_type,
        }
      : procedure,
  );
}

/** Whether a code had a date, units or a unit type that are others now. */
export function hasOther(before: Procedure, after: Procedure | undefined): boolean {
  return (["start_date", "units", "unit_type"] as const).some(
    (name) => before[name] !== null && before[name] !== after?.[name],
  );
}

/** The whole number of an entry, at most as long as the largest one. */
export function numberOf(entered: string, maximum: number | null | undefined): number | null {
  const digits = entered.replace(/\D/g, "").slice(0, String(maximum ?? 999_999).length);
  return digits === "" ? null : Number(digits);
}

/** "50 rt" -> ["50", "RT"]; a third character begins the next modifier. */
export function modifiersOf(entered: string): string[] {
  const compact = entered.toUpperCase().replace(/[^0-9A-Z]/g, "");
  return (compact.match(/.{1,2}/g) ?? []).slice(0, 4);
}
