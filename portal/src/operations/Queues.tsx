import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useSearchParams } from "react-router";
import { api, type Schemas, unwrap } from "../api/client";
import { livePolling } from "../api/queries";
import { formatDay, formatMoment } from "../format/dates";
import { text } from "../text";
import { announce } from "../ui/announce";
import { Button } from "../ui/Button";
import { ErrorBanner } from "../ui/ErrorSummary";
import { Card, Damaged, DueTime, Empty, Loaded, Page, Tag } from "../ui/parts";
import { Region } from "../ui/Region";
import { type Column, Table } from "../ui/Table";
import { Toggle } from "../ui/Toggle";
import { DelegatedCodes } from "../vendor/DelegatedCodes";
import { Deliveries } from "./Deliveries";
import { Find } from "./Find";
import { MatchDialog } from "./MatchDialog";
import { NumberLink } from "./NumberLink";
import "../styles/review.css";

const words = text.operations;

type Queue = "overdue" | "deemed" | "stuck" | "failed" | "exceptions" | "unmatched" | "backlog";

/** The queues in the order in which they are shown, and the name of each in the counts. */
const COUNTS = {
  overdue: "overdue",
  deemed: "deemed_denials",
  stuck: "stuck_requests",
  failed: "failed_deliveries",
  exceptions: "intake_exceptions",
  unmatched: "unmatched_providers",
  backlog: "vendor_backlog",
} as const satisfies Record<Queue, keyof Schemas["OperatorCountsResponse"]>;

const QUEUES = Object.keys(COUNTS) as readonly Queue[];
const COUNT_AGAIN_MS = 30_000;

export function Queues() {
  const [search, setSearch] = useSearchParams();
  const chosen = QUEUES.find((one) => one === search.get("queue")) ?? "overdue";
  const counts = useQuery({
    queryKey: ["operations", "counts"],
    queryFn: () => unwrap(api.GET("/v1/operations/counts")),
    refetchInterval: COUNT_AGAIN_MS,
  });
  return (
    <Page wide title={words.title} lead={words.lead}>
      <Region>
        <Find />
      </Region>
      <div className="filters">
        <div className="toggles">
          <h2 className="visually-hidden">{words.queues}</h2>
          {QUEUES.map((queue) => (
            <Toggle
              key={queue}
              label={words[queue]}
              counted={counts.data?.[COUNTS[queue]]}
              on={queue === chosen}
              onClick={() => setSearch({ queue }, { replace: true })}
            />
          ))}
        </div>
      </div>
      <Card title={words[chosen]}>
        <p className="small">{words.hint[chosen]}</p>
        <Region key={chosen}>
          <QueueOf queue={chosen} />
        </Region>
      </Card>
    </Page>
  );
}

function QueueOf({ queue }: { queue: Queue }): ReactNode {
  switch (queue) {
    case "overdue":
      return (
        <List
          name={queue}
          load={(query) => unwrap(api.GET("/v1/operations/overdue", { params: { query } }))}
          rowsOf={(page) => page.cycles}
          columns={CYCLES}
          rowKey={(row) => `${row.request_id} ${row.cycle}`}
        />
      );
    case "deemed":
      return (
        <List
          name={queue}
          load={(query) => unwrap(api.GET("/v1/operations/deemed-denials", { params: { query } }))}
          rowsOf={(page) => page.cycles}
          columns={CYCLES}
          rowKey={(row) => `${row.request_id} ${row.cycle}`}
        />
      );
    case "stuck":
      return (
        <List
          name={queue}
          load={(query) => unwrap(api.GET("/v1/operations/stuck-requests", { params: { query } }))}
          rowsOf={(page) => page.requests}
          columns={STUCK}
          rowKey={(row) => row.request.request_id}
        />
      );
    case "failed":
      return <Deliveries />;
    case "exceptions":
      return (
        <List
          name={queue}
          load={(query) =>
            unwrap(api.GET("/v1/operations/intake-exceptions", { params: { query } }))
          }
          rowsOf={(page) => page.requests}
          columns={EXCEPTIONS}
          rowKey={(row) => row.request_id}
        />
      );
    case "unmatched":
      return (
        <List
          name={queue}
          load={(query) =>
            unwrap(api.GET("/v1/operations/unmatched-providers", { params: { query } }))
          }
          rowsOf={(page) => page.providers}
          columns={UNMATCHED}
          rowKey={(row) => `${row.request_id} ${row.role}`}
        />
      );
    case "backlog":
      return (
        <List
          name={queue}
          load={(query) => unwrap(api.GET("/v1/operations/vendor-backlog", { params: { query } }))}
          rowsOf={(page) => page.requests}
          columns={BACKLOG}
          rowKey={(row) => `${row.request_id} ${row.vendor_id}`}
        />
      );
  }
}

interface AnyPage {
  cursor: string | null;
  damaged: readonly Schemas["DamagedResponse"][];
}

function List<PageOf extends AnyPage, Row>({
  name,
  load,
  rowsOf,
  columns,
  rowKey,
}: {
  name: Exclude<Queue, "failed">;
  load: (query: { cursor?: string; limit: number }) => Promise<PageOf>;
  rowsOf: (page: PageOf) => readonly Row[];
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
}) {
  const [interval] = useState(livePolling);
  const list = useInfiniteQuery({
    queryKey: ["operations", name],
    queryFn: ({ pageParam }) => load({ limit: 25, ...(pageParam ? { cursor: pageParam } : {}) }),
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor ?? undefined,
    refetchInterval: interval,
  });
  return (
    <Loaded query={list} shape="rows">
      {(data) => {
        const rows = data.pages.flatMap((page) => rowsOf(page));
        return (
          <>
            <Damaged entries={data.pages.flatMap((page) => page.damaged)} />
            {rows.length === 0 ? (
              <Empty>{words.empty[name]}</Empty>
            ) : (
              <Table
                caption={words[name]}
                captionHidden
                columns={columns}
                rows={rows}
                rowKey={rowKey}
              />
            )}
            {list.hasNextPage && (
              <Button pending={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
                {words.more}
              </Button>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

const CYCLES: readonly Column<Schemas["WorklistRowResponse"]>[] = [
  {
    key: "number",
    title: words.columns.number,
    heading: true,
    cell: (row) => <NumberLink id={row.request_id} number={row.number} />,
  },
  { key: "due", title: words.columns.due, cell: (row) => <DueTime at={row.due_at} /> },
  {
    key: "patient",
    title: words.columns.patient,
    cell: (row) => [row.patient, formatDay(row.date_of_birth)].filter(Boolean).join(", "),
  },
  { key: "plan", title: words.columns.plan, cell: (row) => row.plan_name ?? row.plan_id },
  {
    key: "state",
    title: words.columns.state,
    cell: (row) => (
      <>
        {row.urgency !== "STANDARD" && <Tag tone="warning">{row.urgency_label}</Tag>}{" "}
        {row.assignment
          ? text.review.assignedTo(row.assignment.assigned_to_label)
          : text.review.unassigned}
      </>
    ),
  },
  {
    key: "why",
    title: words.columns.why,
    cell: (row) => [row.dispute_label, ...row.pend_reasons_labels].filter(Boolean).join(", "),
  },
];

const STUCK: readonly Column<Schemas["StuckRequestResponse"]>[] = [
  {
    key: "number",
    title: words.columns.number,
    heading: true,
    cell: ({ request }) => <NumberLink id={request.request_id} number={request.number} />,
  },
  {
    key: "since",
    title: words.columns.since,
    cell: (row) => formatMoment(row.stuck_since),
  },
  {
    key: "state",
    title: words.columns.state,
    cell: (row) => (row.execution_running ? words.running : words.notRunning),
  },
  {
    key: "action",
    title: words.columns.action,
    cell: (row) => (
      <RepairAction requestId={row.request.request_id} number={row.request.number ?? ""} />
    ),
  },
];

function outcomeOf(started: boolean): string {
  return started ? words.repaired : words.runsAlready;
}

/** Start the workflow of a request again. A repetition starts nothing. */
function RepairAction({ requestId, number }: { requestId: string; number: string }) {
  const client = useQueryClient();
  const repair = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST("/v1/operations/requests/{request_id}/repair", {
          params: { path: { request_id: requestId } },
        }),
      ),
    onSuccess: ({ started }) => announce(outcomeOf(started)),
    onSettled: () => client.invalidateQueries({ queryKey: ["operations"] }),
  });
  return (
    <>
      <Button
        pending={repair.isPending}
        aria-label={`${words.repair} ${number}`}
        onClick={() => repair.mutate()}
      >
        {words.repair}
      </Button>
      {repair.data && <div className="small">{outcomeOf(repair.data.started)}</div>}
      <ErrorBanner error={repair.error} />
    </>
  );
}

const EXCEPTIONS: readonly Column<Schemas["IntakeExceptionResponse"]>[] = [
  {
    key: "number",
    title: words.columns.number,
    heading: true,
    cell: (row) => <NumberLink id={row.request_id} number={row.number} />,
  },
  {
    key: "why",
    title: words.columns.why,
    cell: (row) => row.exceptions_labels.join(", "),
  },
  { key: "channel", title: words.columns.channel, cell: (row) => row.channel_label },
  { key: "plan", title: words.columns.plan, cell: (row) => row.plan_name ?? row.plan_id },
  {
    key: "submitted",
    title: words.columns.submitted,
    cell: (row) => formatMoment(row.submitted_at),
  },
];

const UNMATCHED: readonly Column<Schemas["UnmatchedProviderResponse"]>[] = [
  {
    key: "number",
    title: words.columns.number,
    heading: true,
    cell: (row) => <NumberLink id={row.request_id} number={row.number} />,
  },
  {
    key: "provider",
    title: words.columns.provider,
    cell: (row) => (
      <>
        {row.name} <span className="small">{row.role_label}</span>
      </>
    ),
  },
  {
    key: "why",
    title: words.columns.why,
    cell: (row) => row.reason_codes_labels.join(", "),
  },
  {
    key: "submitted",
    title: words.columns.submitted,
    cell: (row) => formatMoment(row.submitted_at),
  },
  { key: "action", title: words.columns.action, cell: (row) => <MatchAction row={row} /> },
];

function MatchAction({ row }: { row: Schemas["UnmatchedProviderResponse"] }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>{words.match}</Button>
      {open && <MatchDialog row={row} onClose={() => setOpen(false)} />}
    </>
  );
}

const BACKLOG: readonly Column<Schemas["DelegationRowResponse"]>[] = [
  {
    key: "number",
    title: words.columns.number,
    heading: true,
    cell: (row) => <NumberLink id={row.request_id} number={row.number} />,
  },
  { key: "vendor", title: words.columns.vendor, cell: (row) => row.vendor_name },
  { key: "due", title: words.columns.due, cell: (row) => <DueTime at={row.due_at} /> },
  { key: "patient", title: words.columns.patient, cell: (row) => row.patient },
  { key: "codes", title: words.columns.codes, cell: (row) => <DelegatedCodes row={row} /> },
  { key: "plan", title: words.columns.plan, cell: (row) => row.plan_name ?? row.plan_id },
];
