/** The check in progress: stored in the tab, so that back, forward and a reload keep every entry. */
import type { Schemas } from "../../api/client";
import { type Content, emptyContent, isEntered, type Patient } from "../../request-form/content";
import { readStored, removeStored, writeStored } from "../../ui/stored";

export type CheckStep = "servicing" | "services" | "answer";

export interface CheckState {
  content: Content;
  /** The answer to `answered`, which is the content that was checked. */
  answer: Schemas["RequirementsResponse"] | null;
  answered: string | null;
  /** The Idempotency-Key of the draft, and the content that it belongs to. */
  draftKey: string | null;
  draftFor: string | null;
  draftId: string | null;
  /** Entries from before were found when the check was started again. */
  continued: boolean;
  /** Whether the entries were copied from an earlier request, and its number. */
  copied: boolean;
  copiedFrom: string | null;
}

export const CHECK = "check";
const TEMPLATE = "check-template";

interface Template {
  content: Content;
  number: string | null;
}

export function newCheck(patient: Patient | null): CheckState {
  return {
    content: emptyContent(patient),
    answer: null,
    answered: null,
    draftKey: null,
    draftFor: null,
    draftId: null,
    continued: false,
    copied: false,
    copiedFrom: null,
  };
}

/**
 * Begin a check for a patient; then open `/check`. Entries of an unfinished check for the same patient are
 * continued. A template (the same services for another patient) fills in its services and providers.
 */
export function beginCheck(patient: Patient): void {
  const template = readStored<Template>(TEMPLATE);
  if (template !== null) {
    removeStored(TEMPLATE);
    storeCopy(template.content, patient, template.number);
    return;
  }
  const before = readStored<CheckState>(CHECK);
  const unfinished =
    before !== null &&
    before.draftId === null &&
    before.content.patient?.member_id === patient.member_id &&
    hasEntries(before.content);
  writeStored(
    CHECK,
    unfinished
      ? { ...before, content: { ...before.content, patient }, continued: true }
      : newCheck(patient),
  );
}

export function hasEntries(content: Content): boolean {
  return content.servicing_provider !== null || content.services.some(isEntered);
}

/** A check with the entries of an earlier request for a patient. */
export function storeCopy(content: Content, patient: Patient, number: string | null): void {
  writeStored(CHECK, {
    ...newCheck(patient),
    content: { ...content, patient },
    copied: true,
    copiedFrom: number,
  } satisfies CheckState);
}

/** The entries of an earlier request, for the next patient for whom a check is begun. */
export function storeTemplate(content: Content, number: string | null): void {
  writeStored(TEMPLATE, { content: { ...content, patient: null }, number } satisfies Template);
}
