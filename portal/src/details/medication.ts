import type { Schemas } from "../api/client";

/** A medication in words: name, national drug code, frequency and route; `labels` are by JSON pointer. */
export function medicationWords(
  medication: Schemas["Medication"] | null | undefined,
  labels: Readonly<Record<string, string>>,
  at: string,
): string {
  if (!medication) {
    return "";
  }
  return [
    medication.name,
    medication.ndc && `NDC ${medication.ndc}`,
    labels[`${at}/frequency`] ?? medication.frequency,
    labels[`${at}/route`] ?? medication.route,
  ]
    .filter(Boolean)
    .join(", ");
}
