/** Send a file to the store by the form of a presigned POST, with progress. */
import { NetworkError, type Schemas } from "./client";

/** The store refused the file: too large, too late, or not what was announced. */
export class UploadRefused extends Error {
  constructor(readonly status: number) {
    super(`HTTP ${status}`);
    this.name = "UploadRefused";
  }
}

/** `onProgress` gets whole percent. An aborted signal cancels the upload. */
export function sendFile(
  form: Schemas["UploadForm"],
  file: File,
  onProgress: (percent: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) {
    body.append(name, value);
  }
  // The store ignores fields after the file.
  body.append("file", file);
  return new Promise((resolve, reject) => {
    // fetch() reports no progress of what is sent.
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded, total }) =>
      onProgress(total > 0 ? Math.round((100 * loaded) / total) : 0);
    request.onload = () =>
      request.status < 300 ? resolve() : reject(new UploadRefused(request.status));
    request.onerror = () => reject(new NetworkError());
    request.onabort = () => reject(new DOMException("canceled", "AbortError"));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.open("POST", form.url);
    request.send(body);
  });
}
