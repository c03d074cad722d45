import { useEffect } from "react";
import { useBlocker } from "react-router";
import { session } from "../auth/session";

/** Request a confirmation before unsaved entries are left: inside the portal by the blocker it returns, else by the browser. */
export function useLeaveGuard(unsaved: boolean) {
  useEffect(() => {
    if (!unsaved) {
      return;
    }
    // Signing in again after the session ended loses nothing: the entries are in the tab.
    const ask = (event: BeforeUnloadEvent) =>
      session().ended || session().left || event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [unsaved]);
  return useBlocker(({ currentLocation, nextLocation }) => {
    return unsaved && currentLocation.pathname !== nextLocation.pathname;
  });
}
