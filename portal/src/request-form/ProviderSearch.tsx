/**
 * Choosing a provider: from those selected often, by ZIP code, kind and name, or entered manually.
 * What is typed is stored, so that a reload loses nothing.
 */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";
import { api, type Schemas, unwrap } from "../api/client";
import { formatAddress, formatTin } from "../format/identifiers";
import { useTinQuery } from "../shell/tin";
import { text } from "../text";
import { Button } from "../ui/Button";
import { ErrorBanner } from "../ui/ErrorSummary";
import { RadioField, TextField } from "../ui/fields";
import { Damaged } from "../ui/parts";
import { useStored } from "../ui/stored";
import { TypeAhead } from "../ui/TypeAhead";
import { emptyProvider, type Provider } from "./content";
import type { FormField } from "./form";
import { ProviderFields } from "./ProviderParts";
import {
  addressesOf,
  atAddress,
  byProvider,
  chosenRow,
  type FoundProvider,
  preselected,
  rowsAt,
} from "./providers";

const t = text.requestForm;

export interface ProviderSearchProps {
  /** The provider's pointer in the body: `/content/servicing_provider`. */
  pointer: string;
  /** The name under which entries are stored in the tab. */
  storeKey: string;
  field: FormField | undefined;
  initialKind: Schemas["ProviderKind"];
  /** Suggestions above the list of frequent providers. */
  suggestions?: ReactNode;
  /** Show the frequently selected providers of the TIN. */
  frequent?: boolean | undefined;
  /** The label of the button that takes the provider. */
  action: string;
  onChoose: (provider: Provider) => void;
  onCancel?: () => void;
}

interface Entries {
  zip: string;
  kind: string;
  name: string;
  rows: Provider[];
  address: string;
  tin: string;
  /** The provider that is entered manually; it stays when the directory is searched instead. */
  manual: Provider | null;
  byHand: boolean;
}

type Change = (update: Partial<Entries> | ((before: Entries) => Partial<Entries>)) => void;

const NO_ROWS: Provider[] = [];

export function ProviderSearch(props: ProviderSearchProps) {
  const { pointer, storeKey, field, initialKind, suggestions, frequent = true, action } = props;
  const [entries, setEntries, clear] = useStored<Entries>(storeKey, {
    zip: "",
    kind: initialKind,
    name: "",
    rows: NO_ROWS,
    address: "",
    tin: "",
    manual: null,
    byHand: false,
  });
  const change: Change = (update) =>
    setEntries((before) => ({
      ...before,
      ...(typeof update === "function" ? update(before) : update),
    }));
  const choose = (provider: Provider) => {
    clear();
    props.onChoose(provider);
  };
  const manual = entries.byHand ? entries.manual : null;
  const chosen = manual ?? chosenRow(entries.rows, entries);
  return (
    <form
      className="provider-search"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        if (chosen) {
          choose(chosen);
        }
      }}
    >
      {manual === null ? (
        <>
          {suggestions}
          {frequent && <Frequent onChoose={choose} />}
          <Directory pointer={pointer} entries={entries} change={change} />
          <Corrections
            zip={entries.zip}
            kind={entries.kind}
            onManual={() =>
              change((before) => ({
                byHand: true,
                manual: before.manual ?? { ...emptyProvider(), name: before.name || null },
              }))
            }
          />
        </>
      ) : (
        <>
          <ProviderFields
            pointer={pointer}
            fields={field?.fields ?? []}
            value={manual}
            onChange={(manual) => change({ manual })}
          />
          <Button look="quiet" onClick={() => change({ byHand: false })}>
            {t.backToSearch}
          </Button>
        </>
      )}
      <div className="form-actions">
        {chosen && (
          <Button look="primary" type="submit">
            {action}
          </Button>
        )}
        {props.onCancel && <Button onClick={props.onCancel}>{text.common.cancel}</Button>}
      </div>
    </form>
  );
}

/** The providers that the TIN selects most often: one click each. */
function Frequent({ onChoose }: { onChoose: (provider: Provider) => void }) {
  const tin = useTinQuery();
  const query = useQuery({
    queryKey: ["providers", "frequent", tin],
    queryFn: () => unwrap(api.GET("/v1/providers/frequent", { params: { query: tin } })),
    staleTime: 5 * 60_000,
  });
  const { providers, damaged } = query.data ?? { providers: [], damaged: [] };
  if (providers.length === 0 && damaged.length === 0) {
    return null;
  }
  return (
    <section className="frequent">
      <h3>{t.frequentTitle}</h3>
      <p className="field-hint">{t.frequentHint}</p>
      <Damaged entries={damaged} />
      <ul className="pick-list">
        {providers.map(({ provider }) => (
          <li key={`${provider.provider_id} ${formatAddress(provider.address)} ${provider.tin}`}>
            <button type="button" className="pick" onClick={() => onChoose(provider)}>
              <strong>{provider.name}</strong>
              <span className="small">
                {formatAddress(provider.address)} · {formatTin(provider.tin)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Directory({
  pointer,
  entries,
  change,
}: {
  pointer: string;
  entries: Entries;
  change: Change;
}) {
  const { zip, kind, name, rows, address } = entries;
  const complete = /^\d{5}$/.test(zip);
  const more = useRef(false);
  const [, shown] = useState(false);
  const [damaged, setDamaged] = useState<Schemas["ProvidersResponse"]["damaged"]>([]);
  const select = (found: FoundProvider) => {
    change({ name: found.name, rows: found.rows, ...preselected(found.rows) });
  };
  const load = async (typed: string, signal: AbortSignal) => {
    const query = { zip_code: zip, kind: kind as Schemas["ProviderKind"], name: typed };
    const found = await unwrap(api.GET("/v1/providers", { params: { query }, signal }));
    more.current = found.more;
    shown(found.more);
    setDamaged(found.damaged);
    return byProvider(found.providers);
  };
  return (
    <section>
      <h3>{t.searchTitle}</h3>
      <div className="form-grid">
        <TextField
          pointer={`${pointer}/-zip`}
          label={t.zip}
          hint={t.zipHint}
          value={zip}
          inputMode="numeric"
          maxLength={5}
          onChange={(value) =>
            change({ zip: value.replace(/\D/g, ""), rows: [], address: "", tin: "" })
          }
        />
        <RadioField
          pointer={`${pointer}/-kind`}
          label={t.kind}
          value={kind}
          onChange={(value) => change({ kind: value, rows: [], address: "", tin: "" })}
          choices={[
            { code: "FACILITY", name: t.facility },
            { code: "INDIVIDUAL", name: t.individual },
          ]}
        />
      </div>
      {complete ? (
        <TypeAhead
          pointer={pointer}
          label={t.providerName}
          hint={t.providerNameHint}
          value={name}
          onChange={(typed) =>
            // The text of a chosen suggestion is no new search.
            change((before) =>
              typed === before.name ? {} : { name: typed, rows: [], address: "", tin: "" },
            )
          }
          load={load}
          queryKey={["providers", zip, kind]}
          suggest={(found) => ({
            key: found.key,
            text: found.name,
            detail: [found.places, t.distance(found.miles)].join(" · "),
          })}
          onSelect={select}
          minimum={1}
          empty={t.providerNone}
        />
      ) : (
        zip !== "" && <p className="field-hint">{t.zipFirst}</p>
      )}
      {complete && <Damaged entries={damaged} />}
      {more.current && rows.length === 0 && <p className="field-hint">{t.moreProviders}</p>}
      {rows.length > 0 && (
        <div className="form-grid">
          <RadioField
            pointer={`${pointer}/-address`}
            label={t.addresses}
            value={address}
            onChange={(value) => change(atAddress(rows, value))}
            choices={addressesOf(rows).map((one) => ({ code: one, name: one }))}
          />
          {address && (
            <RadioField
              pointer={`${pointer}/-tin`}
              label={t.tins}
              value={entries.tin}
              onChange={(tin) => change({ tin })}
              choices={rowsAt(rows, address).map((row) => ({
                code: row.tin ?? "",
                name: formatTin(row.tin),
              }))}
            />
          )}
        </div>
      )}
    </section>
  );
}

/** How to have the directory corrected, in the API's words, and the way on until then. */
function Corrections({ zip, kind, onManual }: { zip: string; kind: string; onManual: () => void }) {
  const [open, setOpen] = useState(false);
  const complete = /^\d{5}$/.test(zip);
  const query = useQuery({
    queryKey: ["providers", "corrections", zip, kind],
    queryFn: () =>
      unwrap(
        api.GET("/v1/providers", {
          params: { query: { zip_code: zip, kind: kind as Schemas["ProviderKind"] } },
        }),
      ),
    enabled: open && complete,
    staleTime: 60 * 60_000,
  });
  return (
    <details
      className="corrections"
      onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}
    >
      <summary>{t.byHandTitle}</summary>
      {!complete && <p className="small">{t.zipFirst}</p>}
      {query.isError && <ErrorBanner error={query.error} onRetry={() => query.refetch()} />}
      {query.data && (
        <ul>
          <li>{query.data.corrections.own}</li>
          <li>{query.data.corrections.other}</li>
          <li>{query.data.corrections.tax_id}</li>
        </ul>
      )}
      <Button onClick={onManual}>{t.byHand}</Button>
    </details>
  );
}
