/** What remains possible after an adverse determination, and what was filed. */
import type { ReactNode } from "react";
import type { Schemas } from "../../../api/client";
import { formatMoment } from "../../../format/dates";
import { text } from "../../../text";
import { Button } from "../../../ui/Button";
import { Card, DueTime, Phone, Tag, WithPhones } from "../../../ui/parts";
import { actionOf, type DisputeAction, isOffered, labelOf } from "./actions";

const words = text.provider.dispute;

export function DisputeOptions({
  details,
  onOpen,
}: {
  details: Schemas["RequestDetails"];
  onOpen: (action: DisputeAction) => void;
}) {
  if (details.dispute_options.length === 0) {
    return null;
  }
  return (
    <Card title={words.options}>
      <ul className="entries">
        {details.dispute_options.map((one) => {
          const action = actionOf(one.option);
          return (
            <li key={one.option} className="entry">
              <h3>{one.option_label}</h3>
              <p>
                <WithPhones>{one.text}</WithPhones>
              </p>
              <p>
                {words.forLines(one.line_ids)} {words.until} <DueTime at={one.until} />
              </p>
              {action && isOffered(details, action) && (
                <Button onClick={() => onOpen(action)}>{labelOf(details, action)}</Button>
              )}
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

interface Filed {
  cycle: number;
  title: string;
  entry: Schemas["DisputeResponse"];
  outcome: ReactNode;
  /** Where the payer's clinician calls. */
  phone: string | null;
}

type Disputed = Pick<
  Schemas["RequestDetails"],
  "peer_to_peer" | "appeals" | "reconsiderations" | "peer_to_peer_discussions"
>;

export function FiledDisputes({
  details,
  offer = true,
}: {
  details: Disputed;
  /** Show the open offer of a discussion: to the provider, who is to call. */
  offer?: boolean;
}) {
  const offered = offer ? details.peer_to_peer : null;
  const filed: Filed[] = [
    ...details.appeals.map((one) => ({
      cycle: one.cycle,
      title: text.provider.timeline.appeal(one.level),
      entry: one,
      outcome: null,
      phone: null,
    })),
    ...details.reconsiderations.map((one) => ({
      cycle: one.cycle,
      title: text.provider.timeline.reconsideration,
      entry: one,
      outcome: null,
      phone: null,
    })),
    ...details.peer_to_peer_discussions.map((one) => ({
      cycle: one.cycle,
      title: text.provider.timeline.discussion,
      entry: one,
      outcome: one.outcome_label,
      phone: one.phone,
    })),
  ].sort((one, other) => other.cycle - one.cycle);
  if (filed.length === 0 && offered === null) {
    return null;
  }
  return (
    <Card title={words.filed}>
      {offered && (
        <section className="entry">
          <h3>{words.offered}</h3>
          <p>
            {words.call} <Phone number={offered.phone} />
          </p>
          <p>
            {offered.outcome_label ?? (
              <>
                {words.respondBy} <DueTime at={offered.respond_by} />
              </>
            )}
          </p>
        </section>
      )}
      {filed.map(({ cycle, title, entry, outcome, phone }) => (
        <section key={cycle} className="entry">
          <div className="entry-head">
            <h3>{title}</h3>
            <Tag tone="info">{entry.status_label}</Tag>
            {entry.expedited && <Tag tone="warning">{words.expeditedTag}</Tag>}
          </div>
          <p className="small">
            {words.filedAt(formatMoment(entry.filed_at))} {words.forLines(entry.line_ids)}
          </p>
          <p className="pre">{entry.reason}</p>
          {phone && (
            <p>
              {words.phone}: <Phone number={phone} />
            </p>
          )}
          {entry.due_at && (
            <p>
              {words.decidedBy} <DueTime at={entry.due_at} />
            </p>
          )}
          {outcome && <p>{outcome}</p>}
        </section>
      ))}
    </Card>
  );
}
