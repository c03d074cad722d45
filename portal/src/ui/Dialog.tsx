import { type ReactNode, useEffect, useId, useLayoutEffect, useRef } from "react";
import { text } from "../text";
import { Button } from "./Button";
import { keepFocus } from "./focus";

/**
 * A modal dialog: the browser's own element, which traps the focus, makes the page behind inert, closes on
 * Escape and returns the focus. Without `onClose` it has one way out, its actions.
 */
export function Dialog({
  title,
  open,
  onClose,
  children,
  actions,
  wide = false,
}: {
  title: string;
  open: boolean;
  onClose?: (() => void) | undefined;
  children: ReactNode;
  actions?: ReactNode;
  wide?: boolean;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    if (open && dialog && !dialog.open) {
      dialog.showModal();
    } else if (!open && dialog?.open) {
      dialog.close();
      keepFocus();
    }
  }, [open]);
  useLayoutEffect(() => {
    // A dialog that leaves the page while it is open returns the focus as well.
    const dialog = element.current;
    return () => {
      dialog?.close();
      keepFocus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={titleId}
      className={wide ? "dialog dialog-wide" : "dialog"}
      onClose={() => {
        const dialog = element.current;
        if (dialog?.open) {
          return;
        }
        if (onClose) {
          onClose();
        } else if (open) {
          // Browsers close a dialog on the second Escape, even where the first was refused.
          dialog?.showModal();
        }
      }}
      onCancel={(event) => {
        event.stopPropagation();
        if (!onClose) {
          event.preventDefault();
        }
      }}
    >
      {open && (
        <>
          <div className="dialog-head">
            <h2 id={titleId}>{title}</h2>
            {onClose && (
              <Button look="quiet" aria-label={text.common.close} onClick={onClose}>
                ×
              </Button>
            )}
          </div>
          <div className="dialog-body">{children}</div>
          {actions && <div className="dialog-actions">{actions}</div>}
        </>
      )}
    </dialog>
  );
}
