/** Errors of an answer at their fields: by the JSON pointer into the body that was sent. */
import { ApiError, type ErrorItem, NetworkError } from "../api/client";
import { StorageError, TOO_LARGE } from "../api/upload";
import { text } from "../text";

/** The id of the element that holds a field: derived from its pointer, so that a summary can link to it. */
export function fieldId(pointer: string): string {
  return `field${pointer.replace(/[^A-Za-z0-9]+/g, "-")}`;
}

export type FieldErrors = ReadonlyMap<string, readonly ErrorItem[]>;

export const NO_ERRORS: FieldErrors = new Map();

export function byPointer(errors: readonly ErrorItem[]): FieldErrors {
  const all = new Map<string, ErrorItem[]>();
  for (const error of errors) {
    all.set(error.pointer, [...(all.get(error.pointer) ?? []), error]);
  }
  return all;
}

/** The errors of an exception; empty where it names no fields. */
export function fieldErrors(error: unknown): FieldErrors {
  return error instanceof ApiError ? byPointer(error.errors) : NO_ERRORS;
}

/** A sentence for people: the API's own words where it sent some. */
export function explain(error: unknown): string {
  if (error instanceof NetworkError) {
    return text.common.networkError;
  }
  if (error instanceof ApiError && error.problem) {
    return error.problem.detail;
  }
  if (error instanceof StorageError) {
    return error.code === TOO_LARGE
      ? text.common.fileTooLarge("")
      : error.status === 0
        ? text.common.fileNotSent
        : text.common.fileRefused;
  }
  return text.common.loadFailed;
}

export function requestId(error: unknown): string | null {
  return error instanceof ApiError ? error.requestId : null;
}

/** The id of the stored record that cannot be read. */
export function recordId(error: unknown): string | null {
  return (error instanceof ApiError && error.problem?.record_id) || null;
}

/** Whether the state of the request does not allow the call (409), as it did when the page was read. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409;
}

/** Whether the request changed between what the caller read and the call (412). */
export function isOutdated(error: unknown): boolean {
  return error instanceof ApiError && error.status === 412;
}
