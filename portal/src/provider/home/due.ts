/** What is due for the provider, from one list in order of its due dates. */
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
