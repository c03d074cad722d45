/** The requesting providers of the last requests of the TIN: the first one is entered by itself. */
import { useQuery } from "@tanstack/react-query";
import { api, type Schemas, unwrap } from "../api/client";
import { useMe } from "../api/queries";
import { useTinQuery } from "../shell/tin";
import type { Provider } from "./content";

interface Remembered {
  providers: readonly Provider[];
  damaged: readonly Schemas["DamagedResponse"][];
}

const NONE: Remembered = { providers: [], damaged: [] };

export function useRequestingProviders(enabled = true): Remembered {
  const tin = useTinQuery();
  // Intake staff act for no TIN and have no such list.
  const provider = useMe().data?.entitlements.includes("PatientSearch") ?? false;
  const query = useQuery({
    queryKey: ["providers", "requesting", tin],
    queryFn: () => unwrap(api.GET("/v1/providers/requesting", { params: { query: tin } })),
    staleTime: 5 * 60_000,
    enabled: enabled && provider,
    select: ({ providers, damaged }) => ({
      providers: providers.map(({ provider }) => provider),
      damaged,
    }),
  });
  return query.data ?? NONE;
}
