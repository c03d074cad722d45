import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "react-router";
import { api, onVersion, type Schemas, unwrap } from "../api/client";
import { openDownload } from "../api/download";
import { livePolling } from "../api/queries";
import { ApprovedElsewhere } from "../details/ApprovedElsewhere";
import { coded, Providers, Services } from "../details/RequestContent";
import { StatusNotes } from "../details/StatusNotes";
import { formatDay, formatMoment } from "../format/dates";
import { formatReference, formatSize } from "../format/identifiers";
import { FiledDisputes } from "../provider/requests/details/Disputes";
import { Lines } from "../provider/requests/details/Lines";
import { lineViews } from "../provider/requests/details/lines";
import { text } from "../text";
import { ActionDialog } from "../ui/ActionDialog";
import { Button, LinkButton } from "../ui/Button";
import { ErrorBanner } from "../ui/ErrorSummary";
import { DateField, GroupErrors, TextArea } from "../ui/fields";
import { Banner, Card, Damaged, DueTime, Facts, Page, StatusBadge } from "../ui/parts";
import { RecordPage } from "../ui/RecordPage";
import { Region } from "../ui/Region";
import { useStored } from "../ui/stored";
import { Table } from "../ui/Table";
import { changedDates, type DateEntries } from "./dates";
import { MatchDialog } from "./MatchDialog";
import "../styles/provider.css";
import "../styles/review.css";

const words = text.operations;

type Details = Schemas["OperatorDetails"];

const recordOf = (requestId: string) => ["operations", "request", requestId] as const;

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
  const { patient } = details.content;
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
        <Actions details={details} />
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
                [
                  words.patient,
                  patient &&
                    `${patient.first_name} ${patient.last_name}, ${formatDay(patient.date_of_birth)}, ${patient.member_id}`,
                ],
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
          <Files details={details} />
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

function Files({ details }: { details: Details }) {
  const path = { request_id: details.request_id };
  const open = useMutation({
    mutationFn: (file: { document: string } | { notice: string }) =>
      "document" in file
        ? unwrap(
            api.GET("/v1/operations/requests/{request_id}/documents/{document_id}", {
              params: { path: { ...path, document_id: file.document } },
            }),
          )
        : unwrap(
            api.GET("/v1/operations/requests/{request_id}/notices/{notice_id}", {
              params: { path: { ...path, notice_id: file.notice } },
            }),
          ),
    onSuccess: (link) => openDownload(link.url),
  });
  return (
    <>
      <ErrorBanner error={open.error} />
      <Card title={words.documents}>
        {details.documents.length === 0 && <p className="small">{words.noDocuments}</p>}
        <ul className="plain">
          {details.documents.map((one) => (
            <li key={one.document_id}>
              {one.status === "ATTACHED" ? (
                <button
                  type="button"
                  className="link"
                  onClick={() => open.mutate({ document: one.document_id })}
                >
                  {one.file_name}
                </button>
              ) : (
                one.file_name
              )}{" "}
              <span className="small">
                {[
                  one.status_label,
                  one.refusal_code_label,
                  one.document_type_label,
                  formatSize(one.size),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
            </li>
          ))}
        </ul>
      </Card>
      <Card title={words.notices}>
        {details.determination_notices.length === 0 && <p className="small">{words.noNotices}</p>}
        <ul className="plain">
          {details.determination_notices.map((notice) => (
            <li key={notice.notice_id}>
              <button
                type="button"
                className="link"
                onClick={() => open.mutate({ notice: notice.notice_id })}
              >
                {notice.kind_label}, {notice.audience_label}
              </button>{" "}
              <span className="small">{formatMoment(notice.printed_at)}</span>
            </li>
          ))}
        </ul>
      </Card>
    </>
  );
}

type Opened = "confirm" | "dates" | Schemas["TemporaryProviderResponse"] | null;

function Actions({ details }: { details: Details }) {
  const [opened, setOpened] = useState<Opened>(null);
  const allowed = new Set(details.allowed_actions);
  const close = () => setOpened(null);
  const open = details.temporary_providers.filter((one) => one.reconciled_at === null);
  return (
    <>
      {details.intake_exceptions_labels.length > 0 && (
        <Banner tone="warning" title={words.exceptionsTitle}>
          <p>{details.intake_exceptions_labels.join(". ")}</p>
          {details.intake_note && <p>{details.intake_note}</p>}
        </Banner>
      )}
      <div className="case-actions">
        {allowed.has("CONFIRM_INTAKE") && (
          <Button look="primary" onClick={() => setOpened("confirm")}>
            {words.confirm}
          </Button>
        )}
        {allowed.has("CHANGE_DATES") && (
          <Button onClick={() => setOpened("dates")}>{words.dates}</Button>
        )}
        {allowed.has("RECONCILE_PROVIDER") &&
          open.map((one) => (
            <Button key={one.role} onClick={() => setOpened(one)}>
              {words.match}: {one.role_label}
            </Button>
          ))}
      </div>
      {opened === "confirm" && <ConfirmDialog details={details} onClose={close} />}
      {opened === "dates" && <DatesDialog details={details} onClose={close} />}
      {opened !== null && typeof opened === "object" && (
        <MatchDialog
          row={{
            request_id: details.request_id,
            version: details.version,
            role: opened.role,
            // Until it is matched, the provider is in the content as it was submitted.
            submitted: opened.submitted ?? submittedAs(details.content, opened.role),
          }}
          history={details.history}
          onClose={close}
        />
      )}
    </>
  );
}

function submittedAs(
  content: Schemas["RequestContent"],
  role: Schemas["ProviderRole"],
): Schemas["Provider"] | null {
  const provider =
    role === "REQUESTING_PROVIDER" ? content.requesting_provider : content.servicing_provider;
  return provider ?? null;
}

interface DialogProps {
  details: Details;
  onClose: () => void;
}

function ConfirmDialog({ details, onClose }: DialogProps) {
  const [note, setNote, reset] = useStored(`confirm.${details.request_id}`, "");
  return (
    <ActionDialog
      title={words.confirmTitle}
      action={words.confirm}
      done={words.confirmed}
      names={(pointer) => (pointer === "/note" ? words.confirmNote : undefined)}
      record={recordOf(details.request_id)}
      refresh={[["operations"]]}
      history={details.history}
      onClose={onClose}
      send={async () => {
        const changed = await unwrap(
          api.POST("/v1/operations/requests/{request_id}/intake-confirmation", {
            params: onVersion(details),
            body: { note },
          }),
        );
        reset();
        return changed;
      }}
    >
      <p>{details.intake_exceptions_labels.join(". ")}</p>
      <TextArea
        pointer="/note"
        label={words.confirmNote}
        hint={words.confirmHint}
        maxLength={500}
        value={note}
        onChange={setNote}
      />
    </ActionDialog>
  );
}

function DatesDialog({ details, onClose }: DialogProps) {
  const lines = details.lines.filter((line) => line.approved !== null);
  const [entry, setEntry, reset] = useStored<{ dates: DateEntries; reason: string }>(
    `dates.${details.request_id}`,
    { dates: {}, reason: "" },
  );
  const before = Object.fromEntries(
    lines.map((line) => [
      line.line_id,
      { from: line.approved?.from_date ?? "", to: line.approved?.to_date ?? "" },
    ]),
  );
  const body = changedDates(before, entry.dates);
  const at = (lineId: string) => body.findIndex((one) => one.line_id === lineId);
  const set = (lineId: string, change: Partial<{ from: string; to: string }>) =>
    setEntry((now) => ({
      ...now,
      dates: {
        ...now.dates,
        [lineId]: {
          from: before[lineId]?.from ?? "",
          to: before[lineId]?.to ?? "",
          ...now.dates[lineId],
          ...change,
        },
      },
    }));
  return (
    <ActionDialog
      wide
      title={words.datesTitle}
      action={words.dates}
      done={words.datesChanged}
      names={(pointer) => {
        const [, list, index, field] = pointer.split("/");
        const line = list === "lines" ? body[Number(index)]?.line_id : undefined;
        if (line !== undefined) {
          return field === "to_date" ? words.datesTo(line) : words.datesFrom(line);
        }
        return pointer === "/lines"
          ? words.datesLines
          : pointer === "/reason"
            ? words.datesReason
            : undefined;
      }}
      record={recordOf(details.request_id)}
      refresh={[["operations"]]}
      history={details.history}
      onClose={onClose}
      send={async () => {
        const changed = await unwrap(
          api.POST("/v1/operations/requests/{request_id}/dates", {
            params: onVersion(details),
            body: { lines: body, reason: entry.reason },
          }),
        );
        reset();
        return changed;
      }}
    >
      <GroupErrors pointer="/lines" />
      <p className="small">{words.datesHint}</p>
      {lines.map((line) => {
        const shown = entry.dates[line.line_id] ?? before[line.line_id];
        // A line that is not changed is not sent and has no place in the body.
        const index = at(line.line_id);
        const pointer = index < 0 ? `/unchanged/${line.line_id}` : `/lines/${index}`;
        return (
          <div key={line.line_id}>
            <p>
              {coded([line.code_type_label, line.code].filter(Boolean).join(" "), line.code_label)}
            </p>
            <div className="form-grid">
              <DateField
                pointer={`${pointer}/from_date`}
                label={words.datesFrom(line.line_id)}
                value={shown?.from ?? ""}
                onChange={(from) => set(line.line_id, { from })}
              />
              <DateField
                pointer={`${pointer}/to_date`}
                label={words.datesTo(line.line_id)}
                value={shown?.to ?? ""}
                onChange={(to) => set(line.line_id, { to })}
              />
            </div>
          </div>
        );
      })}
      <TextArea
        pointer="/reason"
        label={words.datesReason}
        maxLength={500}
        value={entry.reason}
        onChange={(reason) => setEntry((now) => ({ ...now, reason }))}
      />
    </ActionDialog>
  );
}
