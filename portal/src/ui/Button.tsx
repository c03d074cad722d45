import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Link, type To } from "react-router";

export type Look = "primary" | "secondary" | "quiet" | "danger";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  /**
   * A call is running: the button stays focusable, shows it, and a click does nothing. A button that has this
   * property also ignores the second click of a double click, which can come before it is set.
   */
  pending?: boolean;
  children: ReactNode;
}

export function Button({
  look = "secondary",
  pending,
  children,
  onClick,
  className = "",
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      className={`button button-${look} ${className}`}
      aria-disabled={pending || undefined}
      data-pending={pending || undefined}
      onClick={(event) => {
        if (pending || (pending !== undefined && event.detail > 1)) {
          event.preventDefault();
          return;
        }
        onClick?.(event);
      }}
    >
      {children}
    </button>
  );
}

export function LinkButton({
  to,
  look = "secondary",
  children,
}: {
  to: To;
  look?: Look;
  children: ReactNode;
}) {
  return (
    <Link to={to} className={`button button-${look}`}>
      {children}
    </Link>
  );
}
