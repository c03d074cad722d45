import { useQuery } from "@tanstack/react-query";
import { api, onVersion, type Schemas, unwrap } from "../api/client";
import { ProviderFacts } from "../details/RequestContent";
import { formatAddress, formatTin } from "../format/identifiers";
import { text } from "../text";
import { ActionDialog } from "../ui/ActionDialog";
import { Button } from "../ui/Button";
import type { HistoryEvent } from "../ui/changes";
import { TextField } from "../ui/fields";
import { Damaged, Empty, Loaded } from "../ui/parts";
import { useStored } from "../ui/stored";
import { useDebounced } from "../ui/useDebounced";

const words = text.operations;

interface Unmatched {
  request_id: string;
  /** The version that the page shows; without it, as in a queue, the current one is read. */
  version?: number;
  role: Schemas["ProviderRole"];
  submitted: Schemas["Provider"] | null;
  search?: Schemas["DirectorySearchLink"] | null;
}

/** Replace a provider that the directory does not have by an entry of the directory. */
export function MatchDialog({
  row,
  history = [],
  onClose,
}: {
  row: Unmatched;
  history?: readonly HistoryEvent[];
  onClose: () => void;
}) {
  const [{ id, zip, name }, setEntry, reset] = useStored(`match.${row.request_id}.${row.role}`, {
    id: "",
    zip: row.search?.zip_code ?? row.submitted?.address?.zip_code ?? "",
    name: row.search?.name ?? row.submitted?.name ?? "",
  });
  const set = (change: { id?: string; zip?: string; name?: string }) =>
    setEntry((before) => ({ ...before, ...change }));
  const kind = row.search?.kind ?? row.submitted?.kind ?? "INDIVIDUAL";
  const typed = useDebounced(`${zip}|${name}`);
  const found = useQuery({
    queryKey: ["directory", kind, typed],
    queryFn: () =>
      unwrap(
        api.GET("/v1/providers", {
          params: { query: { zip_code: zip, kind, ...(name.trim() ? { name } : {}) } },
        }),
      ),
    enabled: /^\d{5}$/.test(zip),
    placeholderData: (before) => before,
  });
  return (
    <ActionDialog
      wide
      title={words.matchTitle}
      action={words.match}
      done={words.matched}
      names={(pointer) => (pointer === "/provider_id" ? words.matchId : undefined)}
      onClose={onClose}
      record={["operations", "request", row.request_id]}
      refresh={[["operations"]]}
      history={history}
      send={async () => {
        const { request_id } = row;
        const { version } =
          row.version === undefined
            ? await unwrap(
                api.GET("/v1/operations/requests/{request_id}", {
                  params: { path: { request_id } },
                }),
              )
            : { version: row.version };
        const changed = await unwrap(
          api.POST("/v1/operations/requests/{request_id}/providers", {
            params: onVersion({ request_id, version }),
            body: { provider_id: id.trim(), role: row.role },
          }),
        );
        reset();
        return changed;
      }}
    >
      <h3>{words.matchSubmitted}</h3>
      <ProviderFacts provider={row.submitted} />
      <h3>{words.search}</h3>
      <div className="form-grid">
        <TextField
          {...OUTSIDE}
          pointer="/name"
          label={words.directoryName}
          value={name}
          onChange={(entry) => set({ name: entry })}
        />
        <TextField
          {...OUTSIDE}
          pointer="/zip_code"
          label={words.directoryZip}
          inputMode="numeric"
          maxLength={5}
          value={zip}
          onChange={(entry) => set({ zip: entry })}
        />
      </div>
      {found.fetchStatus !== "idle" || found.data ? (
        <Loaded query={found}>
          {({ providers, damaged }) => (
            <>
              <Damaged entries={damaged} />
              {providers.length === 0 ? (
                <Empty>{words.matchNone}</Empty>
              ) : (
                <ul className="plain">
                  {providers.map(({ provider, miles }) => (
                    <li key={`${provider.provider_id} ${formatAddress(provider.address)}`}>
                      <strong>{provider.name}</strong>{" "}
                      <span className="small">
                        {[
                          provider.provider_id,
                          provider.npi,
                          formatTin(provider.tin),
                          formatAddress(provider.address),
                          words.miles(miles),
                        ]
                          .filter(Boolean)
                          .join(" · ")}
                      </span>{" "}
                      <Button
                        look="quiet"
                        aria-pressed={provider.provider_id === id}
                        aria-label={`${words.matchChoose} ${provider.name}`}
                        onClick={() => set({ id: provider.provider_id ?? "" })}
                      >
                        {words.matchChoose}
                      </Button>
                    </li>
                  ))}
                </ul>
              )}
            </>
          )}
        </Loaded>
      ) : (
        <p className="small">{words.matchZipFirst}</p>
      )}
      <TextField
        pointer="/provider_id"
        label={words.matchId}
        hint={words.matchIdHint}
        value={id}
        onChange={(entry) => set({ id: entry })}
      />
    </ActionDialog>
  );
}

/** The form of no element of the page: Enter in the search sends nothing. */
const OUTSIDE = { form: "directory-search" };
