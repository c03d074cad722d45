/** A draft in the page: saved while one types, stored in the tab while it is not saved. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { ApiError, answer, api, NetworkError, type Schemas } from "../../api/client";
import { isTransient } from "../../api/queries";
import { type Content, changedParts, normalized } from "../../request-form/content";
import { savable } from "../../request-form/form";
import type { Names } from "../../request-form/labels";
import { readStored, removeStored, writeStored } from "../../ui/stored";
import { markUnfinished } from "../../ui/unfinished";
import { Autosave, type AutosaveState, type Failure, type Snapshot, type Stored } from "./autosave";

type Draft = Schemas["DraftResponse"];

export function storedName(draftId: string): string {
  return `draft.${draftId}`;
}

export function forgetDraft(draftId: string): void {
  removeStored(storedName(draftId));
  markUnfinished(storedName(draftId), false);
}

export function storedOf(draft: Pick<Draft, "content" | "version" | "expires_at">): Stored {
  return { content: draft.content, version: draft.version, expiresAt: draft.expires_at };
}

export function etagOf(version: number): string {
  return `"${version}"`;
}

export async function readDraft(draftId: string): Promise<Draft> {
  const path = { draft_id: draftId };
  return (await answer(api.GET("/v1/drafts/{draft_id}", { params: { path } }))).data;
}

const clock = {
  after: (milliseconds: number, run: () => void) => {
    const timer = window.setTimeout(run, milliseconds);
    return () => window.clearTimeout(timer);
  },
};

/** What a failed save means. */
export function classify(error: unknown): Failure {
  if (!(error instanceof ApiError)) {
    return error instanceof NetworkError ? { kind: "retry" } : { kind: "failed" };
  }
  if (error.code === "version_mismatch") {
    const { current } = error.problem ?? {};
    return {
      kind: "conflict",
      current: current
        ? { content: current.content, version: current.version, expiresAt: current.expires_at }
        : null,
    };
  }
  if (error.code === "invalid_input") {
    return { kind: "refused", errors: error.errors };
  }
  if (error.status === 404 || error.status === 409 || error.status === 410) {
    return { kind: "ended" };
  }
  if (isTransient(error)) {
    const waitMs = error.retryAfter === null ? undefined : error.retryAfter * 1000;
    return { kind: "retry", waitMs };
  }
  return { kind: "failed" };
}

function startOf(draft: Draft): Snapshot {
  const stored = readStored<Snapshot>(storedName(draft.draft_id));
  const unsaved =
    stored !== null && changedParts(stored.base, normalized(stored.content)).length > 0;
  // What this page saved last can be newer than what was read before.
  return stored !== null && (unsaved || stored.version >= draft.version)
    ? stored
    : {
        base: draft.content,
        content: draft.content,
        version: draft.version,
        expiresAt: draft.expires_at,
        attempt: null,
      };
}

export interface DraftEditing {
  state: AutosaveState;
  autosave: Autosave;
  edit: (update: (before: Content) => Content) => void;
}

export function useDraft(draft: Draft, names: Names): DraftEditing {
  const client = useQueryClient();
  const draftId = draft.draft_id;
  const [autosave] = useState(() => {
    return new Autosave(startOf(draft), {
      clock,
      classify,
      read: async () => storedOf(await readDraft(draftId)),
      save: async (content, version) => {
        const saved = await answer(
          api.PATCH("/v1/drafts/{draft_id}", {
            params: { path: { draft_id: draftId }, header: { "If-Match": etagOf(version) } },
            body: { content: content as Schemas["ContentParts"] },
          }),
        );
        // Who decides each line depends on the services.
        if (content.services || content.confirmed_vendors || content.servicing_provider) {
          void client.invalidateQueries({ queryKey: ["draft", draftId] });
        }
        return { version: saved.data.version, expiresAt: saved.data.expires_at };
      },
    });
  });
  autosave.normalized = normalized;
  autosave.savable = (content) => savable(normalized(content), names.forms, names.requestFields);
  const state = useSyncExternalStore(autosave.subscribe, () => autosave.state);
  useEffect(() => {
    const { base, content, version, expiresAt, attempt } = state;
    writeStored(storedName(draftId), {
      base,
      content,
      version,
      expiresAt,
      attempt,
    } satisfies Snapshot);
  }, [state, draftId]);
  useEffect(() => autosave.meet(storedOf(draft)), [autosave, draft]);
  const ready = names.requestFields.length > 0;
  useEffect(() => {
    // Entries of an earlier page are saved without a pause, once their form is known.
    if (ready) {
      void autosave.flush();
    }
  }, [autosave, ready]);
  useEffect(() => {
    window.addEventListener("online", autosave.wake);
    return () => {
      window.removeEventListener("online", autosave.wake);
      void autosave.flush();
    };
  }, [autosave]);
  const edit = useCallback(
    (update: (before: Content) => Content) => autosave.edit(update),
    [autosave],
  );
  return { state, autosave, edit };
}
