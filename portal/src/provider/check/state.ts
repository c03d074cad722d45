/** The check in progress: stored in the tab, so that back, forward and a reload keep every entry. */
import type { Schemas } from "../../api/client";
import { type Content, emptyContent, isEntered, type Patient } from "../../request-form/content";
import { readStored, removeStored, writeStored } from "../../ui/stored";
import { markUnfinished } from "../../ui/unfinished";

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
  /** Entries of the same patient that were replaced, and by what; Undo restores them. */
  replaced: { state: CheckState; by: "startOver" | "copy" | "undo" } | null;
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
    replaced: null,
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
  const own = unfinishedOf(patient);
  writeStored(
    CHECK,
    own ? { ...own, content: { ...own.content, patient }, continued: true } : newCheck(patient),
  );
}

/**
 * The unfinished check of a patient, from the open check or set aside before. The check of another patient is set
 * aside, until a check is begun for that patient again.
 */
function unfinishedOf(patient: Patient): CheckState | null {
  const open = readStored<CheckState>(CHECK);
  const other = open?.content.patient ?? null;
  if (open !== null && isUnfinished(open)) {
    if (other?.member_id === patient.member_id) {
      return open;
    }
    if (other !== null) {
      writeStored(asideOf(other), open);
      markUnfinished(asideOf(other), true);
    }
  }
  const aside = readStored<CheckState>(asideOf(patient));
  removeStored(asideOf(patient));
  markUnfinished(asideOf(patient), false);
  return aside;
}

function asideOf({ member_id }: Patient): string {
  return `${CHECK}.${member_id}`;
}

/** Whether a check has entries from which no draft was started. */
export function isUnfinished({ content, draftId }: CheckState): boolean {
  return draftId === null && hasEntries(content);
}

/** A check without entries; what was entered can be restored. */
export function startedOver(before: CheckState): CheckState {
  return {
    ...newCheck(before.content.patient),
    replaced: isUnfinished(before) ? replacedBy("startOver", before) : null,
  };
}

/** The replaced entries again; what was entered since then takes their place, so that nothing is lost. */
export function undone(now: CheckState): CheckState {
  const { replaced } = now;
  return replaced
    ? { ...replaced.state, replaced: isUnfinished(now) ? replacedBy("undo", now) : null }
    : now;
}

function replacedBy(
  by: NonNullable<CheckState["replaced"]>["by"],
  state: CheckState,
): CheckState["replaced"] {
  return { by, state: { ...state, replaced: null } };
}

export function hasEntries(content: Content): boolean {
  return content.servicing_provider !== null || content.services.some(isEntered);
}

/** A check with the entries of an earlier request for a patient. */
export function storeCopy(content: Content, patient: Patient, number: string | null): void {
  const own = unfinishedOf(patient);
  writeStored(CHECK, {
    ...newCheck(patient),
    content: { ...content, patient },
    copied: true,
    copiedFrom: number,
    replaced: own && replacedBy("copy", own),
  } satisfies CheckState);
}

/** The entries of an earlier request, for the next patient for whom a check is begun. */
export function storeTemplate(content: Content, number: string | null): void {
  writeStored(TEMPLATE, { content: { ...content, patient: null }, number } satisfies Template);
}
