import { useMemo } from "react";
import type { Schemas } from "../../../api/client";
import { formatMoment } from "../../../format/dates";
import { text } from "../../../text";
import { Card, useNow } from "../../../ui/parts";
import { timeline } from "./timeline";

export function Timeline({ details }: { details: Schemas["RequestDetails"] }) {
  const now = useNow();
  const groups = useMemo(() => timeline(details, now), [details, now]);
  return (
    <Card title={text.provider.timeline.title}>
      {groups.map((group) => (
        <section key={group.cycle}>
          <h3>{group.title}</h3>
          <ol className="timeline" reversed>
            {group.entries.map((entry) => (
              <li key={entry.key} className="timeline-entry">
                <div>
                  <strong>{entry.title}</strong>
                </div>
                <time className="small" dateTime={entry.at}>
                  {formatMoment(entry.at, now)}
                </time>
                {entry.details.map((line) => (
                  <div key={line}>{line}</div>
                ))}
              </li>
            ))}
          </ol>
        </section>
      ))}
    </Card>
  );
}
