/** What is due for the office, from one list in order of its due dates. */
import type { Row } from "../requests/rows";

export interface DueWork {
  drafts: readonly Row[];
  requests: readonly Row[];
}

export function dueWork(rows: readonly Row[]): DueWork {
  return {
    drafts: rows.filter((row) => row.status === "INCOMPLETE"),
    requests: rows.filter((row) => row.status !== "INCOMPLETE" && row.waiting_on === "PROVIDER"),
  };
}

const SOON_MS = 24 * 3_600_000;

/** Whether a draft expires within a day. */
export function expiresSoon(row: Pick<Row, "expires_at">, now: Date): boolean {
  return (
    Boolean(row.expires_at) && new Date(row.expires_at ?? 0).getTime() - now.getTime() < SOON_MS
  );
}
