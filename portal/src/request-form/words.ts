/** Any value of a request in words: for summaries and for comparing two versions. */
import { formatDay } from "../format/dates";
import { formatAddress, formatPhone, formatTin } from "../format/identifiers";
import { text } from "../text";
import type { Address, Procedure, Provider, Service } from "./content";
import { choiceName, type Names } from "./labels";

/** The value at a pointer in words. */
export function valueWords(pointer: string, value: unknown, names: Names): string {
  if (value === null || value === undefined || value === "") {
    return "";
  }
  const name = pointer.slice(pointer.lastIndexOf("/") + 1);
  if (typeof value === "string") {
    return stringWords(name, pointer, value, names);
  }
  if (typeof value === "number") {
    return String(value);
  }
  if (Array.isArray(value)) {
    return value.map((one) => itemWords(one)).join(", ");
  }
  if (name === "address") {
    return formatAddress(value as Address);
  }
  return itemWords(value);
}

function stringWords(name: string, pointer: string, value: string, names: Names): string {
  switch (name) {
    case "phone":
    case "fax":
      return formatPhone(value);
    case "tin":
      return formatTin(value);
    case "admission_date":
    case "service_date":
    case "start_date":
    case "date_of_birth":
      return formatDay(value);
    default:
      return choiceName(pointer, value, names) ?? value;
  }
}

/** A provider, service or code in a line. */
function itemWords(value: unknown): string {
  if (typeof value !== "object" || value === null) {
    return String(value);
  }
  if ("code" in value) {
    return procedureWords(value as Procedure);
  }
  if ("tin" in value) {
    const provider = value as Provider;
    return [provider.name, formatAddress(provider.address), formatTin(provider.tin)]
      .filter(Boolean)
      .join(" · ");
  }
  if ("procedures" in value) {
    const service = value as Service;
    const codes = service.procedures.map(procedureWords).join(", ");
    return [service.primary_diagnosis, codes].filter(Boolean).join(": ");
  }
  return Object.values(value).filter(Boolean).join(" · ");
}

function procedureWords(procedure: Procedure): string {
  const { code, modifiers, units, start_date } = procedure;
  return [
    [code, ...modifiers].join("-"),
    units === null ? "" : text.requestForm.times(units),
    formatDay(start_date),
  ]
    .filter(Boolean)
    .join(" ");
}
