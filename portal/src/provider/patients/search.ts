/** The patient search: what is entered, and the body of the call. */
import type { Schemas } from "../../api/client";

/** What is stored while one types. The SSN is no part of it. */
export interface SearchEntry {
  by: "member_id" | "ssn";
  member_id: string;
  date_of_birth: string;
  last_name: string;
  first_name: string;
}

export const EMPTY_SEARCH: SearchEntry = {
  by: "member_id",
  member_id: "",
  date_of_birth: "",
  last_name: "",
  first_name: "",
};

/**
 * Empty entries are sent as they are, and the API names each in its errors. Without an id, the
 * response then has the payer's words on what to do.
 */
export function searchBody(entry: SearchEntry, ssn: string): Schemas["PatientSearch"] {
  const { by, date_of_birth, last_name, first_name } = entry;
  return {
    date_of_birth,
    last_name,
    first_name,
    member_id: by === "member_id" ? entry.member_id.trim() : null,
    ssn: by === "ssn" ? ssn.trim() || null : null,
  };
}

export function patientOf(found: Schemas["FoundPatientResponse"]): Schemas["Patient"] {
  const { member_id, date_of_birth, last_name, first_name } = found;
  return { member_id, date_of_birth, last_name, first_name };
}
