import { beforeEach, expect, test } from "vitest";
import type { ErrorItem } from "../../api/client";
import { type Content, emptyContent } from "../../request-form/content";
import {
  Autosave,
  type Failure,
  PAUSE_MS,
  type Saved,
  type Snapshot,
  type Stored,
} from "./autosave";

/** A clock that stands still until a test moves it. */
class ManualClock {
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];

  after = (milliseconds: number, run: () => void) => {
    const timer = { at: this.#now + milliseconds, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  };

  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    for (;;) {
      const due = this.#timers.filter((one) => one.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) {
        break;
      }
      this.#now = due.at;
      this.#timers = this.#timers.filter((one) => one !== due);
      due.run();
      await settled();
    }
    this.#now = until;
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.resolve();
  }
}

const LOST = new Error("lost");
const CONFLICT = new Error("conflict");

interface Call {
  parts: Partial<Content>;
  version: number;
}

let clock: ManualClock;
let calls: Call[];
/** How the next calls end, in order; later ones are answered. */
let ends: (Error | Failure | (() => Promise<Saved>))[];
let stored: Stored;

beforeEach(() => {
  clock = new ManualClock();
  calls = [];
  ends = [];
});

class FailureError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.kind);
  }
}

function autosave(start: Partial<Snapshot> = {}): Autosave {
  const base = emptyContent(null);
  return new Autosave(
    { base, content: base, version: 1, expiresAt: null, attempt: null, ...start },
    {
      clock,
      save: async (parts, version) => {
        calls.push({ parts, version });
        const end = ends.shift();
        if (typeof end === "function") {
          return end();
        }
        if (end instanceof Error) {
          throw end;
        }
        if (end) {
          throw new FailureError(end);
        }
        return { version: version + 1, expiresAt: `after ${version + 1}` };
      },
      read: async () => stored,
      classify: (error) => {
        if (error instanceof FailureError) {
          return error.failure;
        }
        return error === CONFLICT ? { kind: "conflict", current: null } : { kind: "retry" };
      },
    },
  );
}

function vendors(...confirmed_vendors: string[]) {
  return (before: Content): Content => ({ ...before, confirmed_vendors });
}

test("changes are saved in one call after a pause", async () => {
  const saving = autosave();
  saving.edit(vendors("A"));
  await clock.advance(PAUSE_MS - 1);
  saving.edit(vendors("A", "B"));
  await clock.advance(PAUSE_MS - 1);
  expect(calls).toEqual([]);
  expect(saving.state.phase).toBe("waiting");
  await clock.advance(1);
  expect(calls).toEqual([{ parts: { confirmed_vendors: ["A", "B"] }, version: 1 }]);
  expect(saving.state).toMatchObject({ phase: "saved", version: 2, expiresAt: "after 2" });
});

test("entries taken back before the pause are no call", async () => {
  const saving = autosave();
  saving.edit(vendors("A"));
  saving.edit(vendors());
  await clock.advance(60_000);
  expect(calls).toEqual([]);
  expect(saving.state.phase).toBe("saved");
});

test("one call runs at a time, and later entries follow with the new version", async () => {
  let answer: (saved: Saved) => void = () => {};
  ends = [() => new Promise((resolve) => (answer = resolve))];
  const saving = autosave();
  saving.edit(vendors("A"));
  await clock.advance(PAUSE_MS);
  saving.edit(vendors("B"));
  await clock.advance(60_000);
  expect(calls).toHaveLength(1);
  answer({ version: 5, expiresAt: null });
  await settled();
  await clock.advance(PAUSE_MS);
  expect(calls[1]).toEqual({ parts: { confirmed_vendors: ["B"] }, version: 5 });
});

test("a lost call is repeated unchanged with back-off, before newer entries", async () => {
  ends = [LOST, LOST];
  const saving = autosave();
  saving.edit(vendors("A"));
  await clock.advance(PAUSE_MS);
  expect(saving.state.phase).toBe("retrying");
  saving.edit(vendors("B"));
  await clock.advance(1_000);
  await clock.advance(1_999);
  expect(calls).toHaveLength(2);
  await clock.advance(1);
  expect(calls.map(({ parts }) => parts.confirmed_vendors)).toEqual([["A"], ["A"], ["A"]]);
  await clock.advance(PAUSE_MS);
  expect(calls[3]).toEqual({ parts: { confirmed_vendors: ["B"] }, version: 2 });
  expect(saving.state.phase).toBe("saved");
});

test("the connection that is back ends the wait", async () => {
  ends = [LOST, LOST, LOST, LOST];
  const saving = autosave();
  saving.edit(vendors("A"));
  await clock.advance(PAUSE_MS + 8_000);
  const before = calls.length;
  ends = [];
  saving.wake();
  await settled();
  expect(calls).toHaveLength(before + 1);
  expect(saving.state.phase).toBe("saved");
});

test("refused parts wait for a change, the others are saved", async () => {
  const errors: ErrorItem[] = [
    { pointer: "/content/confirmed_vendors/0", code: "not_offered", message: "no", choices: null },
  ];
  ends = [{ kind: "refused", errors }];
  const saving = autosave();
  saving.edit((before) => ({ ...before, confirmed_vendors: ["X"], purpose: "PREDETERMINATION" }));
  await clock.advance(PAUSE_MS);
  expect(calls[1]).toEqual({ parts: { purpose: "PREDETERMINATION" }, version: 1 });
  expect(saving.state).toMatchObject({ phase: "refused", errors });
  await clock.advance(60_000);
  expect(calls).toHaveLength(2);
  saving.edit(vendors("Y"));
  expect(saving.state.errors).toEqual([]);
  await clock.advance(PAUSE_MS);
  expect(saving.state).toMatchObject({ phase: "saved", errors: [] });
});

test("another user's change ends the saving until values are chosen", async () => {
  const base = emptyContent(null);
  ends = [CONFLICT];
  stored = { version: 4, expiresAt: null, content: { ...base, purpose: "PREDETERMINATION" } };
  const saving = autosave();
  saving.edit(vendors("A"));
  await clock.advance(PAUSE_MS);
  expect(saving.state.phase).toBe("conflict");
  expect(saving.state.changes.map(({ pointer }) => pointer)).toEqual(["/purpose"]);
  saving.edit(vendors("A", "B"));
  await clock.advance(60_000);
  expect(calls).toHaveLength(1);
  saving.resolve({ ...saving.state.content, purpose: "PREDETERMINATION" });
  await settled();
  expect(calls[1]).toEqual({ parts: { confirmed_vendors: ["A", "B"] }, version: 4 });
  expect(saving.state.phase).toBe("saved");
});

test("a lost call that was saved is no change by another user", async () => {
  ends = [LOST, CONFLICT];
  const saving = autosave();
  saving.edit(vendors("A"));
  await clock.advance(PAUSE_MS);
  stored = {
    version: 2,
    expiresAt: null,
    content: { ...emptyContent(null), ...vendors("A")(emptyContent(null)) },
  };
  saving.edit(vendors("B"));
  await clock.advance(1_000);
  expect(saving.state.phase).toBe("saved");
  expect(calls.at(-1)).toEqual({ parts: { confirmed_vendors: ["B"] }, version: 2 });
});

test("a newer draft is adopted and named while nothing is unsaved", () => {
  const saving = autosave();
  const content: Content = { ...emptyContent(null), purpose: "PREDETERMINATION" };
  saving.meet({ version: 2, expiresAt: "later", content });
  expect(saving.state).toMatchObject({ version: 2, content, phase: "saved" });
  expect(saving.state.adopted.map(({ pointer }) => pointer)).toEqual(["/purpose"]);
});

test("an ended draft is never saved again", async () => {
  ends = [{ kind: "ended" }];
  const saving = autosave();
  saving.edit(vendors("A"));
  await clock.advance(PAUSE_MS);
  saving.edit(vendors("B"));
  expect(await saving.flush()).toBe("ended");
  await clock.advance(60_000);
  expect(calls).toHaveLength(1);
});

test("a flush saves at once, exactly as entered, and returns the result", async () => {
  const saving = autosave();
  saving.savable = (content) => ({ ...content, confirmed_vendors: [] });
  saving.edit(vendors("half"));
  expect(await saving.flush()).toBe("saved");
  expect(calls).toEqual([]);
  expect(await saving.flush(true)).toBe("saved");
  expect(calls[0]?.parts).toEqual({ confirmed_vendors: ["half"] });
});

test("nothing is saved after the draft is submitted or deleted", async () => {
  const saving = autosave();
  saving.edit(vendors("A"));
  saving.stop();
  saving.edit(vendors("B"));
  await saving.flush();
  await clock.advance(60_000);
  expect(calls).toEqual([]);
});

test("unsaved entries of an earlier page are saved with what is stored", async () => {
  const base = emptyContent(null);
  const saving = autosave({ base, content: vendors("A")(base) });
  expect(await saving.flush()).toBe("saved");
  expect(calls).toHaveLength(1);
});
