import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "react-router";
import { api, unwrap } from "../api/client";
import { livePolling } from "../api/queries";
import { ApprovedElsewhere } from "../details/ApprovedElsewhere";
import { Providers, patientWords, Services } from "../details/RequestContent";
import { StatusNotes } from "../details/StatusNotes";
import { formatMoment } from "../format/dates";
import { formatReference } from "../format/identifiers";
import { FiledDisputes } from "../provider/requests/details/Disputes";
import { Lines } from "../provider/requests/details/Lines";
import { lineViews } from "../provider/requests/details/lines";
import { text } from "../text";
import { LinkButton } from "../ui/Button";
import { Card, Damaged, DueTime, Facts, Page, StatusBadge } from "../ui/parts";
import { RecordPage } from "../ui/RecordPage";
import { Region } from "../ui/Region";
import { Table } from "../ui/Table";
import { RequestActions } from "./RequestActions";
import { RequestFiles } from "./RequestFiles";
import { type Details, recordOf } from "./record";
import "../styles/provider.css";
import "../styles/review.css";

const words = text.operations;

/** Any request of the plan with its audit trail, and what an operator can do with it. */
export function RequestPage() {
  const { requestId = "" } = useParams();
  const [interval] = useState(livePolling);
  const found = useQuery({
    queryKey: recordOf(requestId),
    queryFn: () =>
      unwrap(
        api.GET("/v1/operations/requests/{request_id}", {
          params: { path: { request_id: requestId } },
        }),
      ),
    refetchInterval: interval,
  });
  return (
    <RecordPage
      query={found}
      title={words.requestOf}
      back={{ to: "/operations", title: words.title }}
      shape="case"
    >
      {(details) => <Shown details={details} />}
    </RecordPage>
  );
}

function Shown({ details }: { details: Details }) {
  return (
    <Page
      wide
      title={details.number ? words.request(details.number) : words.draft}
      lead={
        <span className="case-lead">
          <StatusBadge status={details.status} label={details.status_label} />
          {details.waiting_on !== "NONE" && (
            <span>
              {text.provider.table.waitsUntil(details.waiting_on_label)}{" "}
              <DueTime at={details.due_at} />
            </span>
          )}
        </span>
      }
      actions={<LinkButton to="/operations">{words.title}</LinkButton>}
    >
      <Damaged entries={details.damaged} />
      <ApprovedElsewhere details={details} path="/operations/requests" />
      <Region>
        <RequestActions details={details} />
      </Region>
      {details.lines.length > 0 && (
        <Region>
          <Lines
            views={lineViews(details.lines, details.content, details.content_labels)}
            isVoid={details.status === "VOID"}
          />
        </Region>
      )}
      <div className="case">
        <div>
          <Card title={text.review.request}>
            <StatusNotes details={details} />
            <Facts
              items={[
                [words.patient, patientWords(details.content.patient)],
                [
                  words.coverage,
                  [details.plan.name, details.plan.line_of_business_label, details.plan.state]
                    .filter(Boolean)
                    .join(", "),
                ],
                [words.channel, details.channel_label],
                [words.reference, formatReference(details.reference, details.channel)],
                [words.submitted, formatMoment(details.submitted_at)],
                [words.determined, formatMoment(details.determined_at)],
                [
                  words.clock,
                  details.decision_clock && (
                    <>
                      {details.decision_clock.kind_label}, {details.decision_clock.limit},{" "}
                      <DueTime at={details.decision_clock.decision_due_at} />
                    </>
                  ),
                ],
                [words.vendors, vendorsOf(details)],
                [words.expires, formatMoment(details.expires_at)],
                [text.review.reasons, details.intake_exceptions_labels.join(", ")],
              ]}
            />
            <Services content={details.content} labels={details.content_labels} />
            <Providers content={details.content} temporary={details.temporary_providers} />
          </Card>
          <FiledDisputes details={details} offer={false} />
        </div>
        <div>
          <RequestFiles details={details} />
          <Notes details={details} />
          <Card title={words.audit}>
            <Table
              caption={words.audit}
              captionHidden
              columns={[
                {
                  key: "at",
                  title: words.auditColumns.at,
                  cell: (entry) => formatMoment(entry.at),
                },
                {
                  key: "what",
                  title: words.auditColumns.what,
                  heading: true,
                  cell: (entry) => entry.type_label,
                },
                { key: "who", title: words.auditColumns.who, cell: whoOf },
                {
                  key: "status",
                  title: words.auditColumns.status,
                  cell: (entry) => entry.status_label,
                },
              ]}
              rows={[...details.audit_trail].reverse()}
              rowKey={(entry) => entry.event_id}
            />
          </Card>
        </div>
      </div>
    </Page>
  );
}

type AuditEntry = Details["audit_trail"][number];

/** Who caused an event, and to whom a lead assigned the case: by user name where one is registered. */
function whoOf(entry: AuditEntry) {
  const assignee = entry.assigned_to_label ?? entry.assigned_to;
  return (
    <>
      {entry.actor_label ?? entry.actor ?? words.system}
      {assignee && <div className="small">{words.assignedTo(assignee)}</div>}
    </>
  );
}

function Notes({ details }: { details: Details }) {
  return (
    <Card title={words.notes}>
      {details.reviewer_notes.length === 0 && <p className="small">{text.review.noNotes}</p>}
      <ul className="plain">
        {details.reviewer_notes.map((note) => (
          <li key={`${note.written_at} ${note.text}`}>
            <p className="pre">{note.text}</p>
            <p className="small">
              {note.written_by_label ?? note.written_by}, {formatMoment(note.written_at)}
            </p>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Which lines each delegated vendor decides, and whether it reported. */
function vendorsOf({ delegations }: Details): string {
  return delegations
    .map(({ vendor, line_ids, reported_at }) =>
      [
        `${vendor.name}: ${text.provider.vendors.decides(line_ids)}`,
        reported_at && text.provider.vendors.reported(formatMoment(reported_at)),
      ]
        .filter(Boolean)
        .join(" "),
    )
    .join("; ");
}
