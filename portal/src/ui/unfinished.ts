/** Which entries of this tab are nowhere else: signing out would delete them. Names only, no entries. */
import { useEffect } from "react";
import { readStored, writeStored } from "./stored";

const NAME = "unfinished";

type Names = Readonly<Record<string, true>>;

export function markUnfinished(name: string, unfinished: boolean): void {
  const before = readStored<Names>(NAME) ?? {};
  if (name in before === unfinished) {
    return;
  }
  const { [name]: _, ...others } = before;
  writeStored(NAME, unfinished ? { ...others, [name]: true } : others);
}

/** Mark the entries of a screen; they stay marked when it is left. */
export function useUnfinished(name: string, unfinished: boolean): void {
  useEffect(() => markUnfinished(name, unfinished), [name, unfinished]);
}

export function hasUnfinished(): boolean {
  return Object.keys(readStored<Names>(NAME) ?? {}).length > 0;
}
