import { useEffect, useState } from "react";

const PAUSE_MS = 250;

/** The value after it has not changed for a while: at most one call per pause of typing. */
export function useDebounced<Value>(value: Value, pause = PAUSE_MS): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), pause);
    return () => window.clearTimeout(timer);
  }, [value, pause]);
  return settled;
}
