/** The name of each field of a request, by its JSON pointer, with the words of the form. */
import type { ErrorItem } from "../api/client";
import { text } from "../text";
import { allFields, type FormField, type FormResponse, fieldNamed } from "./form";

export interface Names {
  requestFields: readonly FormField[];
  forms: readonly (FormResponse | undefined)[];
  /** The services, of which the codes are named. */
  services?: readonly { procedures: readonly { code: string }[] }[];
}

const ADDRESS: Record<string, string> = text.requestForm.address;
const PATIENT: Record<string, string> = text.requestForm.patient;

/** "Service 1 · 44130 · Requested units" for `/services/0/procedures/1/units`. */
export function labelOf(pointer: string, names: Names): string {
  const path = pointer
    .replace(/^\/content/, "")
    .split("/")
    .slice(1);
  const [part = "", ...rest] = path;
  if (part === "services" && rest.length > 0) {
    const index = Number(rest[0]);
    const service = text.requestForm.service(index + 1);
    const codes = names.services?.[index]?.procedures.map(({ code }) => code) ?? [];
    return [service, ...serviceLabels(rest.slice(1), names.forms[index], codes)].join(" · ");
  }
  const field = fieldNamed(names.requestFields, part);
  const labels = [field?.label ?? part];
  const [name] = rest;
  if (name === "address" && rest[1]) {
    labels.push(ADDRESS[rest[1]] ?? rest[1]);
  } else if (part === "patient" && name) {
    labels.push(PATIENT[name] ?? name);
  } else if (name && part !== "confirmed_vendors") {
    labels.push(fieldNamed(field?.fields ?? [], name)?.label ?? name);
  }
  return part === "confirmed_vendors" ? text.requestForm.confirmedVendors : labels.join(" · ");
}

function serviceLabels(
  path: readonly string[],
  form: FormResponse | undefined,
  codes: readonly string[],
): string[] {
  const [name, second, third] = path;
  if (!name) {
    return [];
  }
  const fields = allFields(form);
  const field = fieldNamed(fields, name);
  const later = form?.later.find((one) => one.name === name);
  const label = field?.label ?? later?.label ?? name;
  if (name === "procedures" && second !== undefined) {
    const code = codes[Number(second)] || text.requestForm.code(Number(second) + 1);
    const part = third && (fieldNamed(field?.fields ?? [], third)?.label ?? third);
    return part ? [code, part] : [code];
  }
  if (name === "medication" && second) {
    return [label, fieldNamed(field?.fields ?? [], second)?.label ?? second];
  }
  return [label];
}

/** The choice's name of a code, where the form offers choices for the field. */
export function choiceName(pointer: string, value: string, names: Names): string | null {
  const path = pointer
    .replace(/^\/content/, "")
    .split("/")
    .slice(1);
  const field = fieldAt(path, names);
  return field?.choices.find((choice) => choice.code === value)?.name ?? null;
}

function fieldAt(path: readonly string[], names: Names): FormField | undefined {
  let fields: readonly FormField[] = names.requestFields;
  let field: FormField | undefined;
  for (const [index, step] of path.entries()) {
    if (path[index - 1] === "services") {
      fields = allFields(names.forms[Number(step)]);
    } else if (!/^\d+$/.test(step)) {
      field = fieldNamed(fields, step);
      fields = field?.fields ?? [];
    }
  }
  return field;
}

/** The errors with the name of their field in front, for a summary. */
export function named(errors: readonly ErrorItem[], names: Names): ErrorItem[] {
  return errors.map((error) => ({
    ...error,
    message: `${labelOf(error.pointer, names)}: ${error.message}`,
  }));
}
