import type { ErrorItem } from "../api/client";

/** The errors with the name of their field before the message, as a summary lists them. */
export function named(
  errors: readonly ErrorItem[],
  nameOf: (pointer: string) => string | undefined,
): readonly ErrorItem[] {
  return errors.map((error) => {
    const name = nameOf(error.pointer);
    return name === undefined ? error : { ...error, message: `${headed(name)} ${error.message}` };
  });
}

/** A name that is a question ends with its own mark. */
function headed(name: string): string {
  return name.endsWith("?") ? name : `${name}:`;
}
