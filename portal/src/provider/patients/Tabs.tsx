import { type ReactNode, useId, useRef } from "react";

export interface Tab {
  key: string;
  title: string;
  content: ReactNode;
}

/** Tabs by the ARIA pattern: arrow keys move and select, one tab is in the tab order. */
export function Tabs({
  label,
  tabs,
  selected,
  onSelect,
}: {
  label: string;
  tabs: readonly Tab[];
  selected: string;
  onSelect: (key: string) => void;
}) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const current = tabs.find((tab) => tab.key === selected) ?? tabs[0];
  const move = (to: number) => {
    const at = (to + tabs.length) % tabs.length;
    const tab = tabs[at];
    if (tab) {
      onSelect(tab.key);
      list.current?.querySelectorAll<HTMLElement>("[role=tab]")[at]?.focus();
    }
  };
  const at = tabs.findIndex((tab) => tab.key === current?.key);
  const steps: Record<string, number> = {
    ArrowRight: at + 1,
    ArrowLeft: at - 1,
    Home: 0,
    End: tabs.length - 1,
  };
  return (
    <>
      <div ref={list} role="tablist" aria-label={label} className="tabs">
        {tabs.map((tab) => (
          <button
            key={tab.key}
            type="button"
            role="tab"
            id={`${id}-${tab.key}`}
            aria-selected={tab.key === current?.key}
            aria-controls={tab.key === current?.key ? `${id}-panel` : undefined}
            tabIndex={tab.key === current?.key ? 0 : -1}
            className="tab"
            onClick={() => onSelect(tab.key)}
            onKeyDown={(event) => {
              const to = steps[event.key];
              if (to !== undefined) {
                event.preventDefault();
                move(to);
              }
            }}
          >
            {tab.title}
          </button>
        ))}
      </div>
      {current && (
        <div
          role="tabpanel"
          id={`${id}-panel`}
          aria-labelledby={`${id}-${current.key}`}
          className="card"
        >
          {current.content}
        </div>
      )}
    </>
  );
}
