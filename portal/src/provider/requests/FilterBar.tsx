import { type ReactNode, useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import { type CodeLists, useReference } from "../../api/queries";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { type FilterName, filtersOf, isTyped, withParameter } from "./filters";

const words = text.provider.filters;

/** The filters that the API has for lists of requests; they are part of the address, so that Back returns to them. */
export function FilterBar({ children }: { children?: ReactNode }) {
  const [search, setSearch] = useSearchParams();
  const lists = useReference().data;
  const filters = filtersOf(search);
  const set = (name: FilterName, value: string) =>
    setSearch(withParameter(search, name, value), { replace: true });
  return (
    <search className="filters" aria-label={words.title}>
      <Choice
        label={words.status}
        value={filters.status ?? ""}
        onChange={(value) => set("status", value)}
        choices={choicesOf(lists, "request_statuses")}
      />
      <Choice
        label={words.waitingOn}
        value={filters.waiting_on ?? ""}
        onChange={(value) => set("waiting_on", value)}
        choices={choicesOf(lists, "waiting_on")}
      />
      <Day
        label={words.serviceFrom}
        value={filters.service_from ?? ""}
        onChange={(value) => set("service_from", value)}
      />
      <Day
        label={words.serviceTo}
        value={filters.service_to ?? ""}
        onChange={(value) => set("service_to", value)}
      />
      {children}
      {Object.keys(filters).length > 0 && (
        <Button
          look="quiet"
          onClick={() => {
            const without = new URLSearchParams(search);
            for (const name of Object.keys(filters)) {
              without.delete(name);
            }
            setSearch(without, { replace: true });
          }}
        >
          {words.clear}
        </Button>
      )}
    </search>
  );
}

function choicesOf(lists: CodeLists | undefined, name: string): readonly [string, string][] {
  return (lists?.get(name) ?? []).map(({ code, label }) => [code, label]);
}

/** A choice of a list's toolbar, where nothing chosen means all. */
export function Choice({
  label,
  value,
  onChange,
  choices,
  all = words.all,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  choices: readonly (readonly [string, string])[];
  /** The words of no choice; null where there is always one. */
  all?: string | null;
}) {
  return (
    <label className="filter">
      <span className="small">{label}</span>
      <select className="input" value={value} onChange={(event) => onChange(event.target.value)}>
        {all !== null && <option value="">{all}</option>}
        {choices.map(([code, name]) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Day({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}) {
  // While the year is typed, the field has days of the first centuries.
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  return (
    <label className="filter">
      <span className="small">{label}</span>
      <input
        type="date"
        className="input"
        value={typed}
        onChange={(event) => {
          const day = event.target.value;
          setTyped(day);
          if (isTyped(day)) {
            onChange(day);
          }
        }}
      />
    </label>
  );
}
