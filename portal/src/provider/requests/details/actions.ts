/** Which dialogs the details of a request offer: by the API's actions and options, nothing else. */
import type { Schemas } from "../../../api/client";

type Details = Schemas["RequestDetails"];
type Action = Schemas["Action"];

export const DISPUTES = ["REQUEST_PEER_TO_PEER", "RECONSIDER", "APPEAL"] as const;
export type DisputeAction = (typeof DISPUTES)[number];

export type DialogAction = DisputeAction | "VOID" | "ANSWER";

const OPTIONS: Record<DisputeAction, Schemas["DisputeOption"]> = {
  REQUEST_PEER_TO_PEER: "PEER_TO_PEER",
  RECONSIDER: "RECONSIDERATION",
  APPEAL: "APPEAL",
};

/** The API's words of an action; null where it is not allowed. */
export function labelOf(
  details: Pick<Details, "allowed_actions" | "allowed_actions_labels">,
  action: Action,
): string | null {
  const index = details.allowed_actions.indexOf(action);
  return index < 0 ? null : (details.allowed_actions_labels[index] ?? action);
}

/** The option that belongs to an action, with its lines and its end. */
export function optionOf(
  details: Pick<Details, "dispute_options">,
  action: DisputeAction,
): Schemas["DisputeOptionResponse"] | null {
  return details.dispute_options.find((one) => one.option === OPTIONS[action]) ?? null;
}

/** The action by which an option is taken; null where it is not taken here (external review). */
export function actionOf(option: Schemas["DisputeOption"]): DisputeAction | null {
  return DISPUTES.find((action) => OPTIONS[action] === option) ?? null;
}

/** The lines that an action is open for. */
export function openLines(
  details: Pick<Details, "dispute_options" | "appeal_rights">,
  action: DisputeAction,
): readonly string[] {
  const option = optionOf(details, action);
  if (option) {
    return option.line_ids;
  }
  return action === "APPEAL" ? (details.appeal_rights?.lines.map((one) => one.line_id) ?? []) : [];
}

export function openInformationRequest(
  details: Pick<Details, "information_requests">,
): Schemas["InformationRequestResponse"] | null {
  return details.information_requests.find((one) => one.closed_at === null) ?? null;
}

/** The documents that the text of a request for information does not name already. */
export function furtherDocuments(
  rfi: Pick<Schemas["InformationRequestResponse"], "documents" | "text">,
): readonly Schemas["RequiredDocumentResponse"][] {
  return rfi.documents.filter((one) => !rfi.text?.includes(one.label));
}

/** Whether a dialog can be open: not after its action was taken, here or by a colleague. */
export function isOffered(details: Details, dialog: DialogAction): boolean {
  if (dialog === "ANSWER") {
    return details.allowed_actions.includes("MODIFY") && openInformationRequest(details) !== null;
  }
  return details.allowed_actions.includes(dialog);
}

/** The dialog of a link such as `?do=appeal`. */
export function dialogOf(value: string | null): DialogAction | null {
  const name = value?.toUpperCase();
  if (name === "MODIFY" || name === "ANSWER") {
    return "ANSWER";
  }
  return name === "VOID" ? "VOID" : (DISPUTES.find((action) => action === name) ?? null);
}
