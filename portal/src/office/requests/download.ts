/** Files for the person's own computer. */
import { api, type Schemas, unwrap } from "../../api/client";

/** A short-lived link to a document of a draft or request. */
export function loadDocument(
  request_id: string,
  document_id: string,
): Promise<Schemas["DocumentLink"]> {
  return unwrap(
    api.GET("/v1/requests/{request_id}/documents/{document_id}", {
      params: { path: { request_id, document_id } },
    }),
  );
}

/** Opens a short-lived link of the API, whose answer is a download: the page stays. */
export function openDownload(url: string): void {
  click(url, "");
}

/** Saves data as a file. */
export function saveFile(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  click(url, name);
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function click(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.rel = "noopener";
  if (name) {
    link.download = name;
  }
  link.click();
}
