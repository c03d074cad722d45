/** The filters of a list of requests, in the address: they hold no data of patients. */
import type { Schemas } from "../../api/client";
import { STATUSES } from "../../ui/statuses";
import { isOrder, type Order } from "./rows";

const PARTIES: Record<Schemas["WaitingOn"], true> = {
  PROVIDER: true,
  PAYER: true,
  VENDOR: true,
  NONE: true,
};

export interface Filters {
  status?: Schemas["Status"];
  waiting_on?: Schemas["WaitingOn"];
  service_from?: string;
  service_to?: string;
}

export type FilterName = keyof Filters;

/** Those of an address; values that are none are left out. */
export function filtersOf(search: URLSearchParams): Filters {
  const [status, party] = [search.get("status"), search.get("waiting_on")];
  const [from, to] = [search.get("service_from"), search.get("service_to")];
  return {
    ...(isKey(STATUSES, status) ? { status } : {}),
    ...(isKey(PARTIES, party) ? { waiting_on: party } : {}),
    ...(isDay(from) ? { service_from: from } : {}),
    ...(isDay(to) ? { service_to: to } : {}),
  };
}

/** The address with one parameter changed; an empty value removes it. */
export function withParameter(search: URLSearchParams, name: string, value: string) {
  const changed = new URLSearchParams(search);
  if (value === "") {
    changed.delete(name);
  } else {
    changed.set(name, value);
  }
  return changed;
}

export function orderOf(search: URLSearchParams): Order {
  const order = search.get("order");
  return isOrder(order) ? order : "changed";
}

export function sortOf(search: URLSearchParams): Schemas["Sort"] {
  return search.get("sort") === "due" ? "due" : "changed";
}

function isKey<Key extends string>(keys: Record<Key, unknown>, value: string | null): value is Key {
  return value !== null && Object.hasOwn(keys, value);
}

function isDay(value: string | null): value is string {
  return value !== null && /^\d{4}-\d{2}-\d{2}$/.test(value);
}

/** Whether a day is entered as a whole, or removed. */
export function isTyped(day: string): boolean {
  return day === "" || day >= "1900";
}
