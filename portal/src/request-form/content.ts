/** The content of a request as it is edited, and its form as the API stores it. */
import type { Schemas } from "../api/client";

export type Content = Schemas["RequestContent"];
export type Service = Schemas["Service"];
export type Procedure = Schemas["Procedure"];
export type Provider = Schemas["Provider"];
export type Address = Schemas["Address"];
export type Patient = Schemas["Patient"];
export type Medication = Schemas["Medication"];
export type Part = keyof Content;

export const PARTS: readonly Part[] = [
  "assertion_id",
  "confirmed_vendors",
  "patient",
  "purpose",
  "requesting_provider",
  "services",
  "servicing_provider",
];

export function emptyContent(patient: Patient | null = null): Content {
  return {
    assertion_id: null,
    confirmed_vendors: [],
    patient,
    purpose: "PRECERTIFICATION",
    requesting_provider: null,
    services: [emptyService()],
    servicing_provider: null,
  };
}

export function emptyService(): Service {
  return {
    additional_diagnoses: [],
    admission_date: null,
    authorization_type: null,
    medication: null,
    place_of_service: null,
    primary_diagnosis: null,
    procedures: [],
    requested_days: null,
    service_date: null,
    type_of_service: null,
    urgency: null,
  };
}

export function emptyProvider(): Provider {
  return {
    address: null,
    fax: null,
    kind: null,
    name: null,
    npi: null,
    phone: null,
    provider_id: null,
    tin: null,
  };
}

export function emptyAddress(): Address {
  return { city: "", line_1: "", line_2: null, state: "", zip_code: "" };
}

export function emptyMedication(): Medication {
  return { frequency: null, name: null, ndc: null, route: null };
}

/** The day of a service: of the admission or of the service. */
export function serviceDay(service: Service): string | null {
  return service.admission_date ?? service.service_date;
}

/** Whether something was entered in a service. */
export function isEntered(service: Service): boolean {
  return Object.values(service).some((value) =>
    Array.isArray(value) ? value.length > 0 : value !== null,
  );
}

/** Codes without dot and blanks, in capitals. */
export function compactCode(code: string): string {
  return code.replace(/[\s.]/g, "").toUpperCase();
}

/**
 * The content as the API stores it: empty entries are null, codes in capitals without a dot, phone numbers
 * and TINs in digits. It is what is sent, so that what comes back equals it.
 */
export function normalized(content: Content): Content {
  return {
    ...content,
    requesting_provider: normalizedProvider(content.requesting_provider),
    servicing_provider: normalizedProvider(content.servicing_provider),
    services: content.services.map(normalizedService),
  };
}

function normalizedService(service: Service): Service {
  return {
    ...service,
    additional_diagnoses: service.additional_diagnoses.map(compactCode),
    admission_date: service.admission_date || null,
    service_date: service.service_date || null,
    primary_diagnosis: compactCode(service.primary_diagnosis ?? "") || null,
    medication: normalizedMedication(service.medication),
    procedures: service.procedures.map((procedure) => ({
      ...procedure,
      code: compactCode(procedure.code),
      modifiers: procedure.modifiers.map(compactCode),
      start_date: procedure.start_date || null,
    })),
  };
}

function normalizedMedication(medication: Medication | null): Medication | null {
  if (medication === null) {
    return null;
  }
  const parts = {
    frequency: blankless(medication.frequency),
    name: blankless(medication.name),
    ndc: blankless(medication.ndc),
    route: blankless(medication.route),
  };
  return Object.values(parts).every((value) => value === null) ? null : parts;
}

function normalizedProvider(provider: Provider | null): Provider | null {
  if (provider === null) {
    return null;
  }
  const parts: Provider = {
    address: normalizedAddress(provider.address),
    fax: digits(provider.fax),
    kind: provider.kind || null,
    name: blankless(provider.name),
    npi: digits(provider.npi),
    phone: digits(provider.phone),
    provider_id: provider.provider_id || null,
    tin: digits(provider.tin),
  };
  return Object.values(parts).every((value) => value === null) ? null : parts;
}

function normalizedAddress(address: Address | null): Address | null {
  if (address === null) {
    return null;
  }
  const parts = {
    city: address.city.trim(),
    line_1: address.line_1.trim(),
    line_2: blankless(address.line_2),
    state: address.state.trim().toUpperCase(),
    zip_code: address.zip_code.trim(),
  };
  return Object.values(parts).every((value) => !value) ? null : parts;
}

function blankless(value: string | null): string | null {
  return value?.trim() || null;
}

/** The digits of a number; what has none is sent as it is, so that the API returns the error. */
function digits(value: string | null): string | null {
  const trimmed = blankless(value);
  return trimmed && /^[\d\s().+-]*$/.test(trimmed)
    ? trimmed.replace(/\D/g, "") || trimmed
    : trimmed;
}

/** Whether two values are equal; members that are null, absent or empty lists are the same. */
export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(canonical(one)) === JSON.stringify(canonical(other));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.length === 0 ? null : value.map(canonical);
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .map(([name, member]) => [name, canonical(member)] as const)
      .filter(([, member]) => member !== null)
      .sort(([first], [second]) => (first < second ? -1 : 1));
    return members.length === 0 ? null : Object.fromEntries(members);
  }
  return value === undefined || value === "" ? null : value;
}

/** The parts that differ. */
export function changedParts(before: Content, after: Content): Part[] {
  return PARTS.filter((part) => !same(before[part], after[part]));
}
