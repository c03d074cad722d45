import { useState } from "react";
import { formatMoment } from "../format/dates";
import { text } from "../text";
import { eventsSince, type HistoryEvent } from "./changes";
import { isOutdated } from "./errors";
import { Banner } from "./parts";

/** The history as it was when the last call was sent. */
export function useSentHistory(history: readonly HistoryEvent[]) {
  const [sent, setSent] = useState(history);
  return { sent, remember: () => setSent(history) };
}

/** What changed, after a call that was refused as outdated: what was entered is still there to be sent. */
export function Changes({
  error,
  sent,
  history,
}: {
  error: unknown;
  sent: readonly HistoryEvent[];
  history: readonly HistoryEvent[];
}) {
  if (!isOutdated(error)) {
    return null;
  }
  const events = eventsSince(sent, history);
  return (
    <Banner live tone="warning" title={text.common.outdatedTitle}>
      {events.length > 0 && (
        <ul>
          {events.map((event) => (
            <li key={`${event.type} ${event.at} ${event.document_id}`}>
              {event.type_label}, {formatMoment(event.at)}
            </li>
          ))}
        </ul>
      )}
      <p>{text.common.outdated}</p>
    </Banner>
  );
}
