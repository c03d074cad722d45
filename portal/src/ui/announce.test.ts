import { expect, test } from "vitest";
import { announce, onAnnounce } from "./announce";

test("messages of the same moment are announced together, in their order", async () => {
  const said: string[] = [];
  const stop = onAnnounce((message) => said.push(message));
  announce("a.pdf is attached");
  announce("b.pdf was refused");
  await Promise.resolve();
  announce("The connection is back.");
  await Promise.resolve();
  stop();
  announce("Without a listener.");
  await Promise.resolve();
  expect(said).toEqual(["a.pdf is attached. b.pdf was refused.", "The connection is back."]);
});
