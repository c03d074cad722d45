/** Announcements for screen readers: one polite live region of the page, filled here. */

const listeners = new Set<(message: string) => void>();

export function announce(message: string): void {
  for (const listener of listeners) {
    listener(message);
  }
}

export function onAnnounce(listener: (message: string) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
