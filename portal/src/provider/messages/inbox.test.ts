import { expect, test } from "vitest";
import {
  type Inbox,
  type Message,
  messagesOf,
  newMessages,
  pathOfMessage,
  unreadOf,
  withRead,
} from "./inbox";

function message(id: string, at: string, values: Partial<Message> = {}): Message {
  const whole: Partial<Message> = {
    message_id: id,
    at,
    read_at: null,
    request_id: "R1",
    ...values,
  };
  return whole as Message;
}

function page(messages: Message[], unread: number | null): Inbox {
  return { messages, unread, cursor: null, damaged: [] };
}

const newer = message("M2", "2026-12-02T00:00:00Z");
const older = message("M1", "2026-12-01T00:00:00Z");

test("a message that moved to the next page is shown once", () => {
  const pages = [page([newer, older], 2), page([older], null)];
  expect(messagesOf(pages)).toEqual([newer, older]);
  expect(unreadOf(pages)).toBe(2);
  expect(unreadOf(undefined)).toBe(0);
});

test("marking a message as read counts it down once", () => {
  const read = withRead(page([newer, older], 2), "M1", "2026-12-03T00:00:00Z");
  expect(read.unread).toBe(1);
  expect(read.messages.map((one) => one.read_at)).toEqual([null, "2026-12-03T00:00:00Z"]);
  expect(withRead(read, "M1", "2026-12-04T00:00:00Z")).toBe(read);
  expect(withRead(read, "M9", "2026-12-04T00:00:00Z")).toBe(read);
});

test("only what came since is new", () => {
  const third = message("M3", "2026-12-03T00:00:00Z");
  expect(newMessages(null, [newer, older])).toEqual([]);
  expect(newMessages([newer, older], [third, newer, older])).toEqual([third]);
  expect(newMessages([newer], [newer, older])).toEqual([]);
});

test("a message of a draft opens the draft", () => {
  expect(pathOfMessage({ request_id: "R1", status: "INCOMPLETE" })).toBe("/drafts/R1");
  expect(pathOfMessage({ request_id: "R1", status: "DENIED" })).toBe("/requests/R1");
});
