import type { Schemas } from "../api/client";
import { formatMoment } from "../format/dates";
import { text } from "../text";

/** What happened, the latest first, with whose turn it was then. */
export function Timeline({ history }: { history: readonly Schemas["HistoryEntry"][] }) {
  return (
    <ol className="history" reversed>
      {[...history].reverse().map((entry, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two entries can be equal.
        <li key={history.length - index}>
          <time dateTime={entry.at} className="small">
            {formatMoment(entry.at)}
          </time>
          <div>{entry.type_label}</div>
          {entry.waiting_on !== "NONE" && entry.until && (
            <div className="small">
              {text.provider.timeline.turnUntil(entry.waiting_on_label, formatMoment(entry.until))}
            </div>
          )}
        </li>
      ))}
    </ol>
  );
}
