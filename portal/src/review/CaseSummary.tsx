import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, type Schemas, unwrap } from "../api/client";
import { coded, Providers, patientWords, Services } from "../details/RequestContent";
import { StatusNotes } from "../details/StatusNotes";
import { Timeline } from "../details/Timeline";
import { formatDay, formatDays, formatMoment } from "../format/dates";
import { formatReference } from "../format/identifiers";
import { FiledDisputes } from "../provider/requests/details/Disputes";
import { text } from "../text";
import { Button } from "../ui/Button";
import { Card, Damaged, DueTime, Empty, Facts, Loaded, StatusBadge, Tag } from "../ui/parts";
import type { CaseDetails } from "./Case";

const words = text.review;

/** The left side of a case. */
export function CaseSummary({ details }: { details: CaseDetails }) {
  return (
    <div className="case-summary">
      <FiledDisputes details={details} offer={false} />
      <Card title={words.request}>
        <StatusNotes details={details} />
        <Facts
          items={[
            [words.patient, patientWords(details.content.patient)],
            [words.coverage, planOf(details.plan)],
            [
              words.receivedBy,
              [details.channel_label, formatReference(details.reference, details.channel)]
                .filter(Boolean)
                .join(", "),
            ],
            [words.submitted, formatMoment(details.submitted_at)],
            [
              words.reasons,
              [...details.pend_reasons_labels, ...details.intake_exceptions_labels].join(", "),
            ],
          ]}
        />
        <Services content={details.content} labels={details.content_labels} />
        <Providers content={details.content} temporary={details.temporary_providers} />
        {details.intake_note && <p>{details.intake_note}</p>}
      </Card>
      <Vendors details={details} />
      <Required details={details} />
      <Coverage requestId={details.request_id} />
      {details.decision_clock && (
        <Card title={words.clock}>
          <p>
            <strong>{details.decision_clock.kind_label}</strong>,{" "}
            <DueTime at={details.decision_clock.decision_due_at} />
          </p>
          <ul>
            {details.decision_clock.description.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </Card>
      )}
      <Duplicates details={details} />
      <Information details={details} />
    </div>
  );
}

/** The right side, below the documents: other requests of the member, notes, and what happened. */
export function CaseContext({ details }: { details: CaseDetails }) {
  return (
    <>
      <MemberHistory requestId={details.request_id} />
      <Card title={words.notesTitle}>
        {details.notes.length === 0 ? (
          <p className="small">{words.noNotes}</p>
        ) : (
          <ul className="plain">
            {details.notes.map((note) => (
              <li key={`${note.written_at} ${note.text}`}>
                <p>{note.text}</p>
                <p className="small">
                  {note.written_by_label}, {formatMoment(note.written_at)}
                </p>
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Card title={words.history}>
        <Timeline history={details.history} />
      </Card>
    </>
  );
}

function planOf(plan: Schemas["PlanResponse"]): string {
  return [plan.name, plan.plan_type_label, plan.line_of_business_label, plan.state]
    .filter(Boolean)
    .join(", ");
}

/** What the rules require, and which document answers it. */
function Required({ details }: { details: CaseDetails }) {
  const { assessment, documentation } = details;
  const names = new Map(details.documents.map((one) => [one.document_id, one.file_name]));
  return (
    <Card title={words.required}>
      {documentation.length === 0 && <p className="small">{words.requiredNone}</p>}
      <ul className="plain">
        {documentation.map((one) => {
          const by = one.document_ids.map((id) => names.get(id) ?? id);
          return (
            <li key={one.code}>
              <Tag tone={by.length > 0 ? "good" : "warning"}>
                {by.length > 0 ? words.answeredBy : words.notAnswered}
              </Tag>{" "}
              {one.label}{" "}
              <span className="small">
                {[
                  by.join(", "),
                  one.line_ids.length > 0 && words.forLines(one.line_ids.join(", ")),
                  by.length === 0 && one.requested && words.askedFor,
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
            </li>
          );
        })}
      </ul>
      {assessment && (
        <>
          <p className="small">
            {words.rules} {assessment.rule_list}
          </p>
          <ul className="plain">
            {assessment.lines.map((line) => (
              <li key={line.line_id} className="small">
                {line.line_id}: {line.requirement_label}
                {line.rule_id && ` (${words.rule} ${line.rule_id})`}
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

/** The member's coverage as it is now: it can have changed since the submission. */
function Coverage({ requestId }: { requestId: string }) {
  const coverage = useQuery({
    queryKey: ["case", requestId, "coverage"],
    queryFn: () =>
      unwrap(
        api.GET("/v1/review/requests/{request_id}/coverage", {
          params: { path: { request_id: requestId } },
        }),
      ),
    staleTime: 60_000,
  });
  return (
    <Card title={words.coverageTitle}>
      <Loaded query={coverage}>
        {(data) => (
          <>
            <p>
              <Tag tone={data.active ? "good" : "warning"}>
                {data.active ? words.coverageActive : words.coverageInactive}
              </Tag>{" "}
              {data.plan && planOf(data.plan)}
            </p>
            <ul className="plain">
              {data.spans.map((span) => (
                <li key={`${span.active_from} ${span.plan.plan_id}`} className="small">
                  {words.from_to(formatDay(span.active_from), formatDay(span.active_to))}:{" "}
                  {span.plan.name}, {span.account_name}
                </li>
              ))}
            </ul>
          </>
        )}
      </Loaded>
    </Card>
  );
}

/** Which lines are not the payer's to decide. */
function Vendors({ details }: { details: CaseDetails }) {
  if (details.delegations.length === 0) {
    return null;
  }
  return (
    <Card title={words.vendors}>
      <ul className="plain">
        {details.delegations.map(({ vendor, line_ids, reported_at, due_at }) => (
          <li key={vendor.vendor_id}>
            <strong>{vendor.name}</strong> {text.provider.vendors.decides(line_ids)}{" "}
            {reported_at ? (
              text.provider.vendors.reported(formatMoment(reported_at))
            ) : (
              <>
                {text.provider.vendors.due} <DueTime at={due_at} />
              </>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Duplicates({ details }: { details: CaseDetails }) {
  if (details.potential_duplicates.length === 0) {
    return null;
  }
  return (
    <Card title={words.duplicates}>
      {details.potential_duplicates.map((one) => (
        <section key={`${one.request_id} ${one.number} ${one.reason_code}`} className="service">
          <h3>
            {one.visible && one.request_id ? (
              <Link to={`/review/${one.request_id}`}>{one.number}</Link>
            ) : (
              one.number
            )}{" "}
            {one.status && <StatusBadge status={one.status} label={one.status_label ?? ""} />}
          </h3>
          <p>{one.reason_code_label}</p>
          {one.contact && <p>{one.contact}</p>}
          <ul className="plain">
            {one.services.map((pair, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: pairs have no id.
              <li key={index} className="columns">
                <Compared title={words.thisRequest} service={pair.this} />
                <Compared title={words.otherRequest} service={pair.other} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </Card>
  );
}

function Compared({
  title,
  service,
}: {
  title: string;
  service: Schemas["ComparedServiceResponse"] | null;
}) {
  return (
    <div>
      <div className="small">{title}</div>
      {service ? (
        <div>
          {[
            service.code_type_label,
            coded(service.code, service.code_label),
            ...service.modifiers,
            service.units && `${service.units} ${service.unit_type_label ?? ""}`,
            formatDays(service.first_day, service.last_day),
            service.place_of_service_label,
            service.medication,
          ]
            .filter(Boolean)
            .join(" · ")}
        </div>
      ) : (
        <div>{text.common.none}</div>
      )}
    </div>
  );
}

function Information({ details }: { details: CaseDetails }) {
  if (details.information_requests.length === 0) {
    return null;
  }
  return (
    <Card title={words.information}>
      <ul className="plain">
        {details.information_requests.map((one) => (
          <li key={one.requested_at}>
            <p>
              {[one.text, ...one.documents.map((document) => document.label)]
                .filter(Boolean)
                .join("; ")}
            </p>
            <p className="small">
              {formatMoment(one.requested_at)}
              {!one.closed_at && (
                <>
                  {" · "}
                  {words.informationOpen} <DueTime at={one.answer_by} />
                </>
              )}
            </p>
            {one.answer && (
              <p>
                <strong>{words.informationAnswer}:</strong> {one.answer}
              </p>
            )}
            {one.closed_at && !one.answered && (
              <p>{words.informationClosed(formatMoment(one.closed_at))}</p>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function MemberHistory({ requestId }: { requestId: string }) {
  const history = useInfiniteQuery({
    queryKey: ["case", requestId, "member-history"],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/v1/review/requests/{request_id}/member-history", {
          params: {
            path: { request_id: requestId },
            query: pageParam ? { limit: 25, cursor: pageParam } : { limit: 5 },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor ?? undefined,
    staleTime: 60_000,
  });
  return (
    <Card title={words.memberHistory}>
      <Loaded query={history} shape="rows">
        {(data) => {
          const rows = data.pages.flatMap((page) => page.requests);
          return (
            <>
              <Damaged entries={data.pages.flatMap((page) => page.damaged)} />
              {rows.length === 0 && <Empty>{words.memberHistoryEmpty}</Empty>}
              <ul className="plain">
                {rows.map((row) => (
                  <li key={row.request_id}>
                    <Link to={`/review/${row.request_id}`}>{row.number ?? row.request_id}</Link>{" "}
                    <StatusBadge status={row.status} label={row.status_label} />
                    <span className="small">
                      {" "}
                      {[
                        formatDays(row.first_day, row.last_day),
                        row.place_of_service_label,
                        row.servicing_provider,
                      ]
                        .filter(Boolean)
                        .join(" · ")}
                    </span>
                  </li>
                ))}
              </ul>
              {history.hasNextPage && (
                <Button
                  look="quiet"
                  pending={history.isFetchingNextPage}
                  onClick={() => history.fetchNextPage()}
                >
                  {words.more}
                </Button>
              )}
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}
