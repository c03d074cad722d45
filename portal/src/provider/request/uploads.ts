/** The files to send: one after another, each with its state. */

export type UploadState =
  | "queued"
  | "offline"
  | "reserving"
  | "sending"
  | "sent"
  | "failed"
  | "refused"
  | "canceled";

export interface Upload {
  id: string;
  name: string;
  size: number;
  state: UploadState;
  percent: number;
  documentId: string | null;
  /** Why it failed or was refused. */
  reason: string | null;
}

export interface NewFile {
  id: string;
  name: string;
  size: number;
}

/** Why a file is refused before it is sent; null if it is not. */
export type Refuse = (file: NewFile) => string | null;

export function withFiles(
  uploads: readonly Upload[],
  files: readonly NewFile[],
  refuse: Refuse,
): Upload[] {
  return [
    ...uploads,
    ...files.map((file): Upload => {
      const reason = refuse(file);
      const state = reason === null ? "queued" : "refused";
      return { ...file, state, percent: 0, documentId: null, reason };
    }),
  ];
}

/** The network was lost while a file was on its way: it is sent again when the network is back. */
export function interrupted(uploads: readonly Upload[], id: string): Upload[] {
  return withChange(uploads, id, { state: "offline", percent: 0, reason: null });
}

/** The network is back: what it interrupted is next. */
export function reconnected(uploads: readonly Upload[]): readonly Upload[] {
  return uploads.some((one) => one.state === "offline")
    ? uploads.map((one) => (one.state === "offline" ? { ...one, state: "queued" } : one))
    : uploads;
}

/** The next one to send; none while one is being sent, or waits for the network. */
export function nextUpload(uploads: readonly Upload[]): Upload | null {
  const waits = uploads.some((one) => isRunning(one) || one.state === "offline");
  return waits ? null : (uploads.find((one) => one.state === "queued") ?? null);
}

export function isRunning({ state }: Upload): boolean {
  return state === "reserving" || state === "sending";
}

/** Whether its file is lost when the page is left. */
export function isUnsent(upload: Upload): boolean {
  return isRunning(upload) || upload.state === "queued" || upload.state === "offline";
}

/** Whether it still can become a document by itself. */
export function isOpen({ state }: Upload): boolean {
  return !["failed", "refused", "canceled"].includes(state);
}

export function withChange(
  uploads: readonly Upload[],
  id: string,
  values: Partial<Upload>,
): Upload[] {
  return uploads.map((one) => (one.id === id ? { ...one, ...values } : one));
}

/** Send it again, after those that wait. */
export function retried(uploads: readonly Upload[], id: string): Upload[] {
  const again = uploads.find(
    (one) => one.id === id && (one.state === "failed" || one.state === "canceled"),
  );
  if (!again) {
    return [...uploads];
  }
  const queued: Upload = { ...again, state: "queued", percent: 0, documentId: null, reason: null };
  return [...uploads.filter((one) => one.id !== id), queued];
}

export function without(uploads: readonly Upload[], id: string): Upload[] {
  return uploads.filter((one) => one.id !== id);
}

/** Without those that the API lists as documents: they are shown from there. */
export function withoutListed(
  uploads: readonly Upload[],
  listed: readonly string[],
): readonly Upload[] {
  const left = uploads.filter(
    (one) => one.state !== "sent" || one.documentId === null || !listed.includes(one.documentId),
  );
  return left.length === uploads.length ? uploads : left;
}
