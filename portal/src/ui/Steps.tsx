import type { ReactNode } from "react";
import { text } from "../text";

export interface Step {
  key: string;
  title: string;
  detail?: ReactNode;
  /** Whether it is complete. */
  done: boolean;
  /** Opens the step; absent where it cannot be opened from here. */
  onOpen?: (() => void) | undefined;
}

/** The tracker of a sequence of steps: at the side, or on top of a narrow screen. */
export function Steps({
  label,
  steps,
  current,
}: {
  label: string;
  steps: readonly Step[];
  current: string;
}) {
  return (
    <nav className="steps" aria-label={label}>
      <ol>
        {steps.map(({ key, title, detail, done, onOpen }) => {
          const here = key === current;
          const state = here ? "step step-current" : done ? "step step-done" : "step";
          return (
            <li key={key} className={state} aria-current={here ? "step" : undefined}>
              {onOpen && !here ? (
                <button type="button" className="link step-title" onClick={onOpen}>
                  {title}
                </button>
              ) : (
                <span className="step-title">{title}</span>
              )}
              {done && <span className="visually-hidden"> ({text.common.done})</span>}
              {detail && <div className="small step-detail">{detail}</div>}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
