/** Two users on one draft: what the other one changed, field by field, and the chosen values put together. */
import { type Content, same } from "../../request-form/content";

/** A field that another user changed, and that differs from ours. */
export interface FieldChange {
  /** A JSON pointer into the content. */
  pointer: string;
  base: unknown;
  ours: unknown;
  theirs: unknown;
  /** Whether we changed it too. */
  both: boolean;
}

export type Choice = "ours" | "theirs";

/** Values that are one entry for people, although they have members. */
const WHOLE = new Set(["address", "additional_diagnoses", "modifiers", "confirmed_vendors"]);
const PROVIDERS = new Set(["servicing_provider", "requesting_provider"]);

export function changesOf(base: Content, ours: Content, theirs: Content): FieldChange[] {
  const changes: FieldChange[] = [];
  compare("", base, ours, theirs, changes);
  // The id of the check's result belongs to no field.
  return changes.filter(({ pointer }) => pointer !== "/assertion_id");
}

function compare(
  pointer: string,
  base: unknown,
  ours: unknown,
  theirs: unknown,
  changes: FieldChange[],
): void {
  if (same(theirs, base) || same(theirs, ours)) {
    return;
  }
  const name = pointer.slice(pointer.lastIndexOf("/") + 1);
  const names = WHOLE.has(name) ? null : membersOf(name, base, ours, theirs);
  if (names === null) {
    changes.push({ pointer, base, ours, theirs, both: !same(ours, base) });
    return;
  }
  for (const member of names) {
    compare(
      `${pointer}/${member}`,
      memberOf(base, member),
      memberOf(ours, member),
      memberOf(theirs, member),
      changes,
    );
  }
}

/** The members to compare one by one; null if the value is compared as a whole. */
function membersOf(name: string, ...values: unknown[]): string[] | null {
  if (values.every(Array.isArray)) {
    const lists = values as unknown[][];
    const [first = []] = lists;
    const alike = lists.every(
      (list) =>
        list.length === first.length && list.every((one, at) => codeOf(one) === codeOf(first[at])),
    );
    return alike ? first.map((_, at) => String(at)) : null;
  }
  if (values.every((value) => typeof value === "object" && value !== null)) {
    const [, ours, theirs] = values as Record<string, unknown>[];
    // Another provider is one choice, not one of name and address each.
    if (PROVIDERS.has(name) && ours?.provider_id !== theirs?.provider_id) {
      return null;
    }
    return [...new Set(values.flatMap((value) => Object.keys(value as object)))];
  }
  return null;
}

function codeOf(value: unknown): unknown {
  return memberOf(value, "code");
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** Our content with their values where they are chosen. */
export function merged(
  ours: Content,
  changes: readonly FieldChange[],
  choose: (change: FieldChange) => Choice,
): Content {
  const result = structuredClone(ours);
  for (const change of changes) {
    if (choose(change) === "theirs") {
      put(result, change.pointer, change.theirs);
    }
  }
  return result;
}

function put(content: unknown, pointer: string, value: unknown): void {
  const path = pointer.split("/").slice(1);
  const name = path.pop();
  const parent = path.reduce(memberOf, content);
  if (name !== undefined && typeof parent === "object" && parent !== null) {
    (parent as Record<string, unknown>)[name] = value ?? null;
  }
}
