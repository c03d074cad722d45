import { expect, test } from "vitest";
import { type Progress, sendAll } from "./redelivery";

const NOTHING = { redelivered: 0, failed: 0, not_redeliverable: 0 };
const RUNNING = { requested: false };

/** Runs with these answers; returns the last progress and the number of calls. */
async function run(
  total: number,
  answers: readonly (Partial<typeof NOTHING> | Error)[],
  stop: { requested: boolean } = RUNNING,
) {
  const reports: Progress[] = [];
  let calls = 0;
  const sent = sendAll(
    "MESSAGES",
    total,
    async () => {
      const answer = answers[calls++] ?? {};
      if (answer instanceof Error) {
        throw answer;
      }
      return { ...NOTHING, ...answer };
    },
    (progress) => reports.push(progress),
    stop,
  );
  const error = await sent.then(
    () => null,
    (cause: Error) => cause.message,
  );
  return { reports, last: reports.at(-1), calls, error };
}

test("all are sent, five by five, with progress after each call", async () => {
  const { reports, calls } = await run(12, [
    { redelivered: 5 },
    { redelivered: 5 },
    { redelivered: 2 },
  ]);
  expect(calls).toBe(3);
  expect(reports.map((one) => [one.redelivered, one.total, one.state])).toEqual([
    [0, 12, "running"],
    [5, 12, "running"],
    [10, 12, "running"],
    [12, 12, "running"],
    [12, 12, "ended"],
  ]);
});

test("what fails among others is counted and the rest is sent", async () => {
  const { last } = await run(7, [
    { redelivered: 3, failed: 1, not_redeliverable: 1 },
    { redelivered: 2 },
  ]);
  expect(last).toMatchObject({ redelivered: 5, failed: 1, not_redeliverable: 1, state: "ended" });
});

test("a receiver that refuses all of a call gets no further ones", async () => {
  const { last, calls } = await run(40, [{ redelivered: 5 }, { failed: 5 }, { redelivered: 5 }]);
  expect(calls).toBe(2);
  expect(last).toMatchObject({ redelivered: 5, failed: 5, total: 40, state: "refused" });
});

test("positions without an event do not stop the rest", async () => {
  const { last } = await run(6, [{ not_redeliverable: 5 }, { redelivered: 1 }]);
  expect(last).toMatchObject({ redelivered: 1, not_redeliverable: 5, state: "ended" });
});

test("an empty answer is repeated once, because the count is approximate", async () => {
  expect((await run(6, [{ redelivered: 5 }, {}, { redelivered: 1 }])).last).toMatchObject({
    redelivered: 6,
    state: "ended",
  });
  expect((await run(6, [{ redelivered: 5 }])).calls).toBe(3);
  expect((await run(3, [{ redelivered: 5 }])).last).toMatchObject({ redelivered: 5, total: 5 });
});

test("it stops after the running call when a person stops it", async () => {
  const stop = { requested: false };
  const reports: Progress[] = [];
  await sendAll(
    "MESSAGES",
    20,
    async () => {
      stop.requested = true;
      return { ...NOTHING, redelivered: 5 };
    },
    (progress) => reports.push(progress),
    stop,
  );
  expect(reports.at(-1)).toMatchObject({ redelivered: 5, total: 20, state: "stopped" });
});

test("a failed call keeps the counts of the calls before it", async () => {
  const { last, error } = await run(20, [{ redelivered: 5 }, new Error("no answer")]);
  expect(error).toBe("no answer");
  expect(last).toMatchObject({ redelivered: 5, total: 20, state: "interrupted" });
});
