/** Rows of the dashboard: what can be done with each, which changed, in which order. */
import type { Schemas } from "../../api/client";
import { text } from "../../text";
import { STATUSES } from "../../ui/statuses";

export type Row = Schemas["DashboardRowResponse"];
export type Action = Schemas["Action"];

export interface RowAction {
  action: Action;
  /** In the API's words. */
  label: string;
  /** The screen that the action opens; null where the row itself requests a confirmation. */
  to: string | null;
}

type Target = "draft" | "delete" | "details" | "dialog";

/** What a row offers of each action; the others are offered by the details or by other areas. */
const TARGETS: Partial<Record<Action, Target>> = {
  RESUME: "draft",
  DELETE: "delete",
  DETAILS: "details",
  MODIFY: "dialog",
  APPEAL: "dialog",
};

export function rowActions(
  row: Pick<Row, "request_id" | "allowed_actions" | "allowed_actions_labels">,
): readonly RowAction[] {
  return row.allowed_actions.flatMap((action, index) => {
    const target = TARGETS[action];
    if (target === undefined) {
      return [];
    }
    const label = row.allowed_actions_labels[index] ?? action;
    return [{ action, label, to: pathOf(target, row.request_id, action) }];
  });
}

function pathOf(target: Target, id: string, action: Action): string | null {
  switch (target) {
    case "draft":
      return `/drafts/${id}`;
    case "delete":
      return null;
    case "details":
      return `/requests/${id}`;
    case "dialog":
      return `/requests/${id}?do=${action.toLowerCase()}`;
  }
}

/** Who acts next; the time follows where there is one. */
export function waitWords(row: Pick<Row, "status" | "due_at" | "waiting_on_label">): string {
  const words = text.provider.table;
  if (row.status === "INCOMPLETE") {
    return words.retainedUntil;
  }
  return row.due_at ? words.waitsUntil(row.waiting_on_label) : words.waitsOn(row.waiting_on_label);
}

/** The screen of a row: a draft opens in the form, a request with its details. */
export function pathOfRow(row: Pick<Row, "request_id" | "status">): string {
  return row.status === "INCOMPLETE" ? `/drafts/${row.request_id}` : `/requests/${row.request_id}`;
}

/**
 * The rows of all pages. A request that changes while one pages is listed again: the later of its rows
 * stays, at the place of the first.
 */
export function rowsOf(pages: readonly { requests: readonly Row[] }[] | undefined): readonly Row[] {
  const rows = new Map<string, Row>();
  for (const page of pages ?? []) {
    for (const row of page.requests) {
      const known = rows.get(row.request_id);
      if (known === undefined || known.updated_at <= row.updated_at) {
        rows.set(row.request_id, row);
      }
    }
  }
  return [...rows.values()];
}

/** The rows whose status, or whose party to act, differs from before; rows that were not shown are no change. */
export function changedRows(before: readonly Row[], after: readonly Row[]): readonly Row[] {
  const known = new Map(before.map((row) => [row.request_id, row]));
  return after.filter((row) => {
    const old = known.get(row.request_id);
    return old !== undefined && (old.status !== row.status || old.waiting_on !== row.waiting_on);
  });
}

export const ORDERS = ["changed", "service", "status", "number"] as const;
export type Order = (typeof ORDERS)[number];

export function isOrder(value: unknown): value is Order {
  return ORDERS.some((order) => order === value);
}

const COMPARE: Record<Order, (one: Row, other: Row) => number> = {
  changed: (one, other) => compare(other.updated_at, one.updated_at),
  service: (one, other) => compare(other.first_day, one.first_day),
  status: (one, other) => STATUSES[one.status].order - STATUSES[other.status].order,
  number: (one, other) => compare(one.number, other.number),
};

export function inOrder(rows: readonly Row[], order: Order): readonly Row[] {
  return [...rows].sort(COMPARE[order]);
}

function compare(one: string | null | undefined, other: string | null | undefined): number {
  const [left, right] = [one ?? "", other ?? ""];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A page or list of rows with one row's flag changed; the same object where it does not hold the row. */
export function withFlag<Page extends { requests: Row[] }>(
  page: Page,
  id: string,
  flaggedAt: string | null,
): Page {
  if (!page.requests.some((row) => row.request_id === id)) {
    return page;
  }
  const requests = page.requests.map((row) =>
    row.request_id === id ? { ...row, flagged_at: flaggedAt } : row,
  );
  return { ...page, requests };
}
