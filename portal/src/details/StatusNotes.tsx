import type { Schemas } from "../api/client";
import { formatMoment } from "../format/dates";
import { text } from "../text";

const words = text.provider.turn;

type Details = Pick<
  Schemas["RequestDetails"],
  "status_reason" | "extension" | "void_reason" | "duplicate_of"
>;

/** Why the request has its status, and what moved its deadline. */
export function StatusNotes({ details }: { details: Details }) {
  const { status_reason, extension, void_reason, duplicate_of } = details;
  return (
    <>
      {status_reason && <p>{status_reason}</p>}
      {extension && (
        <p>
          {words.extended(formatMoment(extension.extended_at), extension.requested_by_label)}{" "}
          {extension.reason}
        </p>
      )}
      {void_reason && <p>{words.voided(void_reason)}</p>}
      {duplicate_of && <p>{words.duplicateOf(duplicate_of)}</p>}
    </>
  );
}
