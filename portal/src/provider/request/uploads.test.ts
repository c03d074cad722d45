import { expect, test } from "vitest";
import {
  interrupted,
  isOpen,
  nextUpload,
  reconnected,
  retried,
  withChange,
  withFiles,
  withoutListed,
} from "./uploads";

const files = ["a.pdf", "b.pdf", "c.pdf"].map((name, index) => ({
  id: name,
  name,
  size: index + 1,
}));
const any = () => null;

test("files are sent one after another in the order added", () => {
  let uploads = withFiles([], files, any);
  expect(nextUpload(uploads)?.id).toBe("a.pdf");
  uploads = withChange(uploads, "a.pdf", { state: "sending" });
  expect(nextUpload(uploads)).toBeNull();
  uploads = withChange(uploads, "a.pdf", { state: "sent", documentId: "D1" });
  expect(nextUpload(uploads)?.id).toBe("b.pdf");
});

test("a file that cannot be accepted is never sent, and the reason is shown", () => {
  const uploads = withFiles([], files, ({ size }) => (size > 1 ? "too large" : null));
  expect(uploads.map(({ state, reason }) => [state, reason])).toEqual([
    ["queued", null],
    ["refused", "too large"],
    ["refused", "too large"],
  ]);
});

test("a failed or canceled file is sent again after the others, a sent one is not", () => {
  let uploads = withFiles([], files, any);
  uploads = withChange(uploads, "a.pdf", { state: "failed", reason: "lost", documentId: "D1" });
  uploads = retried(uploads, "a.pdf");
  expect(uploads.map(({ id }) => id)).toEqual(["b.pdf", "c.pdf", "a.pdf"]);
  expect(uploads[2]).toMatchObject({ state: "queued", reason: null, documentId: null });
  uploads = withChange(uploads, "b.pdf", { state: "sent" });
  expect(retried(uploads, "b.pdf")).toEqual(uploads);
});

test("a sent file is shown once: as the document that the API lists", () => {
  const uploads = withChange(withFiles([], files, any), "a.pdf", {
    state: "sent",
    documentId: "D1",
  });
  expect(withoutListed(uploads, ["D1"]).map(({ id }) => id)).toEqual(["b.pdf", "c.pdf"]);
  expect(withoutListed(uploads, ["D9"])).toBe(uploads);
  expect(uploads.filter(isOpen)).toHaveLength(3);
});

test("what a lost network interrupts is next when it is back, and nothing is sent before", () => {
  let uploads: ReturnType<typeof interrupted> = withFiles([], files, any);
  uploads = interrupted(withChange(uploads, "a.pdf", { state: "sending", percent: 40 }), "a.pdf");
  expect(nextUpload(uploads)).toBeNull();
  expect(isOpen(uploads[0] as (typeof uploads)[0])).toBe(true);
  const back = reconnected(uploads);
  expect(nextUpload(back)).toMatchObject({ id: "a.pdf", percent: 0 });
  expect(reconnected(back)).toBe(back);
});
