import type { ErrorItem } from "../api/client";

/** The errors of what is still as it was in the body that was refused: what was changed since may be correct. */
export function stillSent<Item extends Pick<ErrorItem, "pointer">>(
  errors: readonly Item[],
  sent: unknown,
  now: unknown,
): readonly Item[] {
  return errors.filter(
    ({ pointer }) =>
      JSON.stringify(valueAt(sent, pointer)) === JSON.stringify(valueAt(now, pointer)),
  );
}

function valueAt(body: unknown, pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .reduce(
      (value: unknown, step) =>
        typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined,
      body,
    );
}
