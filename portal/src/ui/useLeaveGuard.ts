import { useEffect } from "react";
import { useBlocker } from "react-router";

/** Ask before unsaved entries are left: inside the portal by the blocker it returns, else by the browser. */
export function useLeaveGuard(unsaved: boolean) {
  useEffect(() => {
    if (!unsaved) {
      return;
    }
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [unsaved]);
  return useBlocker(({ currentLocation, nextLocation }) => {
    return unsaved && currentLocation.pathname !== nextLocation.pathname;
  });
}
