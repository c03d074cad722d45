import { type ReactNode, useEffect, useId, useLayoutEffect, useRef } from "react";
import { text } from "../text";
import { Button } from "./Button";

/**
 * A modal dialog: the browser's own element, which traps the focus, makes the page behind inert, closes on
 * Escape and returns the focus.
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
  onClose: () => void;
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
    }
  }, [open]);
  useLayoutEffect(() => {
    // A dialog that leaves the page while it is open returns the focus as well.
    const dialog = element.current;
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={titleId}
      className={wide ? "dialog dialog-wide" : "dialog"}
      onClose={() => {
        if (!element.current?.open) {
          onClose();
        }
      }}
      onCancel={(event) => event.stopPropagation()}
    >
      {open && (
        <>
          <div className="dialog-head">
            <h2 id={titleId}>{title}</h2>
            <Button look="quiet" aria-label={text.common.close} onClick={onClose}>
              ×
            </Button>
          </div>
          <div className="dialog-body">{children}</div>
          {actions && <div className="dialog-actions">{actions}</div>}
        </>
      )}
    </dialog>
  );
}
