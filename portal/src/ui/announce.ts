/** Announcements for screen readers: one polite live region of the page, filled here. */

const listeners = new Set<(message: string) => void>();
const waiting: string[] = [];

/** Messages of the same moment become one, as the live region shows, and is read for, one at a time. */
export function announce(message: string): void {
  if (waiting.push(message) > 1) {
    return;
  }
  queueMicrotask(() => {
    const sentences = waiting.splice(0).map((one) => (/[.…]$/.test(one) ? one : `${one}.`));
    for (const listener of listeners) {
      listener(sentences.join(" "));
    }
  });
}

export function onAnnounce(listener: (message: string) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
