/** The requesting provider that a user chose last for a TIN, remembered on this computer. */
import { useCallback, useState } from "react";
import { session } from "../auth/session";
import { useActingFor } from "../shell/tin";
import type { Provider } from "./content";

export function useRemembered() {
  const { tin } = useActingFor();
  const key = `precert.${session().subject ?? ""}.requesting.${tin ?? ""}`;
  const [remembered, setRemembered] = useState<Provider | null>(() => read(key));
  const remember = useCallback(
    (provider: Provider) => {
      setRemembered(provider);
      try {
        window.localStorage.setItem(key, JSON.stringify(provider));
      } catch {
        // A blocked storage: it is chosen again next time.
      }
    },
    [key],
  );
  return { remembered, remember };
}

function read(key: string): Provider | null {
  try {
    return JSON.parse(window.localStorage.getItem(key) ?? "null") as Provider | null;
  } catch {
    return null;
  }
}
