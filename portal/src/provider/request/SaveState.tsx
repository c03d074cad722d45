import { formatMoment } from "../../format/dates";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import type { AutosaveState } from "./autosave";

const t = text.provider.request;

/** Whether everything is saved, and until when it is retained. */
export function SaveState({ state, onRetry }: { state: AutosaveState; onRetry: () => void }) {
  const attention = !["saved", "waiting", "saving"].includes(state.phase);
  const again = state.phase === "retrying" || state.phase === "failed";
  return (
    <span className="save-state" data-attention={attention || undefined}>
      <span>{wordsOf(state)}</span>
      {again && (
        <Button look="quiet" onClick={onRetry}>
          {t.saveNow}
        </Button>
      )}
    </span>
  );
}

export function wordsOf({ phase, expiresAt }: AutosaveState): string {
  switch (phase) {
    case "saved":
      return expiresAt ? t.saved(formatMoment(expiresAt)) : t.savedPlain;
    case "waiting":
      return t.waiting;
    case "saving":
      return t.saving;
    case "retrying":
      return t.retrying;
    case "refused":
      return t.refused;
    case "conflict":
      return t.conflict;
    case "ended":
    case "failed":
      return t.failed;
  }
}
