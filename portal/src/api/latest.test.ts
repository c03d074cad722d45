import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { applyAnswer, withAnswer } from "./latest";

const read = { version: 3, status: "PENDING", lines: ["1.1"] };

test("a later answer replaces what the record has of it, and adds nothing", () => {
  const answer = { version: 4, status: "DENIED", awaits_signature: false };
  expect(withAnswer(read, answer)).toEqual({ version: 4, status: "DENIED", lines: ["1.1"] });
});

test("an answer of the same or an earlier version changes nothing", () => {
  expect(withAnswer(read, { version: 3, status: "DENIED" })).toBe(read);
  expect(withAnswer(read, { status: "DENIED" })).toBe(read);
});

test("a read that began before the change does not replace its answer", async () => {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const key = ["case", "1"];
  client.setQueryData(key, read);
  let answered: (value: typeof read) => void = () => undefined;
  const early = client
    .fetchQuery({
      queryKey: key,
      queryFn: () => new Promise<typeof read>((resolve) => (answered = resolve)),
    })
    .catch(() => undefined);
  await applyAnswer(client, key, { version: 4, status: "DENIED" });
  answered(read);
  await early;
  expect(client.getQueryData(key)).toEqual({ version: 4, status: "DENIED", lines: ["1.1"] });
});
