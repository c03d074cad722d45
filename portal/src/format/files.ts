import { text } from "../text";

const KINDS: Readonly<Record<string, keyof typeof text.common.fileKinds>> = {
  "application/pdf": "pdf",
  "image/jpeg": "image",
  "image/png": "image",
  "image/gif": "image",
  "image/tiff": "tiff",
  "text/plain": "text",
  "application/msword": "word",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "word",
  "application/vnd.ms-excel": "excel",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "excel",
};

/** What kind of file it is, as people call it; other kinds by their extension. */
export function kindOf({
  content_type,
  file_name,
}: {
  content_type: string;
  file_name: string;
}): string {
  const kind = KINDS[content_type];
  return kind === undefined
    ? text.common.fileKind(file_name.split(".").at(-1)?.toUpperCase() ?? "")
    : text.common.fileKinds[kind];
}
