/** Server state: one query client, how often to retry, and how to poll. */
import { type Query, QueryClient, useQuery } from "@tanstack/react-query";
import { ApiError, api, NetworkError, type Schemas, unwrap } from "./client";

const TRIES = 3;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      gcTime: 10 * 60_000,
      retry: (failures, error) => failures < TRIES && isTransient(error),
      retryDelay: (failures, error) => waitBefore(failures, error),
    },
    // Without a network a change fails, and the person repeats it: a paused one would be sent later, after
    // further entries, and from a page that was left.
    mutations: { retry: false, networkMode: "always" },
  },
});

export function isTransient(error: unknown): boolean {
  return error instanceof NetworkError || (error instanceof ApiError && error.transient);
}

/** Milliseconds before the next try: the API's Retry-After, else doubling from half a second. */
export function waitBefore(failures: number, error: unknown): number {
  if (error instanceof ApiError && error.retryAfter !== null) {
    return error.retryAfter * 1000;
  }
  return Math.min(500 * 2 ** failures, 8000);
}

const FASTEST_MS = 2_000;
const SLOWEST_MS = 30_000;

/**
 * `refetchInterval` for what changes while it is shown: fast after a change, then slower.
 *
 * The interval is a quarter of the time since the data last changed, from 2 to 30 seconds. What was refused
 * is not read again: the page would change between its error and its loading state.
 */
export function livePolling() {
  let last: unknown;
  let changedAt = Date.now();
  return (query: { state: Pick<Query["state"], "data" | "error"> }): number | false => {
    const { data, error } = query.state;
    if (data === undefined && error !== null && !isTransient(error)) {
      return false;
    }
    // Structural sharing keeps the object while the content is the same.
    if (data !== last) {
      last = data;
      changedAt = Date.now();
    }
    return pollAfter(Date.now() - changedAt);
  };
}

export function pollAfter(unchangedMs: number): number {
  return Math.min(Math.max(unchangedMs / 4, FASTEST_MS), SLOWEST_MS);
}

/** Who the caller is: entitlements, TINs with names, plans. */
export function useMe() {
  return useQuery({
    queryKey: ["me"],
    queryFn: () => unwrap(api.GET("/v1/me")),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export type CodeLists = ReadonlyMap<string, readonly Schemas["CodeResponse"][]>;

/** The code lists with their words; they change only with the payer's data. */
export function useReference() {
  return useQuery({
    queryKey: ["reference"],
    queryFn: () => unwrap(api.GET("/v1/reference")),
    staleTime: Number.POSITIVE_INFINITY,
    select: codeLists,
  });
}

function codeLists(reference: Schemas["ReferenceResponse"]): CodeLists {
  return new Map(reference.code_lists.map((list) => [list.name, list.codes]));
}
