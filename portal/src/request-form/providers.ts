/** Providers found in the directory: one row for each address and TIN. */
import type { Schemas } from "../api/client";
import { formatAddress } from "../format/identifiers";
import { type Provider, same } from "./content";

type Found = Schemas["FoundProviderResponse"];

export interface FoundProvider {
  key: string;
  name: string;
  miles: number;
  places: string;
  rows: Provider[];
}

/** The found rows by provider, nearest first. */
export function byProvider(found: readonly Found[]): FoundProvider[] {
  const all = new Map<string, FoundProvider>();
  for (const { provider, miles } of found) {
    const key = provider.provider_id ?? `${provider.name} ${provider.npi}`;
    const one = all.get(key);
    if (one) {
      one.rows.push(provider);
    } else {
      const { city, state } = provider.address ?? { city: "", state: "" };
      const places = [city, state].filter(Boolean).join(", ");
      all.set(key, { key, name: provider.name ?? "", miles, places, rows: [provider] });
    }
  }
  return [...all.values()];
}

/** The addresses of a provider, each once. */
export function addressesOf(rows: readonly Provider[]): string[] {
  return [...new Set(rows.map((row) => formatAddress(row.address)))];
}

/** The rows at an address: they differ in their TINs. */
export function rowsAt(rows: readonly Provider[], address: string): Provider[] {
  return rows.filter((row) => formatAddress(row.address) === address);
}

export interface Place {
  address: string;
  tin: string;
}

/** An address with its TIN, where it has only one. */
export function atAddress(rows: readonly Provider[], address: string): Place {
  const [only, ...others] = rowsAt(rows, address);
  return { address, tin: others.length === 0 ? (only?.tin ?? "") : "" };
}

/** What is not to be chosen, because a provider has one address, or one TIN there. */
export function preselected(rows: readonly Provider[]): Place {
  const [only, ...others] = addressesOf(rows);
  return atAddress(rows, others.length === 0 ? (only ?? "") : "");
}

/** The row that was chosen; null until address and TIN are. */
export function chosenRow(rows: readonly Provider[], { address, tin }: Place): Provider | null {
  return rowsAt(rows, address).find((row) => (row.tin ?? "") === tin) ?? null;
}

export function isSameProvider(one: Provider | null, other: Provider | null): boolean {
  const { phone: _, fax: __, ...rest } = one ?? { phone: null, fax: null };
  const { phone: ___, fax: ____, ...others } = other ?? { phone: null, fax: null };
  return same(rest, others);
}
