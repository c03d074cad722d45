/** The requests that staff registered: to answer a caller, attach pages, or see what became of them. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, type Schemas, unwrap } from "../api/client";
import { formatDay, formatDays, formatMoment } from "../format/dates";
import { NumberSearch } from "../provider/requests/NumberSearch";
import { waitWords } from "../provider/requests/rows";
import { useAnnouncedChanges, useListPolling } from "../provider/requests/useLiveRows";
import { text } from "../text";
import { Button, LinkButton } from "../ui/Button";
import { Card, Damaged, DueTime, Empty, Loaded, Page, StatusBadge, Tag } from "../ui/parts";
import { Region } from "../ui/Region";
import { type Column, Table } from "../ui/Table";
import { countedOf, Toggle } from "../ui/Toggle";
import "../styles/provider.css";
import "../styles/review.css";

const words = text.intake;

type Row = Schemas["RegisteredRowResponse"];

const NONE: readonly Row[] = [];
const LIMIT = 25;

export function RegisteredList() {
  const navigate = useNavigate();
  return (
    <Page
      wide
      title={words.listTitle}
      lead={words.listLead}
      actions={
        <LinkButton to="/intake" look="primary">
          {words.registerOne}
        </LinkButton>
      }
    >
      <NumberSearch
        onFind={async (number) => {
          const { request } = await unwrap(
            api.POST("/v1/intake/requests/search", { body: { number } }),
          );
          navigate(`/intake/requests/${request.request_id}`);
        }}
      />
      <Card>
        <Region>
          <List />
        </Region>
      </Card>
    </Page>
  );
}

function List() {
  const [mine, setMine] = useState(true);
  const query = useInfiniteQuery({
    queryKey: ["intake", "list", mine],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/v1/intake/requests", {
          params: { query: { mine, limit: LIMIT, ...(pageParam && { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.cursor,
    refetchInterval: useListPolling(),
  });
  const { data } = query;
  const rows = useMemo(() => data?.pages.flatMap((page) => page.requests) ?? NONE, [data]);
  useAnnouncedChanges(rows);
  return (
    <>
      <fieldset className="toggles">
        <legend className="visually-hidden">{words.whose}</legend>
        {[true, false].map((one) => (
          <Toggle
            key={String(one)}
            label={one ? words.mine : words.everyones}
            counted={mine === one ? countedOf(data && rows.length, query.hasNextPage) : null}
            on={mine === one}
            onClick={() => setMine(one)}
          />
        ))}
      </fieldset>
      <Loaded query={query} shape="rows">
        {({ pages }) => (
          <>
            <Damaged entries={pages.flatMap((page) => page.damaged)} />
            {rows.length === 0 ? (
              <Empty action={<LinkButton to="/intake">{words.registerOne}</LinkButton>}>
                {mine ? words.noneOfMine : words.noneAtAll}
              </Empty>
            ) : (
              <Table
                caption={words.listTitle}
                captionHidden
                columns={COLUMNS}
                rows={rows}
                rowKey={(row) => row.request_id}
              />
            )}
            {query.hasNextPage && (
              <div className="form-actions">
                <Button pending={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
                  {text.common.more}
                </Button>
              </div>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  {
    key: "number",
    title: words.columns.number,
    heading: true,
    className: "mono",
    cell: (row) => <Link to={`/intake/requests/${row.request_id}`}>{row.number}</Link>,
  },
  {
    key: "status",
    title: words.columns.status,
    cell: (row) => (
      <>
        <StatusBadge status={row.status} label={row.status_label} />
        {row.waiting_on !== "NONE" && (
          <div className="small">
            {waitWords(row)} <DueTime at={row.due_at} />
          </div>
        )}
        {row.intake_exceptions_labels.map((label) => (
          <div key={label}>
            <Tag tone="warning">{label}</Tag>
          </div>
        ))}
      </>
    ),
  },
  {
    key: "received",
    title: words.columns.received,
    cell: (row) => (
      <>
        {row.channel_label} · {row.reference}
        <div className="small">{formatMoment(row.received_at)}</div>
      </>
    ),
  },
  {
    key: "patient",
    title: words.columns.patient,
    cell: (row) => (
      <>
        {row.patient}
        <div className="small">{formatDay(row.date_of_birth)}</div>
      </>
    ),
  },
  {
    key: "service",
    title: words.columns.service,
    cell: (row) => (
      <>
        {row.servicing_provider}
        <div className="small">
          {[formatDays(row.first_day, row.last_day), row.place_of_service_label]
            .filter(Boolean)
            .join(" · ")}
        </div>
      </>
    ),
  },
  {
    key: "registered",
    title: words.columns.registered,
    cell: (row) => (
      <>
        {formatMoment(row.registered_at)}
        <div className="small">{row.registered_by_caller ? words.byYou : words.byColleague}</div>
      </>
    ),
  },
];
