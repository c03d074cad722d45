/** Sending one file to the storage by the presigned form, with progress. */

/** The storage's code for a file of more bytes than the form allows. */
export const TOO_LARGE = "EntityTooLarge";

export class StorageError extends Error {
  constructor(
    readonly status: number,
    /** The storage's code, as `EntityTooLarge`. */
    readonly code: string | null,
  ) {
    super(`storage ${status}`);
    this.name = "StorageError";
  }
}

export interface Sending {
  done: Promise<void>;
  abort: () => void;
}

/** `XMLHttpRequest`: `fetch` reports no progress of what is sent. */
export function sendFile(
  url: string,
  fields: Readonly<Record<string, string>>,
  file: File,
  onProgress: (percent: number) => void,
): Sending {
  const request = new XMLHttpRequest();
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    form.append(name, value);
  }
  // The storage ignores every field after the file.
  form.append("file", file);
  const done = new Promise<void>((resolve, reject) => {
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total > 0) {
        onProgress(Math.floor((100 * event.loaded) / event.total));
      }
    };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) {
        resolve();
      } else {
        const code = /<Code>(\w+)<\/Code>/.exec(request.responseText)?.[1] ?? null;
        reject(new StorageError(request.status, code));
      }
    };
    request.onerror = () => reject(new StorageError(0, null));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
  });
  request.open("POST", url);
  request.send(form);
  return { done, abort: () => request.abort() };
}
