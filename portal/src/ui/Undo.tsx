import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { text } from "../text";
import { announce } from "./announce";
import { Button } from "./Button";
import { type Removed, restored, withoutIndex } from "./removal";

/**
 * Shows that entries were removed, with a button that restores them. The button takes the focus: the one that
 * removed them is often gone. Where it is not, as after a choice (WCAG 3.2.2), the focus stays, and the caller
 * announces the removal. Without a time limit, as people read at their own speed (WCAG 2.2.1).
 */
export function Undo({
  children,
  focused = true,
  onUndo,
  onClose,
}: {
  /** What was removed, in words. */
  children: string;
  focused?: boolean;
  onUndo: () => void;
  onClose: () => void;
}) {
  const button = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (focused) {
      button.current?.querySelector("button")?.focus();
    }
  }, [focused]);
  return (
    <div className="banner banner-info undo" ref={button}>
      <p id={id}>{children}</p>
      <Button
        aria-describedby={id}
        onClick={() => {
          announce(text.common.restored);
          onUndo();
        }}
      >
        {text.common.undo}
      </Button>
      <Button look="quiet" aria-label={text.common.closeNotice} onClick={onClose}>
        ×
      </Button>
    </div>
  );
}

/** Replaces entries without a confirmation: those before can be restored. `lost` is whether any were there. */
export function useReplacement<Entries>(
  entries: Entries,
  onChange: (entries: Entries) => void,
): { replace: (after: Entries, words: string, lost: boolean) => void; notice: ReactNode } {
  const [replaced, setReplaced] = useState<{ before: Entries; words: string } | null>(null);
  const close = () => setReplaced(null);
  return {
    replace: (after, words, lost) => {
      setReplaced(lost ? { before: entries, words } : replaced);
      onChange(after);
    },
    notice: replaced && (
      <Undo
        onUndo={() => {
          onChange(replaced.before);
          close();
        }}
        onClose={close}
      >
        {replaced.words}
      </Undo>
    ),
  };
}

/**
 * Removes entries of a list without a confirmation: the last one removed can be restored. `generation` differs
 * after each removal and restoration: as a part of the keys it keeps the state of one entry from the next one.
 */
export function useRemoval<Item>(
  list: readonly Item[],
  onChange: (list: Item[]) => void,
  wordsOf: (item: Item, index: number) => string,
): { remove: (index: number) => void; notice: ReactNode; generation: number } {
  const [generation, setGeneration] = useState(0);
  const [removed, setRemoved] = useState<(Removed<Item> & { words: string; key: number }) | null>(
    null,
  );
  const close = () => setRemoved(null);
  return {
    generation,
    remove: (index) => {
      const item = list[index];
      if (item !== undefined) {
        setRemoved({ item, index, words: wordsOf(item, index), key: (removed?.key ?? 0) + 1 });
        setGeneration((before) => before + 1);
        onChange(withoutIndex(list, index));
      }
    },
    notice: removed && (
      <Undo
        key={removed.key}
        onUndo={() => {
          setGeneration((before) => before + 1);
          onChange(restored(list, removed));
          close();
        }}
        onClose={close}
      >
        {removed.words}
      </Undo>
    ),
  };
}
