/** The inbox: its messages over all pages, and where each leads. */
import type { Schemas } from "../../api/client";

export type Message = Schemas["MessageResponse"];
export type Inbox = Schemas["MessagesResponse"];

/** Each message once: a page is read again when a newer message moves the ones after it. */
export function messagesOf(pages: readonly Inbox[] | undefined): readonly Message[] {
  const messages = new Map<string, Message>();
  for (const page of pages ?? []) {
    for (const message of page.messages) {
      messages.set(message.message_id, message);
    }
  }
  return [...messages.values()];
}

/** How many of the whole inbox are unread: the first page states it. */
export function unreadOf(pages: readonly Inbox[] | undefined): number {
  return pages?.[0]?.unread ?? 0;
}

/** The screen of the message's draft or request. */
export function pathOfMessage(message: Pick<Message, "request_id" | "status">): string {
  return message.status === "INCOMPLETE"
    ? `/drafts/${message.request_id}`
    : `/requests/${message.request_id}`;
}

/** A page with one message marked as read, and the count with it; the same object where nothing changes. */
export function withRead<Page extends Inbox>(page: Page, id: string, at: string): Page {
  const unread = page.messages.some((one) => one.message_id === id && one.read_at === null);
  if (!unread) {
    return page;
  }
  return {
    ...page,
    unread: page.unread === null ? null : Math.max(page.unread - 1, 0),
    messages: page.messages.map((one) => (one.message_id === id ? { ...one, read_at: at } : one)),
  };
}

/** The messages that came since; nothing at the first reading. */
export function newMessages(
  before: readonly Message[] | null,
  after: readonly Message[],
): readonly Message[] {
  const [newest] = before ?? [];
  return newest === undefined ? [] : after.filter((one) => one.at > newest.at);
}
