/** A choice of a service that was changed, and what the change cleared, so that it can be restored. */
import { type Service, serviceDay } from "./content";
import { CHOICES, type FieldName } from "./form";

export interface ChangedChoice {
  name: FieldName;
  before: Service;
  /** As the change left it: the choices that wait for it are open. */
  after: Service;
}

/** The entries that the change cleared and that are not entered again. A day that moved is not cleared. */
export function clearedBy({ name, before, after }: ChangedChoice, service: Service): FieldName[] {
  if (service[name] !== after[name]) {
    return []; // Another change replaced it, as when all entries are cleared.
  }
  return namesOf(before).filter(
    (one) =>
      one !== name &&
      has(before[one]) &&
      !has(service[one]) &&
      !(isDay(one) && serviceDay(service) !== null),
  );
}

/** The service with the choice as before, and with what it cleared. Entries since the change stay. */
export function withChoiceRestored(
  { name, before, after }: ChangedChoice,
  service: Service,
): Service {
  const restored: Record<string, unknown> = { ...service };
  for (const one of namesOf(before)) {
    const waited = CHOICES.some((choice) => choice === one) && before[one] !== after[one];
    if (one === name || waited || !has(service[one])) {
      restored[one] = before[one];
    }
  }
  // The day is where it was before, also if it was changed since.
  const day = serviceDay(service) ?? serviceDay(before);
  if (serviceDay(before) !== null) {
    restored.admission_date = has(before.admission_date) ? day : null;
    restored.service_date = has(before.service_date) ? day : null;
  }
  return restored as unknown as Service;
}

/**
 * The change to restore from now on. One that opens further choices is the last one; another one leaves what
 * was cleared before restorable.
 */
export function nextChange(last: ChangedChoice | null, next: ChangedChoice): ChangedChoice {
  const opens = CHOICES.some(
    (one) => one !== next.name && has(next.before[one]) && !has(next.after[one]),
  );
  return last === null || opens || clearedBy(last, next.before).length === 0
    ? next
    : { ...next, before: withChoiceRestored(last, next.before) };
}

function namesOf(service: Service): FieldName[] {
  return Object.keys(service) as FieldName[];
}

function isDay(name: FieldName): boolean {
  return name === "admission_date" || name === "service_date";
}

function has(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== null && value !== "";
}
