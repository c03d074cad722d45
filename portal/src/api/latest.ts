/**
 * After a change, the page continues with the version of the response: a further action that is sent before the record
 * was read again is then no outdated one.
 */
import type { QueryClient, QueryKey } from "@tanstack/react-query";

/** The members of `answer` that `record` has, if `answer` is of a later version. */
export function withAnswer<T extends object>(record: T, answer: object): T {
  const before = versionOf(record);
  const after = versionOf(answer);
  if (before === null || after === null || after <= before) {
    return record;
  }
  const known = Object.entries(answer).filter(([name]) => name in record);
  return { ...record, ...Object.fromEntries(known) };
}

/** Puts an answer into the cached record. A read that began before the change does not replace it. */
export async function applyAnswer(
  client: QueryClient,
  queryKey: QueryKey,
  answer: unknown,
): Promise<void> {
  if (typeof answer !== "object" || answer === null) {
    return;
  }
  await client.cancelQueries({ queryKey, exact: true });
  client.setQueryData(
    queryKey,
    (record: object | undefined) => record && withAnswer(record, answer),
  );
}

function versionOf(value: object): number | null {
  return "version" in value && typeof value.version === "number" ? value.version : null;
}
