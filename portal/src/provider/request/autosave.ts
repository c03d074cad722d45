/**
 * Saving while one types: one call at a time, a pause after the last change, the same call again after a lost
 * answer. It uses neither React nor the API: the clock and the call are parameters.
 */
import type { ErrorItem } from "../../api/client";
import { type Content, changedParts, type Part, same } from "../../request-form/content";
import { stillSent } from "../../ui/stillSent";
import { changesOf, type FieldChange } from "./diff";

export const PAUSE_MS = 1_500;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

export interface Clock {
  /** Run it later; the result cancels it. */
  after: (milliseconds: number, run: () => void) => () => void;
}

/** What is stored of a draft: as saved last, and as entered. */
export interface Snapshot {
  base: Content;
  content: Content;
  version: number;
  expiresAt: string | null;
  /** What a call that is not answered yet would save. */
  attempt: Content | null;
}

export interface Saved {
  version: number;
  expiresAt: string | null;
}

export interface Stored extends Saved {
  content: Content;
}

/** What a failed save means. */
export type Failure =
  | { kind: "retry"; waitMs?: number | undefined }
  | { kind: "conflict"; current: Stored | null }
  | { kind: "refused"; errors: readonly ErrorItem[] }
  | { kind: "ended" }
  | { kind: "failed" };

export type Phase =
  | "saved"
  | "waiting"
  | "saving"
  | "retrying"
  | "refused"
  | "conflict"
  | "ended"
  | "failed";

export interface AutosaveState extends Snapshot {
  phase: Phase;
  error: unknown;
  /** Errors of parts that are not saved. */
  errors: readonly ErrorItem[];
  /** With `conflict`: what another user changed, and the draft as it is stored now. */
  changes: readonly FieldChange[];
  current: Stored | null;
  /** What another user changed while nothing of ours was unsaved. */
  adopted: readonly FieldChange[];
}

export interface Dependencies {
  save: (parts: Partial<Content>, version: number) => Promise<Saved>;
  /** The draft as it is stored now. */
  read: () => Promise<Stored>;
  classify: (error: unknown) => Failure;
  clock: Clock;
}

type Form = (content: Content) => Content;

export class Autosave {
  readonly #deps: Dependencies;
  readonly #listeners = new Set<() => void>();
  readonly #waiters: ((phase: Phase) => void)[] = [];
  readonly #rejected = new Map<Part, unknown>();
  #state: AutosaveState;
  #cancel: (() => void) | null = null;
  #failures = 0;
  #running = false;
  #stopped = false;
  #exact = false;
  /** How entries are sent while one types: without entries in progress. */
  savable: Form = (content) => content;
  /** How entries are sent exactly, before a review. */
  normalized: Form = (content) => content;

  constructor(start: Snapshot, deps: Dependencies) {
    this.#deps = deps;
    this.#state = {
      ...start,
      phase: "saved",
      error: null,
      errors: [],
      changes: [],
      current: null,
      adopted: [],
    };
  }

  get state(): AutosaveState {
    return this.#state;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  edit = (update: (before: Content) => Content): void => {
    const content = update(this.#state.content);
    if (content === this.#state.content || this.#stopped) {
      return;
    }
    const errors = stillSent(
      this.#state.errors,
      { content: this.#state.content },
      { content: content },
    );
    this.#set({ content, errors });
    if (this.#state.phase !== "conflict" && this.#state.phase !== "ended") {
      this.#schedule();
    }
  };

  /** Save what is unsaved now. The result is the phase in which it ends. */
  flush(exact = false): Promise<Phase> {
    if (this.#stopped || this.#state.phase === "conflict" || this.#state.phase === "ended") {
      return Promise.resolve(this.#state.phase);
    }
    this.#exact ||= exact;
    if (exact) {
      this.#rejected.clear();
    }
    const settled = new Promise<Phase>((resolve) => this.#waiters.push(resolve));
    this.#cancelTimer();
    void this.#run();
    return settled;
  }

  /** The connection is back, or the person requests it. */
  wake = (): void => {
    if (this.#state.phase === "retrying" || this.#state.phase === "failed") {
      this.#failures = 0;
      void this.flush();
    }
  };

  /** The draft as it is stored now: adopted, or compared with what is unsaved here. */
  meet(current: Stored): void {
    const { base, content, version, attempt } = this.#state;
    if (this.#running || current.version < version) {
      return;
    }
    if (current.version === version) {
      this.#set({ expiresAt: current.expiresAt });
      return;
    }
    // A call whose answer was lost had saved it: that is no change by another user.
    const common = attempt !== null && same(attempt, current.content) ? attempt : base;
    const changes = changesOf(common, content, current.content);
    const unsaved = changedParts(common, this.savable(content)).length > 0;
    if (unsaved && changes.length > 0) {
      this.#cancelTimer();
      this.#set({ phase: "conflict", changes, current });
      this.#settle();
      return;
    }
    this.#set({
      base: current.content,
      version: current.version,
      expiresAt: current.expiresAt,
      attempt: null,
      content: unsaved ? content : current.content,
      adopted: unsaved ? [] : changes,
      changes: [],
      current: null,
      phase: "saved",
    });
    if (unsaved) {
      this.#schedule();
    }
  }

  /** End a conflict with the content that was chosen. */
  resolve(content: Content): void {
    const { current } = this.#state;
    if (current === null) {
      return;
    }
    this.#rejected.clear();
    this.#set({
      base: current.content,
      version: current.version,
      expiresAt: current.expiresAt,
      content,
      attempt: null,
      changes: [],
      current: null,
      errors: [],
      phase: "waiting",
    });
    void this.flush();
  }

  /** Another call found a newer version: read it, and compare. */
  async recheck(): Promise<void> {
    await this.#conflict(null);
    if (this.#state.phase === "waiting") {
      this.#schedule();
    }
  }

  /** The adopted changes were read. */
  dismissAdopted = (): void => this.#set({ adopted: [] });

  /** The draft is submitted or deleted: nothing is saved or reported any more. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }

  #schedule(): void {
    this.#cancelTimer();
    if (this.#running) {
      return;
    }
    if (this.#next() === null) {
      this.#rest();
      return;
    }
    if (this.#state.phase !== "retrying") {
      this.#set({ phase: "waiting" });
    }
    this.#later(this.#state.phase === "retrying" ? this.#wait() : PAUSE_MS);
  }

  #later(milliseconds: number): void {
    this.#cancel = this.#deps.clock.after(milliseconds, () => {
      this.#cancel = null;
      void this.#run();
    });
  }

  #cancelTimer(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #wait(): number {
    return Math.min(FIRST_RETRY_MS * 2 ** Math.max(this.#failures - 1, 0), LAST_RETRY_MS);
  }

  /** The content after the next call; null if nothing is to save. A lost call is repeated first. */
  #next(): Content | null {
    const { base, content, attempt } = this.#state;
    if (attempt !== null) {
      return attempt;
    }
    const out = this.#exact ? this.normalized(content) : this.savable(content);
    const parts = changedParts(base, out).filter(
      (part) => !(this.#rejected.has(part) && same(this.#rejected.get(part), out[part])),
    );
    return parts.length === 0 ? null : { ...base, ...pick(out, parts) };
  }

  async #run(): Promise<void> {
    if (this.#running) {
      return;
    }
    for (let next = this.#next(); next !== null; next = this.#next()) {
      if (!(await this.#save(next))) {
        return;
      }
    }
    this.#rest();
  }

  /** Whether to go on. */
  async #save(attempt: Content): Promise<boolean> {
    const { base, version } = this.#state;
    const parts = changedParts(base, attempt);
    this.#running = true;
    this.#set({ phase: "saving", attempt });
    try {
      const saved = await this.#deps.save(pick(attempt, parts), version);
      this.#running = false;
      this.#failures = 0;
      for (const part of parts) {
        this.#rejected.delete(part);
      }
      this.#set({
        ...saved,
        base: attempt,
        attempt: null,
        error: null,
        errors: this.#state.errors.filter((error) => !parts.includes(partOf(error.pointer))),
      });
      // Entries of the last seconds wait for their own pause, unless somebody waits for them.
      if (this.#waiters.length === 0 && this.#next() !== null) {
        this.#schedule();
        return false;
      }
      return true;
    } catch (error) {
      this.#running = false;
      return this.#failed(error, parts, attempt);
    }
  }

  async #failed(error: unknown, parts: readonly Part[], attempt: Content): Promise<boolean> {
    const failure = this.#deps.classify(error);
    switch (failure.kind) {
      case "refused": {
        const named = parts.filter((part) =>
          failure.errors.some(({ pointer }) => partOf(pointer) === part),
        );
        const refused = named.length > 0 ? named : parts;
        for (const part of refused) {
          this.#rejected.set(part, attempt[part]);
        }
        const others = this.#state.errors.filter((one) => !refused.includes(partOf(one.pointer)));
        this.#set({ attempt: null, errors: [...others, ...failure.errors] });
        return true;
      }
      case "retry":
        this.#failures += 1;
        this.#set({ phase: "retrying", error });
        this.#later(failure.waitMs ?? this.#wait());
        break;
      case "conflict":
        await this.#conflict(failure.current);
        return this.#state.phase === "waiting";
      case "ended":
      case "failed":
        this.#set({ phase: failure.kind, error, attempt: null });
        break;
    }
    this.#settle();
    return false;
  }

  async #conflict(current: Stored | null): Promise<void> {
    try {
      this.meet(current ?? (await this.#deps.read()));
    } catch (error) {
      this.#set({ phase: "failed", error, attempt: null });
    }
    if (this.#state.phase === "waiting") {
      // What the other user saved differs from nothing of ours: the caller continues.
      this.#cancelTimer();
    } else {
      this.#settle();
    }
  }

  #rest(): void {
    this.#exact = false;
    this.#set({ phase: this.#rejected.size > 0 ? "refused" : "saved", error: null });
    this.#settle();
  }

  #settle(): void {
    for (const resolve of this.#waiters.splice(0)) {
      resolve(this.#state.phase);
    }
  }

  #set(values: Partial<AutosaveState>): void {
    this.#state = { ...this.#state, ...values };
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

function pick(content: Content, parts: readonly Part[]): Partial<Content> {
  return Object.fromEntries(parts.map((part) => [part, content[part]]));
}

function partOf(pointer: string): Part {
  return pointer.replace(/^\/content/, "").split("/")[1] as Part;
}
