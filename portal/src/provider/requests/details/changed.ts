/** What every change of a request has in common on its details. */
import type { Schemas } from "../../../api/client";
import { text } from "../../../text";

/** The query keys that a change makes outdated. */
export function changedBy(requestId: string): readonly (readonly string[])[] {
  return [["request", requestId], ["requests"], ["messages"]];
}

/** The announcement after a change. */
export function announced({ status_label }: Schemas["ChangedRequest"]): string {
  return text.provider.changes.status(status_label);
}
