/** Files for the person's own computer. */
import { ApiError, api, NetworkError, type Problem, type Schemas, unwrap } from "./client";

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

/** The bytes behind a short-lived link. */
export async function loadBytes(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    throw signal.aborted ? error : new NetworkError();
  });
  if (!response.ok) {
    throw new ApiError(response.status, null, null);
  }
  return new Uint8Array(await response.arrayBuffer());
}

/** Saves data as a file. */
export function saveFile(name: string, type: string, content: string): void {
  saveBlob(name, new Blob([content], { type }));
}

/** Saves the answer of a POST as a file: its body holds a patient's data, so it is no link. */
export async function saveAnswer(
  name: string,
  call: Promise<{ data?: unknown; error?: unknown; response: Response }>,
): Promise<void> {
  const { data, error, response } = await call;
  if (!response.ok) {
    const id = response.headers.get("X-Request-Id");
    throw new ApiError(response.status, (error as Problem | undefined) ?? null, id);
  }
  if (!(data instanceof Blob)) {
    throw new NetworkError();
  }
  saveBlob(name, data);
}

function saveBlob(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
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
  document.body.append(link);
  link.click();
  link.remove();
}
