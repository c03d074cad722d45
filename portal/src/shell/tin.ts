/** The TIN that the person acts for: chosen in the header where there are several. */
import { createContext, useContext } from "react";

export interface ActingFor {
  /** Undefined where the token has none: the API then returns what it needs. */
  tin: string | undefined;
  choose: (tin: string) => void;
}

export const ActingForContext = createContext<ActingFor>({ tin: undefined, choose: () => {} });

export function useActingFor(): ActingFor {
  return useContext(ActingForContext);
}

/** The query parameter of lists: `{tin}` or nothing. */
export function useTinQuery(): { tin?: string } {
  const { tin } = useActingFor();
  return tin === undefined ? {} : { tin };
}
