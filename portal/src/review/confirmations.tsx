/** What a reviewer confirms with a decision or a signature: documents that were read, and overlaps. */
import type { ErrorItem } from "../api/client";
import { text } from "../text";
import { CheckboxField } from "../ui/fields";
import { Banner } from "../ui/parts";
import type { CaseDetails } from "./Case";

const words = text.review;

export interface DeciderProps {
  details: CaseDetails;
  /** The new documents that the reviewer opened. */
  seen: readonly string[];
}

/** File names of the new documents that the reviewer has not opened. */
export function unopenedOf(details: CaseDetails, seen: readonly string[]): readonly string[] {
  const left = new Set(details.new_documents.filter((id) => !seen.includes(id)));
  return details.documents.filter((one) => left.has(one.document_id)).map((one) => one.file_name);
}

/** The API names documents by id; people know them by file name. */
export function withNames(
  errors: readonly ErrorItem[],
  names: readonly string[],
): readonly ErrorItem[] {
  return errors.map((error) =>
    error.code === "documents_unseen" && names.length > 0
      ? { ...error, message: words.unopened(names) }
      : error,
  );
}

export function Unopened({ names }: { names: readonly string[] }) {
  return names.length === 0 ? null : (
    <Banner live tone="warning">
      <p>{words.unopened(names)}</p>
    </Banner>
  );
}

/** The confirmation of an approval that the API refused, as another request approves the same. */
export function OverlapField({
  errors,
  ...field
}: {
  errors: readonly ErrorItem[];
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  const pointer = "/overlap_confirmed";
  const refused = errors.some((error) => error.pointer === pointer);
  return refused || field.checked ? (
    <CheckboxField pointer={pointer} label={words.overlapConfirmed} {...field} />
  ) : null;
}
