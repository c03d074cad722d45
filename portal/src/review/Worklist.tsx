import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { api, onVersion, type Schemas, unwrap } from "../api/client";
import { livePolling } from "../api/queries";
import { formatDay, formatDays, formatMoment } from "../format/dates";
import { text } from "../text";
import { Button } from "../ui/Button";
import { ErrorBanner } from "../ui/ErrorSummary";
import { Banner, Card, Damaged, DueTime, Empty, Loaded, Page, Tag } from "../ui/parts";
import { type Column, Table } from "../ui/Table";
import { Toggle } from "../ui/Toggle";
import { useNextCase } from "./nextCase";
import "../styles/review.css";

type Row = Schemas["WorklistRowResponse"];
type View = Schemas["QueueView"];

const words = text.review;

/** The filter of the queue. It is in the address, so that the way back keeps it; it names no patient. */
function useFilter() {
  const [search, setSearch] = useSearchParams();
  const view = search.get("view") as View | null;
  const mine = search.get("mine") === "true";
  const plan = search.get("plan");
  const set = (changes: Record<string, string | null>) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes)) {
          if (value === null) {
            after.delete(name);
          } else {
            after.set(name, value);
          }
        }
        return after;
      },
      { replace: true },
    );
  const query = {
    ...(view ? { view } : {}),
    ...(mine ? { mine: true } : {}),
    ...(plan ? { plan_id: plan } : {}),
  };
  return { view, mine, plan, query, set };
}

export function Worklist() {
  const filter = useFilter();
  const [interval] = useState(livePolling);
  const counts = useQuery({
    queryKey: ["worklist", "counts", filter.plan],
    queryFn: () =>
      unwrap(
        api.GET("/v1/review/counts", {
          params: { query: filter.plan ? { plan_id: filter.plan } : {} },
        }),
      ),
    refetchInterval: interval,
  });
  const next = useNextCase({ view: filter.view, plan_id: filter.plan });
  return (
    <Page
      wide
      title={words.title}
      lead={counts.data && words.lead(counts.data.open, counts.data.mine)}
      actions={
        <Button
          look="primary"
          title={words.nextHint}
          pending={next.isPending}
          onClick={() => next.mutate()}
        >
          {words.next}
        </Button>
      }
    >
      {next.isSuccess && next.data === null && (
        <Banner live>
          <p>{words.noNext}</p>
        </Banner>
      )}
      <ErrorBanner error={next.error} />
      <Loaded query={counts}>{(data) => <Filters counts={data} filter={filter} />}</Loaded>
      <Queue filter={filter} />
    </Page>
  );
}

function Filters({
  counts,
  filter,
}: {
  counts: Schemas["WorklistCountsResponse"];
  filter: ReturnType<typeof useFilter>;
}) {
  const all = filter.view === null && !filter.mine;
  const counted = (count: number) => ({ count, complete: counts.complete });
  return (
    <div className="filters">
      <div className="toggles">
        <h2 className="visually-hidden">{words.views}</h2>
        <Toggle
          label={words.all}
          counted={counted(counts.open)}
          on={all}
          onClick={() => filter.set({ view: null, mine: null })}
        />
        <Toggle
          label={words.mine}
          counted={counted(counts.mine)}
          on={filter.mine}
          onClick={() => filter.set({ view: null, mine: "true" })}
        />
        {counts.views.map((one) => (
          <Toggle
            key={one.view}
            label={one.view_label}
            counted={counted(one.count)}
            on={filter.view === one.view}
            onClick={() => filter.set({ view: one.view, mine: null })}
          />
        ))}
      </div>
      {counts.plans.length > 1 && (
        <label className="plan-filter">
          <span className="small">{words.plan}</span>
          <select
            className="input"
            value={filter.plan ?? ""}
            onChange={(event) => filter.set({ plan: event.target.value || null })}
          >
            <option value="">{words.allPlans}</option>
            {counts.plans.map((plan) => (
              <option key={plan.plan_id} value={plan.plan_id}>
                {plan.plan_name ?? plan.plan_id} ({plan.count})
              </option>
            ))}
          </select>
        </label>
      )}
      <Damaged entries={counts.damaged} />
      {!counts.complete && <p className="small">{words.complete}</p>}
    </div>
  );
}

function Queue({ filter }: { filter: ReturnType<typeof useFilter> }) {
  const [interval] = useState(livePolling);
  const filtered = Object.keys(filter.query).length > 0;
  const queue = useInfiniteQuery({
    queryKey: ["worklist", "rows", filter.query],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/v1/review/requests", {
          params: {
            query: { ...filter.query, limit: 25, ...(pageParam ? { cursor: pageParam } : {}) },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor ?? undefined,
    refetchInterval: interval,
  });
  return (
    <Card>
      <Loaded query={queue} shape="rows">
        {(data) => {
          const rows = data.pages.flatMap((page) => page.cycles);
          return (
            <>
              <Damaged entries={data.pages.flatMap((page) => page.damaged)} />
              {rows.length === 0 ? (
                <Empty
                  action={
                    filtered && (
                      <Button onClick={() => filter.set({ view: null, mine: null, plan: null })}>
                        {words.emptyAction}
                      </Button>
                    )
                  }
                >
                  {filtered ? words.empty : words.emptyQueue}
                </Empty>
              ) : (
                <Table
                  caption={words.queue}
                  captionHidden
                  columns={COLUMNS}
                  rows={rows}
                  rowKey={(row) => `${row.request_id} ${row.cycle}`}
                />
              )}
              {queue.hasNextPage && (
                <Button pending={queue.isFetchingNextPage} onClick={() => queue.fetchNextPage()}>
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

const COLUMNS: readonly Column<Row>[] = [
  {
    key: "due",
    title: words.columns.due,
    cell: (row) => (
      <>
        <DueTime at={row.due_at} />
        <div>
          {row.urgency !== "STANDARD" && <Tag tone="warning">{row.urgency_label}</Tag>}
          {row.deemed_denial && <Tag tone="bad">{words.deemed}</Tag>}
        </div>
      </>
    ),
  },
  {
    key: "patient",
    title: words.columns.patient,
    heading: true,
    cell: (row) => (
      <>
        <Link to={`/review/${row.request_id}`}>{row.number}</Link>
        <div>
          {row.patient}
          {row.date_of_birth && <span className="small"> · {formatDay(row.date_of_birth)}</span>}
        </div>
        <div className="small">{row.plan_name ?? row.plan_id}</div>
      </>
    ),
  },
  { key: "service", title: words.columns.service, cell: (row) => <ServiceCell row={row} /> },
  {
    key: "provider",
    title: words.columns.provider,
    cell: (row) => (
      <>
        <div>{row.requesting_provider}</div>
        <div className="small">{row.servicing_provider}</div>
      </>
    ),
  },
  {
    key: "why",
    title: words.columns.why,
    cell: (row) => (
      <>
        {row.dispute_label && (
          <div>
            <Tag tone="info">
              {row.dispute === "APPEAL" && row.level ? words.level(row.level) : row.dispute_label}
            </Tag>
          </div>
        )}
        <div>{[...row.pend_reasons_labels, ...row.intake_exceptions_labels].join(", ")}</div>
      </>
    ),
  },
  { key: "state", title: words.columns.state, cell: (row) => <StateCell row={row} /> },
  { key: "action", title: words.columns.action, cell: (row) => <ActionCell row={row} /> },
];

function ServiceCell({ row }: { row: Row }) {
  return (
    <>
      <ul className="plain">
        {row.lines.slice(0, 3).map((line) => (
          <li key={line.line_id}>
            {[line.code_type_label, line.code].filter(Boolean).join(" ")}
            {(line.code_label ?? line.type_of_service_label) && (
              <span className="small"> {line.code_label ?? line.type_of_service_label}</span>
            )}
          </li>
        ))}
      </ul>
      <div className="small">
        {[formatDays(row.first_day, row.last_day), row.place_of_service_label]
          .filter(Boolean)
          .join(" · ")}
      </div>
      {row.line_count > 3 && <div className="small">{words.lines(row.line_count)}</div>}
      {row.vendor_line_count > 0 && (
        <div className="small">{words.vendorLines(row.vendor_line_count)}</div>
      )}
    </>
  );
}

function StateCell({ row }: { row: Row }) {
  return (
    <div className="stack">
      {row.assignment && (
        <span>
          {row.assignment.assigned_to === "YOU"
            ? words.assignedToYou
            : words.assignedTo(row.assignment.assigned_to_label)}{" "}
          <span className="small">
            {words.until} {formatMoment(row.assignment.until)}
          </span>
        </span>
      )}
      {row.awaits_physician && <Tag tone="warning">{words.awaitsPhysician}</Tag>}
      {row.awaits_signature && <Tag tone="warning">{words.awaitsSignature}</Tag>}
      {row.returned_proposal_of && <Tag tone="warning">{words.returned}</Tag>}
      {row.new_documents.length > 0 && (
        <Tag tone="good">{words.newDocuments(row.new_documents.length)}</Tag>
      )}
      {row.note_count > 0 && <span className="small">{words.notes(row.note_count)}</span>}
      {row.waiting_on === "PROVIDER" && (
        <span className="small">{text.provider.table.waitsOn(row.waiting_on_label)}</span>
      )}
      {row.not_decidable_labels.length > 0 && (
        <span className="small">
          {words.notYours}: {row.not_decidable_labels.join(", ")}
        </span>
      )}
    </div>
  );
}

function ActionCell({ row }: { row: Row }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const assign = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST("/v1/review/requests/{request_id}/assign", {
          params: onVersion(row),
        }),
      ),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ["worklist"] });
      navigate(`/review/${row.request_id}`);
    },
    onError: () => client.invalidateQueries({ queryKey: ["worklist"] }),
  });
  const free = row.assignment === null && row.not_decidable.length === 0;
  return (
    <>
      {free ? (
        <Button pending={assign.isPending} onClick={() => assign.mutate()}>
          {words.assign}
        </Button>
      ) : (
        <Link to={`/review/${row.request_id}`} className="button button-secondary">
          {words.open}
        </Link>
      )}
      <ErrorBanner error={assign.error} />
    </>
  );
}
