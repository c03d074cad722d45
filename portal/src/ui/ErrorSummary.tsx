import { useEffect, useRef } from "react";
import { ApiError, type ErrorItem } from "../api/client";
import { text } from "../text";
import { explain, fieldId, recordId, requestId } from "./errors";

const FRAMES = 60;

/** Focus a field that may be on the page only after the next renderings. */
export function focusField(pointer: string, frames = FRAMES): void {
  requestAnimationFrame(() => {
    const exact = document.getElementById(fieldId(pointer));
    const element = exact ?? (frames === 0 ? elementOf(pointer) : null);
    if (element) {
      element.scrollIntoView({ block: "center" });
      element.focus();
    } else if (frames > 0) {
      focusField(pointer, frames - 1);
    }
  });
}

/** The element of a pointer, or of the nearest pointer above it that is on the page. */
function elementOf(pointer: string): HTMLElement | null {
  for (let at = pointer; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    const found = document.getElementById(fieldId(at));
    if (found) {
      return found;
    }
  }
  return null;
}

/**
 * All errors of a form, each a link to its field. It takes the focus once for each `attempt`, as soon as the
 * attempt has errors, so that keyboard and screen reader users start at what to change.
 */
export function ErrorSummary({
  errors,
  further = 0,
  attempt,
  onOpen,
}: {
  errors: readonly ErrorItem[];
  further?: number;
  attempt: unknown;
  /** Called before a link is followed: to open the part of the form that holds the field. */
  onOpen?: (pointer: string) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  // The errors can be there later than the number of the attempt: what the call changed is read before.
  const focused = useRef<unknown>(null);
  useEffect(() => {
    if (box.current && focused.current !== attempt) {
      focused.current = attempt;
      box.current.focus();
    }
  });
  if (errors.length === 0) {
    return null;
  }
  return (
    <div ref={box} className="banner banner-error" role="alert" tabIndex={-1}>
      <h2 className="banner-title">{text.common.errors(errors.length + further)}</h2>
      <ul>
        {errors.map((error) => (
          <li key={`${error.pointer} ${error.code} ${error.message}`}>
            <a
              href={`#${fieldId(error.pointer)}`}
              onClick={(event) => {
                event.preventDefault();
                onOpen?.(error.pointer);
                requestAnimationFrame(() => {
                  const element = elementOf(error.pointer);
                  element?.scrollIntoView({ block: "center" });
                  element?.focus();
                });
              }}
            >
              {error.message}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A failed call without fields on the page: what is wrong is listed here, where the API names several things. */
export function ErrorBanner({
  error,
  title,
  onRetry,
}: {
  error: unknown;
  /** What the call was for, where the page does not show it. */
  title?: string;
  onRetry?: () => void;
}) {
  if (!error) {
    return null;
  }
  const id = requestId(error);
  const record = recordId(error);
  const messages = error instanceof ApiError ? error.errors.map((one) => one.message) : [];
  return (
    <div className="banner banner-error" role="alert">
      {title && <p className="banner-title">{title}</p>}
      <p>{explain(error)}</p>
      {messages.length > 0 && (
        <ul>
          {[...new Set(messages)].map((message) => (
            <li key={message}>{message}</li>
          ))}
        </ul>
      )}
      {record && <p className="small ids">{text.common.record(record)}</p>}
      {id && <p className="small">{text.common.reference(id)}</p>}
      {onRetry && (
        <button type="button" className="button button-secondary" onClick={onRetry}>
          {text.common.retry}
        </button>
      )}
    </div>
  );
}
