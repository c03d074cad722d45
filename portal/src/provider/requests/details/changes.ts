/** What changed of a request since it was read before, in sentences to announce. */
import type { Schemas } from "../../../api/client";
import { text } from "../../../text";

type Details = Schemas["RequestDetails"];
type Watched = Pick<
  Details,
  | "status"
  | "status_label"
  | "waiting_on"
  | "waiting_on_label"
  | "documents"
  | "information_requests"
  | "determination_notices"
>;

const words = text.provider.changes;

export function detailChanges(before: Watched, after: Watched): readonly string[] {
  const states = new Map(before.documents.map((one) => [one.document_id, one.status]));
  const documents = after.documents.filter((one) => {
    const old = states.get(one.document_id);
    return old !== one.status && one.status !== "AWAITING_UPLOAD";
  });
  return [
    ...(before.status === after.status ? [] : [words.status(after.status_label)]),
    ...(before.waiting_on === after.waiting_on || after.waiting_on === "NONE"
      ? []
      : [words.turn(after.waiting_on_label)]),
    ...(after.information_requests.length > before.information_requests.length
      ? [words.informationRequested]
      : []),
    ...documents.map((one) => words.document(one.file_name, one.status_label)),
    ...(after.determination_notices.length > before.determination_notices.length
      ? [words.notice]
      : []),
  ];
}

/** The notices that are not shown with an option already. */
export function furtherNotices(
  details: Pick<Details, "notices" | "dispute_options">,
): readonly string[] {
  const shown = new Set(details.dispute_options.map((one) => one.text));
  return details.notices.filter((notice) => !shown.has(notice));
}
