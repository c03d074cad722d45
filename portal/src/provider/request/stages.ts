/** The stages of a request, from its check to its number, and which of them are complete. */
import type { Content } from "../../request-form/content";
import { type FormResponse, isComplete } from "../../request-form/form";
import { text } from "../../text";
import type { Step } from "../../ui/Steps";

const t = text.provider.request;

/** The parts of the form that are stages, by their pointers in the content. */
export const SECTIONS = {
  servicing_provider: "/content/servicing_provider",
  services: "/content/services",
  requesting_provider: "/content/requesting_provider",
  documents: "/documents",
} as const;

export type Section = keyof typeof SECTIONS;

export interface Progress {
  content: Content;
  forms: readonly (FormResponse | undefined)[];
  documents: number;
  /** Pointers of entries that need a change. */
  incorrect: readonly string[];
}

/** Whether each part has what it needs. Documents are never required here. */
export function completeSections({
  content,
  forms,
  documents,
  incorrect,
}: Progress): Record<Section, boolean> {
  const correct = (section: Section) =>
    !incorrect.some((pointer) => `${pointer}/`.startsWith(`${SECTIONS[section]}/`));
  return {
    servicing_provider: content.servicing_provider !== null && correct("servicing_provider"),
    services:
      content.services.length > 0 &&
      content.services.every((service, index) => isComplete(service, forms[index])) &&
      correct("services"),
    requesting_provider: content.requesting_provider !== null && correct("requesting_provider"),
    documents: documents > 0 && correct("documents"),
  };
}

/** The first part that is to be completed; the documents after all others. */
export function currentSection(complete: Record<Section, boolean>): Section {
  const order = ["servicing_provider", "services", "requesting_provider"] as const;
  return order.find((section) => !complete[section]) ?? "documents";
}

export function stagesOf(
  complete: Record<Section, boolean>,
  { open, review }: { open?: (section: Section) => void; review?: (() => void) | undefined },
  submitted = false,
): Step[] {
  const section = (key: Section, title: string): Step => ({
    key,
    title,
    done: complete[key],
    onOpen: open && (() => open(key)),
  });
  return [
    { key: "check", title: t.stepCheck, done: true },
    section("servicing_provider", t.stepServicing),
    section("services", t.stepServices),
    section("requesting_provider", t.stepRequesting),
    section("documents", t.stepDocuments),
    { key: "review", title: t.stepReview, done: submitted, onOpen: review },
    { key: "submitted", title: t.stepDone, done: submitted },
  ];
}

/** Everything is complete: the request is submitted. */
export const ALL_COMPLETE: Record<Section, boolean> = {
  servicing_provider: true,
  services: true,
  requesting_provider: true,
  documents: true,
};
