import type { Schemas } from "../../../api/client";
import { formatMoment } from "../../../format/dates";
import { text } from "../../../text";
import { Card, Tag } from "../../../ui/parts";
import { Table } from "../../../ui/Table";
import { type LineView, withWords } from "./lines";

const words = text.provider.lines;

const TONES: Record<Schemas["LineStatus"], string> = {
  OPEN: "busy",
  APPROVED: "good",
  MODIFIED: "mixed",
  DENIED: "bad",
  CANCELLED: "off",
};

export function Lines({
  views,
  isVoid = false,
}: {
  views: readonly LineView[];
  /** Of a void request: what was not decided then is not open any more. */
  isVoid?: boolean;
}) {
  return (
    <Card>
      <Table
        caption={words.title}
        columns={[
          {
            key: "code",
            title: words.service,
            heading: true,
            cell: ({ line, title, otherDiagnosis }) => (
              <>
                {line.line_id} · {title}
                <div className="small">
                  {otherDiagnosis
                    ? words.otherDiagnosis(otherDiagnosis.submitted, otherDiagnosis.adjudicated)
                    : withWords(line.submitted_diagnosis, line.submitted_diagnosis_label)}
                </div>
              </>
            ),
          },
          { key: "requested", title: words.requested, cell: (view) => view.requested },
          {
            key: "decision",
            title: words.decision,
            cell: ({ line }) => (
              <>
                {isVoid && line.status === "OPEN" ? (
                  <Tag tone="off">{words.notDecided}</Tag>
                ) : (
                  <Tag tone={TONES[line.status]}>{line.status_label}</Tag>
                )}
                {line.review_action && !(isVoid && line.status === "OPEN") && (
                  <div className="small">
                    {withWords(line.review_action, line.review_action_label)}
                  </div>
                )}
                {line.cancelled_at && (
                  <div className="small">{words.cancelledAt(formatMoment(line.cancelled_at))}</div>
                )}
                {line.replaces && <div className="small">{words.replaces(line.replaces)}</div>}
                {line.decided_by_label && (
                  <div className="small">
                    {words.decidedBy(line.vendor?.name ?? line.decided_by_label)}
                  </div>
                )}
              </>
            ),
          },
          {
            key: "approved",
            title: words.approved,
            cell: (view) => view.approved,
          },
          {
            key: "why",
            title: words.why,
            cell: ({ decision, earlier }) => (
              <>
                {decision && <Decision decision={decision} />}
                {earlier.length > 0 && (
                  <details>
                    <summary>{words.earlier(earlier.length)}</summary>
                    {earlier.map((one) => (
                      <Decision key={`${one.cycle} ${one.decided_at}`} decision={one} status />
                    ))}
                  </details>
                )}
              </>
            ),
          },
        ]}
        rows={views}
        rowKey={(view) => view.line.line_id}
      />
    </Card>
  );
}

function Decision({
  decision,
  status = false,
}: {
  decision: Schemas["DecisionResponse"];
  status?: boolean;
}) {
  return (
    <div className="decision">
      {status && <div>{decision.status_label}</div>}
      {decision.reason_code && (
        <div>{withWords(decision.reason_code, decision.reason_code_label)}</div>
      )}
      {decision.rationale && <p className="pre">{decision.rationale}</p>}
      {decision.criterion && <div>{words.criterion(decision.criterion)}</div>}
      {decision.date_change_reason && <div>{words.datesChanged(decision.date_change_reason)}</div>}
      <div className="small">
        {decision.decided_as_label}, {formatMoment(decision.decided_at)}
      </div>
    </div>
  );
}
