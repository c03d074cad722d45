import type { ReactNode } from "react";

export interface Step {
  key: string;
  title: string;
  detail?: ReactNode;
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
  const at = steps.findIndex((step) => step.key === current);
  return (
    <nav className="steps" aria-label={label}>
      <ol>
        {steps.map((step, index) => (
          <li
            key={step.key}
            className={index < at ? "step step-done" : index === at ? "step step-current" : "step"}
            aria-current={index === at ? "step" : undefined}
          >
            {step.onOpen && index < at ? (
              <button type="button" className="link" onClick={step.onOpen}>
                {step.title}
              </button>
            ) : (
              <span>{step.title}</span>
            )}
            {step.detail && <div className="small">{step.detail}</div>}
          </li>
        ))}
      </ol>
    </nav>
  );
}
