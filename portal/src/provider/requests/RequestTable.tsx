/** The rows of drafts and requests, as the dashboard, a patient's page and the home page show them. */
import { useState } from "react";
import { Link } from "react-router";
import { formatDay, formatDays } from "../../format/dates";
import { formatTin } from "../../format/identifiers";
import { text } from "../../text";
import { ErrorBanner } from "../../ui/ErrorSummary";
import { DueTime, StatusBadge, Tag } from "../../ui/parts";
import { type Column, Table } from "../../ui/Table";
import { DeleteDraft } from "./DeleteDraft";
import { useFlag } from "./flags";
import { pathOfRow, type Row, rowActions, waitWords } from "./rows";

const words = text.provider.table;

/** What names a row in the labels of its buttons: the number, or that it is a draft. */
export function nameOf(row: Row): string {
  return row.number ?? words.draftOf(row.patient ?? "");
}

export function RequestTable({
  caption,
  rows,
  patient = true,
  captionHidden = false,
}: {
  caption: string;
  rows: readonly Row[];
  /** Show whose request it is; not on the page of one patient. */
  patient?: boolean;
  captionHidden?: boolean;
}) {
  const flag = useFlag();
  const [deleting, setDeleting] = useState<Row | null>(null);
  const columns: readonly Column<Row>[] = [
    {
      key: "flag",
      title: words.flag,
      className: "cell-flag",
      cell: (row) => <FlagButton row={row} onChange={flag.mutate} />,
    },
    {
      key: "number",
      title: words.number,
      heading: true,
      className: "mono",
      cell: (row) => <Link to={pathOfRow(row)}>{row.number ?? words.draft}</Link>,
    },
    {
      key: "status",
      title: words.status,
      className: "cell-status",
      cell: (row) => <Status row={row} />,
    },
    {
      key: "birth",
      title: patient ? words.patientAndBirth : words.dateOfBirth,
      cell: (row) => (
        <>
          {patient && row.patient && <div>{row.patient}</div>}
          <div className="nowrap">{formatDay(row.date_of_birth)}</div>
        </>
      ),
    },
    {
      key: "service",
      title: words.datesOfService,
      cell: (row) => formatDays(row.first_day, row.last_day) || words.notEntered,
    },
    {
      key: "requesting",
      title: words.requestingProvider,
      cell: (row) => (
        <>
          {row.requesting_provider ?? words.notEntered}
          {row.requesting_tin && (
            <>
              {" / "}
              <span className="nowrap">{formatTin(row.requesting_tin)}</span>
            </>
          )}
        </>
      ),
    },
    {
      key: "servicing",
      title: words.servicingProvider,
      cell: (row) => row.servicing_provider ?? words.notEntered,
    },
    {
      key: "place",
      title: words.placeOfService,
      cell: (row) => row.place_of_service_label ?? row.place_of_service ?? words.notEntered,
    },
    {
      key: "action",
      title: words.action,
      cell: (row) => <Actions row={row} onDelete={() => setDeleting(row)} />,
    },
  ];
  return (
    <>
      <ErrorBanner error={flag.error} />
      <Table
        caption={caption}
        captionHidden={captionHidden}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.request_id}
      />
      <DeleteDraft
        draftId={deleting?.request_id ?? null}
        name={deleting?.patient ?? ""}
        onClose={() => setDeleting(null)}
      />
    </>
  );
}

function FlagButton({
  row,
  onChange,
}: {
  row: Row;
  onChange: (change: { id: string; flagged: boolean }) => void;
}) {
  const flagged = Boolean(row.flagged_at);
  return (
    <button
      type="button"
      className={flagged ? "flag flag-set" : "flag"}
      aria-pressed={flagged}
      aria-label={text.provider.flag.label(nameOf(row))}
      onClick={() => onChange({ id: row.request_id, flagged: !flagged })}
    >
      <span aria-hidden="true">{flagged ? "★" : "☆"}</span>
    </button>
  );
}

/** The status, who acts next and until when, and what is special about the row. */
export function Status({ row }: { row: Row }) {
  const due = row.status === "INCOMPLETE" ? row.expires_at : row.due_at;
  const marks = [
    row.dispute_label ? words.open(row.dispute_label) : null,
    row.delegated ? words.delegated : null,
    row.purpose === "PREDETERMINATION" ? row.purpose_label : null,
    row.channel && row.channel !== "PORTAL" ? row.channel_label : null,
  ].filter((mark) => mark !== null);
  return (
    <>
      <StatusBadge status={row.status} label={row.status_label} />
      {marks.map((mark) => (
        <span key={mark}>
          {" "}
          <Tag>{mark}</Tag>
        </span>
      ))}
      {row.waiting_on !== "NONE" && (
        <div className="small">
          {waitWords(row)} <DueTime at={due} left={row.time_left} />
        </div>
      )}
      {row.unmatched_providers_labels.length > 0 && (
        <div className="small">{words.unmatched(row.unmatched_providers_labels.join(", "))}</div>
      )}
    </>
  );
}

function Actions({ row, onDelete }: { row: Row; onDelete: () => void }) {
  const name = nameOf(row);
  return (
    <div className="row-actions">
      {rowActions(row).map(({ action, label, to }) => {
        const content = (
          <>
            {label}
            <span className="visually-hidden"> {name}</span>
          </>
        );
        return to === null ? (
          <button key={action} type="button" className="link" onClick={onDelete}>
            {content}
          </button>
        ) : (
          <Link key={action} to={to}>
            {content}
          </Link>
        );
      })}
    </div>
  );
}
