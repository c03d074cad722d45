import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { ApiError, api, type Schemas, unwrap } from "../api/client";
import { livePolling } from "../api/queries";
import { formatDay, formatDays, formatMoment } from "../format/dates";
import { text } from "../text";
import { announce } from "../ui/announce";
import { Button } from "../ui/Button";
import { ErrorBanner, ErrorSummary } from "../ui/ErrorSummary";
import { byPointer } from "../ui/errors";
import { FormErrors, RadioField, TextField } from "../ui/fields";
import { named } from "../ui/named";
import { Card, Damaged, DueTime, Empty, Loaded, Page, StatusBadge, Tag } from "../ui/parts";
import { Region } from "../ui/Region";
import { type Column, Table } from "../ui/Table";
import { DelegatedCodes } from "../vendor/DelegatedCodes";
import { Deliveries } from "./Deliveries";
import { MatchDialog } from "./MatchDialog";
import "../styles/review.css";

const words = text.operations;

type Queue = "overdue" | "stuck" | "exceptions" | "unmatched" | "backlog" | "deemed";

const QUEUES: readonly Queue[] = [
  "overdue",
  "stuck",
  "exceptions",
  "unmatched",
  "backlog",
  "deemed",
];

export function Queues() {
  const [search, setSearch] = useSearchParams();
  const chosen = QUEUES.find((one) => one === search.get("queue")) ?? "overdue";
  return (
    <Page wide title={words.title} lead={words.lead}>
      <Region>
        <Find />
      </Region>
      <div className="filters">
        <div className="chips">
          <h2 className="visually-hidden">{words.queues}</h2>
          {QUEUES.map((queue) => (
            <button
              key={queue}
              type="button"
              className="chip"
              aria-pressed={queue === chosen}
              onClick={() => setSearch({ queue }, { replace: true })}
            >
              {words[queue]}
            </button>
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
        <>
          <Deliveries />
          <List
            name={queue}
            load={(query) =>
              unwrap(api.GET("/v1/operations/stuck-requests", { params: { query } }))
            }
            rowsOf={(page) => page.requests}
            columns={STUCK}
            rowKey={(row) => row.request.request_id}
          />
        </>
      );
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
  name: Queue;
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

function NumberLink({ id, number }: { id: string; number: string | null | undefined }) {
  return <Link to={`/operations/requests/${id}`}>{number ?? id}</Link>;
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
    cell: (row) => <RepairAction requestId={row.request.request_id} />,
  },
];

/** Start the workflow of a request again. A repetition starts nothing. */
function RepairAction({ requestId }: { requestId: string }) {
  const client = useQueryClient();
  const repair = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST("/v1/operations/requests/{request_id}/repair", {
          params: { path: { request_id: requestId } },
        }),
      ),
    onSuccess: ({ started }) => announce(started ? words.repaired : words.runsAlready),
    onSettled: () => client.invalidateQueries({ queryKey: ["operations"] }),
  });
  return (
    <>
      <Button pending={repair.isPending} onClick={() => repair.mutate()}>
        {words.repair}
      </Button>
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

type By = "number" | "member_id" | "request_id";

interface Search {
  by: By;
  value: string;
}

type FoundPage = Schemas["FoundRequestsResponse"];

const BY = [
  { code: "number", name: words.byNumber },
  { code: "member_id", name: words.byMember },
  { code: "request_id", name: words.byId },
] as const;

/** Any request by number, member or id. What is typed is sent in the body and stays out of the address. */
function Find() {
  const [by, setBy] = useState<By>("number");
  const [value, setValue] = useState("");
  const [attempt, setAttempt] = useState(0);
  const [found, setFound] = useState<{ search: Search; pages: readonly FoundPage[] } | null>(null);
  const find = useMutation({
    mutationFn: ({ search, cursor }: { search: Search; cursor: string | null }) =>
      unwrap(
        api.POST("/v1/operations/requests/search", {
          body: {
            limit: 25,
            cursor,
            number: null,
            member_id: null,
            request_id: null,
            [search.by]: search.value,
          },
        }),
      ),
    onSuccess: (page, { search, cursor }) =>
      setFound((before) => ({
        search,
        pages: cursor === null ? [page] : [...(before?.pages ?? []), page],
      })),
    onError: () => setAttempt((before) => before + 1),
  });
  const rows = found?.pages.flatMap((page) => page.requests) ?? [];
  const next = found?.pages.at(-1)?.cursor ?? null;
  const errors = find.error instanceof ApiError ? find.error.errors : [];
  return (
    <Card title={words.find}>
      <FormErrors value={byPointer(errors)}>
        <ErrorSummary
          errors={named(errors, (pointer) => (pointer === `/${by}` ? words.value[by] : undefined))}
          attempt={attempt}
        />
        {errors.length === 0 && <ErrorBanner error={find.error} />}
        <form
          className="find"
          onSubmit={(event) => {
            event.preventDefault();
            if (!find.isPending) {
              find.mutate({ search: { by, value: value.trim() }, cursor: null });
            }
          }}
        >
          <RadioField
            pointer="/by"
            label={words.findBy}
            choices={BY}
            value={by}
            onChange={(code) => setBy(code as By)}
          />
          <TextField pointer={`/${by}`} label={words.value[by]} value={value} onChange={setValue} />
          <Button look="primary" type="submit" pending={find.isPending}>
            {text.common.search}
          </Button>
        </form>
      </FormErrors>
      {found && (
        <>
          <Damaged entries={found.pages.flatMap((page) => page.damaged)} />
          {rows.length === 0 && next === null ? (
            <Empty>{words.foundNone}</Empty>
          ) : (
            <Table
              caption={words.found}
              columns={FOUND}
              rows={rows}
              rowKey={(row) => row.request_id}
            />
          )}
          {next !== null && (
            <Button
              pending={find.isPending}
              onClick={() => find.mutate({ search: found.search, cursor: next })}
            >
              {words.more}
            </Button>
          )}
        </>
      )}
    </Card>
  );
}

const FOUND: readonly Column<Schemas["PlanRowResponse"]>[] = [
  {
    key: "number",
    title: words.columns.number,
    heading: true,
    cell: (row) => <NumberLink id={row.request_id} number={row.number ?? words.draft} />,
  },
  {
    key: "status",
    title: words.columns.status,
    cell: (row) => <StatusBadge status={row.status} label={row.status_label} />,
  },
  {
    key: "patient",
    title: words.columns.patient,
    cell: (row) => [row.patient, formatDay(row.date_of_birth)].filter(Boolean).join(", "),
  },
  {
    key: "dates",
    title: words.columns.dates,
    cell: (row) => formatDays(row.first_day, row.last_day),
  },
  { key: "plan", title: words.columns.plan, cell: (row) => row.plan.name },
  { key: "channel", title: words.columns.channel, cell: (row) => row.channel_label },
];
