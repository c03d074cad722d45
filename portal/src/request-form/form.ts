/**
 * The form of the API (`GET /v1/form`) applied to a service: which fields are shown, which values belong.
 * The rules are the API's: this only follows its answer.
 */
import type { Schemas } from "../api/client";
import { type Content, isEntered, type Procedure, type Provider, type Service } from "./content";

export type FormResponse = Schemas["FormResponse"];
export type FormField = Schemas["FieldResponse"];
export type FieldName = keyof Service;

/** The query of the form: the choices made so far. */
export function choicesOf(service: Service) {
  const { authorization_type, type_of_service, place_of_service, urgency } = service;
  return {
    ...(authorization_type ? { authorization_type } : {}),
    ...(type_of_service ? { type_of_service } : {}),
    ...(place_of_service ? { place_of_service } : {}),
    ...(urgency ? { urgency } : {}),
  };
}

export type Later = Schemas["LaterFieldResponse"];

export const CHOICES = [
  "authorization_type",
  "type_of_service",
  "place_of_service",
  "urgency",
] as const;

/**
 * A service with a choice. Choices that wait for it are open again: the form refuses what contradicts.
 * `later` is that of the form without any choice, which names what waits for what.
 */
export function withChoice(
  service: Service,
  name: FieldName,
  code: string | null,
  later: readonly Later[],
): Service {
  const changed: Record<string, unknown> = { ...service, [name]: code };
  if (service[name] !== code) {
    const open = new Set<string>([name]);
    for (const choice of CHOICES) {
      if (later.some((one) => one.name === choice && open.has(one.waits_for))) {
        open.add(choice);
        changed[choice] = null;
      }
    }
  }
  return changed as unknown as Service;
}

/** The choices without those that the form refused. */
export function withoutRefused<Choices extends object>(
  choices: Choices,
  pointers: readonly string[],
): Choices {
  const left = Object.entries(choices).filter(([name]) => !pointers.includes(`/${name}`));
  return Object.fromEntries(left) as Choices;
}

/**
 * The service with the values that belong to it by this form.
 *
 * Choices that are no longer offered are cleared. A required field with one choice has it. The day of a
 * field that is not shown moves to the one that is shown instead. Codes stay while their field waits.
 */
export function settle(service: Service, form: FormResponse): Service {
  const values: Record<string, unknown> = { ...service };
  const waiting = new Set(form.later.map((field) => field.name));
  for (const field of form.fields) {
    if (field.kind === "DAY" && !values[field.name]) {
      values[field.name] = dayOfHidden(service, form);
    }
    if (field.kind === "CHOICE" && field.choices.length > 0) {
      const offered = field.choices.some((choice) => choice.code === values[field.name]);
      const [only, ...others] = field.choices;
      if (!offered) {
        const preset = field.required_for === "CHECK" && others.length === 0 ? only?.code : null;
        values[field.name] = preset ?? null;
      }
    }
  }
  for (const name of form.not_shown) {
    values[name] = Array.isArray(values[name]) ? [] : null;
  }
  if (waiting.has("place_of_service")) {
    values.place_of_service = null;
  }
  const settled = values as unknown as Service;
  return JSON.stringify(settled) === JSON.stringify(service) ? service : settled;
}

function dayOfHidden(service: Service, form: FormResponse): string | null {
  for (const name of ["admission_date", "service_date"] as const) {
    if (form.not_shown.includes(name) && service[name]) {
      return service[name];
    }
  }
  return null;
}

/** Whether the service needs its medication because of its codes. */
export function needsMedication(form: FormResponse, procedures: readonly Procedure[]): boolean {
  const later = form.later.find((field) => field.name === "medication");
  return procedures.some((procedure) =>
    (later?.waits_for === "procedures" ? later.codes : []).some(
      (range) =>
        (procedure.code_type === null || procedure.code_type === range.code_type) &&
        procedure.code.length === range.code_from.length &&
        procedure.code >= range.code_from &&
        procedure.code <= range.code_to,
    ),
  );
}

/** The fields to show. A check shows what a check needs; a submission shows all. */
export function shownFields(
  form: FormResponse,
  stage: Schemas["Stage"],
  service: Service,
): FormField[] {
  const fields = form.fields.filter(
    (field) => stage === "SUBMISSION" || field.required_for === "CHECK" || isGroup(field),
  );
  const medication = form.later.find((later) => later.name === "medication")?.field;
  const given = fields.some((field) => field.name === "medication");
  return !given && medication && needsMedication(form, service.procedures)
    ? [...fields, medication]
    : fields;
}

/** All fields of a form, with those that wait for a code. */
export function allFields(form: FormResponse | undefined): readonly FormField[] {
  const later = (form?.later ?? []).flatMap(({ field }) => (field === null ? [] : [field]));
  return [...(form?.fields ?? []), ...later];
}

/** Whether a service has what its form requires; what is entered can still be incorrect. */
export function isComplete(service: Service, form: FormResponse | undefined): boolean {
  return (
    form !== undefined &&
    isEntered(service) &&
    shownFields(form, "SUBMISSION", service).every((field) => has(service, field))
  );
}

function has(values: object, field: FormField): boolean {
  const value = (values as Record<string, unknown>)[field.name];
  const parts = field.fields;
  const missing = value === null || value === undefined || value === "";
  if (field.kind === "GROUPS" || Array.isArray(value)) {
    const entries = Array.isArray(value) ? value : [];
    return (
      (entries.length > 0 || field.required_for === null) &&
      entries.every(
        (entry) => typeof entry !== "object" || parts.every((part) => has(entry as object, part)),
      )
    );
  }
  if (missing) {
    return field.required_for === null;
  }
  const oneOf = field.one_of.map((name) => (value as Record<string, unknown>)[name]);
  return (
    parts.every((part) => has(value as object, part)) &&
    (oneOf.length === 0 || oneOf.some((one) => one !== null && one !== ""))
  );
}

function isGroup(field: FormField): boolean {
  return field.kind === "GROUP" || field.kind === "GROUPS";
}

export function fieldNamed(fields: readonly FormField[], name: string): FormField | undefined {
  return fields.find((field) => field.name === name);
}

/** Whether an entry has the form of its field; an empty entry has. */
export function isWellFormed(field: FormField | undefined, value: unknown): boolean {
  if (!field || value === null || value === undefined || value === "") {
    return true;
  }
  if (typeof value === "number") {
    const { minimum, maximum } = field;
    return (
      Number.isInteger(value) &&
      (minimum === null || value >= minimum) &&
      (maximum === null || value <= maximum)
    );
  }
  if (field.kind === "DAY") {
    return /^(19|20|21)\d{2}-\d{2}-\d{2}$/.test(String(value));
  }
  return field.pattern === null || new RegExp(field.pattern).test(String(value));
}

/**
 * What can be stored while it is being typed: without single entries that do not have their form yet, such
 * as half a phone number. Whole services, codes and lists are never left out: pointers stay the same.
 */
export function savable(
  content: Content,
  forms: readonly (FormResponse | undefined)[],
  requestFields: readonly FormField[],
): Content {
  return {
    ...content,
    servicing_provider: savableProvider(content, "servicing_provider", requestFields),
    requesting_provider: savableProvider(content, "requesting_provider", requestFields),
    services: content.services.map((service, index) => {
      const form = forms[index];
      return form ? savableService(service, form) : service;
    }),
  };
}

function savableService(service: Service, form: FormResponse): Service {
  const parts = fieldNamed(form.fields, "procedures")?.fields ?? [];
  const medication = fieldNamed(allFields(form), "medication")?.fields ?? [];
  return {
    ...wellFormedOf(service, form.fields),
    medication: service.medication && wellFormedOf(service.medication, medication),
    procedures: service.procedures.map((procedure) => ({
      ...wellFormedOf(procedure, parts),
      code: procedure.code,
      modifiers: procedure.modifiers.filter((modifier) => modifier.length === 2),
    })),
  };
}

function savableProvider(
  content: Content,
  role: "servicing_provider" | "requesting_provider",
  requestFields: readonly FormField[],
): Provider | null {
  const provider = content[role];
  if (provider === null) {
    return null;
  }
  const fields = fieldNamed(requestFields, role)?.fields ?? [];
  const wellFormed = wellFormedOf(provider, fields);
  return { ...wellFormed, address: isWholeAddress(provider) ? provider.address : null };
}

function isWholeAddress({ address }: Provider): boolean {
  return (
    address !== null &&
    address.line_1 !== "" &&
    address.city !== "" &&
    /^[A-Za-z]{2}$/.test(address.state) &&
    /^\d{5}$/.test(address.zip_code)
  );
}

function wellFormedOf<Values extends object>(values: Values, fields: readonly FormField[]): Values {
  const wellFormed = { ...values } as Record<string, unknown>;
  for (const field of fields) {
    const value = wellFormed[field.name];
    if (!Array.isArray(value) && typeof value !== "object" && !isWellFormed(field, value)) {
      wellFormed[field.name] = null;
    }
  }
  return wellFormed as Values;
}
