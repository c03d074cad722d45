/** The queue of files of one request: reserves a slot for each, sends it, and reports what becomes of it. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { ApiError, api, NetworkError, type Schemas, unwrap } from "../../api/client";
import { type Sending, StorageError, sendFile, TOO_LARGE } from "../../api/upload";
import { session } from "../../auth/session";
import { formatSize } from "../../format/identifiers";
import { useActingFor } from "../../shell/tin";
import { text } from "../../text";
import { explain } from "../../ui/errors";
import {
  interrupted,
  isUnsent,
  nextUpload,
  reconnected,
  retried,
  type Upload,
  withChange,
  withFiles,
  without,
  withoutListed,
} from "./uploads";

const t = text.provider.request;

export type DocumentRules = Schemas["DocumentRulesResponse"];

type Update = (uploads: readonly Upload[]) => readonly Upload[];

export interface Uploads {
  uploads: readonly Upload[];
  /** Documents of files that were not sent: deleted as soon as possible, and not shown meanwhile. */
  abandoned: ReadonlySet<string>;
  add: (files: readonly File[], documentType: string | null) => void;
  cancel: (upload: Upload) => void;
  retry: (upload: Upload) => void;
  dismiss: (upload: Upload) => void;
  /** The documents that the API lists: their uploads are no longer shown. */
  listed: (documentIds: readonly string[]) => void;
}

interface Chosen {
  file: File;
  documentType: string | null;
}

/** Reduced outside of React's render: a file is sent once. */
function apply(uploads: readonly Upload[], update: Update): readonly Upload[] {
  return update(uploads);
}

export function useUploads(requestId: string, rules: DocumentRules | null): Uploads {
  const [uploads, update] = useReducer(apply, []);
  const files = useRef(new Map<string, Chosen>());
  const sending = useRef<{ id: string; sending: Sending | null } | null>(null);
  const client = useQueryClient();
  const { tin } = useActingFor();
  const change = useCallback(
    (id: string, values: Partial<Upload>) => update((all) => withChange(all, id, values)),
    [],
  );
  const refresh = useCallback(
    () => client.invalidateQueries({ queryKey: ["documents", requestId] }),
    [client, requestId],
  );
  // Reserved for files that were not sent. They are freed before the next slot is reserved.
  const unused = useRef(new Set<string>());
  const [abandoned, setAbandoned] = useState<ReadonlySet<string>>(new Set());
  const abandon = useCallback((documentId: string) => {
    unused.current.add(documentId);
    setAbandoned((before) => new Set([...before, documentId]));
  }, []);
  const freeing = useRef<Promise<void> | null>(null);
  const free = useCallback(() => {
    const all = async () => {
      for (const document_id of unused.current) {
        const path = { request_id: requestId, document_id };
        try {
          await api.DELETE("/v1/requests/{request_id}/documents/{document_id}", {
            params: { path },
          });
        } catch {
          return;
        }
        unused.current.delete(document_id);
      }
      await refresh();
    };
    freeing.current ??= all().finally(() => {
      freeing.current = null;
    });
    return freeing.current;
  }, [requestId, refresh]);

  const send = useCallback(
    async (upload: Upload, { file, documentType }: Chosen) => {
      const running: NonNullable<typeof sending.current> = { id: upload.id, sending: null };
      sending.current = running;
      change(upload.id, { state: "reserving" });
      let documentId: string | null = null;
      try {
        if (unused.current.size > 0) {
          await free();
        }
        const slot = await unwrap(
          api.POST("/v1/requests/{request_id}/documents", {
            params: { path: { request_id: requestId } },
            body: {
              file_name: file.name,
              document_type: documentType,
              sha256: null,
              tin: tin ?? null,
            },
          }),
        );
        documentId = slot.document.document_id;
        if (sending.current !== running) {
          abandon(documentId);
          await free();
          return;
        }
        if (file.size > slot.upload.max_bytes) {
          throw new StorageError(400, TOO_LARGE);
        }
        running.sending = sendFile(slot.upload.url, slot.upload.fields, file, (percent) =>
          change(upload.id, { percent }),
        );
        change(upload.id, { state: "sending", documentId });
        await running.sending.done;
        sending.current = null;
        change(upload.id, { state: "sent", percent: 100 });
        await refresh();
      } catch (error) {
        if (documentId !== null) {
          abandon(documentId);
        }
        if (isOffline(error) && sending.current === running) {
          sending.current = null;
          update((all) => interrupted(all, upload.id));
          return;
        }
        await free();
        // A canceled file has its state already, and the next one may be on its way.
        if (sending.current === running) {
          sending.current = null;
          const [state, reason] = outcomeOf(error, rules);
          change(upload.id, { state, reason, documentId: null });
        }
      }
    },
    [requestId, tin, rules, change, refresh, free, abandon],
  );

  useEffect(() => {
    const next = nextUpload(uploads);
    const chosen = next && files.current.get(next.id);
    if (next && chosen && sending.current === null) {
      void send(next, chosen);
    }
  }, [uploads, send]);

  const add = useCallback(
    (added: readonly File[], documentType: string | null) => {
      const entries = added.map((file) => {
        const id = crypto.randomUUID();
        files.current.set(id, { file, documentType });
        return { id, name: file.name, size: file.size };
      });
      update((all) => withFiles(all, entries, ({ size }) => refusal(size, rules)));
    },
    [rules],
  );
  const cancel = useCallback(
    (upload: Upload) => {
      if (sending.current?.id === upload.id) {
        const { sending: transfer } = sending.current;
        sending.current = null;
        transfer?.abort();
      }
      change(upload.id, { state: "canceled", percent: 0 });
    },
    [change],
  );
  const retry = useCallback((upload: Upload) => update((all) => retried(all, upload.id)), []);
  const dismiss = useCallback((upload: Upload) => {
    files.current.delete(upload.id);
    update((all) => without(all, upload.id));
  }, []);
  const listed = useCallback(
    (documentIds: readonly string[]) => update((all) => withoutListed(all, documentIds)),
    [],
  );
  useEffect(() => {
    const back = () => {
      if (unused.current.size > 0) {
        void free();
      }
      update(reconnected);
    };
    window.addEventListener("online", back);
    return () => window.removeEventListener("online", back);
  }, [free]);
  useAskBeforeUnload(uploads.some(isUnsent));
  return { uploads, abandoned, add, cancel, retry, dismiss, listed };
}

/** The largest size, in the unit in which the payer states it. */
export function limitOf({ max_bytes }: DocumentRules): string {
  const whole = max_bytes / 2 ** 20;
  return Number.isInteger(whole) ? t.megabytes(whole) : formatSize(max_bytes);
}

function refusal(size: number, rules: DocumentRules | null): string | null {
  if (size === 0) {
    return t.emptyFile;
  }
  return rules !== null && size > rules.max_bytes ? text.common.fileTooLarge(limitOf(rules)) : null;
}

function outcomeOf(error: unknown, rules: DocumentRules | null): ["failed" | "refused", string] {
  if (error instanceof StorageError) {
    if (error.code === TOO_LARGE) {
      return ["refused", text.common.fileTooLarge(rules ? limitOf(rules) : "")];
    }
    return ["failed", explain(error)];
  }
  const [first] = errorsOf(error);
  return ["failed", first ?? explain(error)];
}

function isOffline(error: unknown): boolean {
  const lost = error instanceof StorageError ? error.status === 0 : error instanceof NetworkError;
  return lost && !navigator.onLine;
}

/** The API's words on the file, as on a type that is not accepted. */
function errorsOf(error: unknown): string[] {
  return error instanceof ApiError ? error.errors.map(({ message }) => message) : [];
}

function useAskBeforeUnload(unsent: boolean): void {
  useEffect(() => {
    if (!unsent) {
      return;
    }
    const ask = (event: BeforeUnloadEvent) => session().left || event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [unsent]);
}
