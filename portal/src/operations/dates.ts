/** The lines whose approved dates an operator changed. */
import type { Schemas } from "../api/client";

export type DateEntries = Readonly<Record<string, { from: string; to: string }>>;

/** The changed lines, in the order of the request; lines as they were are left out. */
export function changedDates(before: DateEntries, entered: DateEntries): Schemas["DateChange"][] {
  return Object.entries(before).flatMap(([lineId, old]) => {
    const now = entered[lineId];
    return now === undefined || (now.from === old.from && now.to === old.to)
      ? []
      : [{ line_id: lineId, from_date: now.from, to_date: now.to }];
  });
}
