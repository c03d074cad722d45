/**
 * State that survives a reload, the way back, and a new sign-in: stored in the tab's session storage under the
 * user's id, and deleted at sign-out or with the tab. Never use it for SSNs.
 */
import { type Dispatch, type SetStateAction, useCallback, useState } from "react";
import { session } from "../auth/session";

function keyOf(name: string): string {
  return `precert.${session().subject ?? ""}.${name}`;
}

export function readStored<Value>(name: string): Value | null {
  try {
    const stored = window.sessionStorage.getItem(keyOf(name));
    return stored === null ? null : (JSON.parse(stored) as Value);
  } catch {
    return null;
  }
}

export function writeStored<Value>(name: string, value: Value): void {
  if (session().left) {
    return; // An answer that arrives late would store a patient's data for the next user.
  }
  try {
    window.sessionStorage.setItem(keyOf(name), JSON.stringify(value));
  } catch {
    // A full or blocked storage: the state lives on this page only.
  }
}

export function removeStored(name: string): void {
  window.sessionStorage.removeItem(keyOf(name));
}

/** As `useState`, stored. The third element deletes what is stored and returns to the initial value. */
export function useStored<Value>(
  name: string,
  initial: Value,
): [Value, Dispatch<SetStateAction<Value>>, () => void] {
  const [value, setValue] = useState<Value>(() => readStored<Value>(name) ?? initial);
  const set = useCallback<Dispatch<SetStateAction<Value>>>(
    (update) =>
      setValue((before) => {
        const after =
          typeof update === "function" ? (update as (value: Value) => Value)(before) : update;
        writeStored(name, after);
        return after;
      }),
    [name],
  );
  const reset = useCallback(() => {
    removeStored(name);
    setValue(initial);
  }, [name, initial]);
  return [value, set, reset];
}
