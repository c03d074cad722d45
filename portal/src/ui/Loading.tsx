import { useEffect } from "react";
import { text } from "../text";
import { announce } from "./announce";

/** The form of what is loading, so that nothing moves when it arrives. */
export type Shape = "lines" | "rows" | "entries" | "fields" | "facts" | "record" | "case";

/** Loading that takes longer than this is announced to screen readers. */
const ANNOUNCED_AFTER_MS = 1000;

/** A place holder in the form of the content. */
export function Loading({ shape = "lines" }: { shape?: Shape }) {
  useEffect(() => {
    const timer = window.setTimeout(() => announce(text.common.loading), ANNOUNCED_AFTER_MS);
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <div className={`skeleton skeleton-${shape}`} aria-busy="true">
      <span className="visually-hidden">{text.common.loading}</span>
      {blocksOf(shape)}
    </div>
  );
}

function blocksOf(shape: Shape) {
  switch (shape) {
    case "lines":
      return <Block lines={3} />;
    case "rows":
      return times(6, (key) => <Block key={key} lines={4} />);
    case "entries":
      return times(4, (key) => <Block key={key} lines={3} />);
    case "fields":
      return times(4, (key) => <Block key={key} lines={2} />);
    case "facts":
      return times(6, (key) => <Block key={key} lines={2} />);
    case "record":
      return (
        <>
          <div className="banner">
            <Block lines={2} />
          </div>
          {times(3, (key) => (
            <div key={key} className="card">
              <Block lines={5} />
            </div>
          ))}
        </>
      );
    case "case":
      return times(4, (key) => (
        <div key={key} className="card">
          <Block lines={7} />
        </div>
      ));
  }
}

function Block({ lines }: { lines: number }) {
  return (
    <div className="skeleton-block" aria-hidden="true">
      {times(lines, (key) => (
        <span key={key} className="bone" />
      ))}
    </div>
  );
}

function times<Part>(count: number, part: (index: number) => Part): readonly Part[] {
  return Array.from({ length: count }, (_, index) => part(index));
}
