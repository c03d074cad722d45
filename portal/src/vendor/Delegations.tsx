/** The requests of which a delegated vendor decides service lines. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { api, type Schemas, unwrap } from "../api/client";
import { formatDay, formatMoment } from "../format/dates";
import { Choice } from "../provider/requests/FilterBar";
import { useListPolling } from "../provider/requests/useLiveRows";
import { text } from "../text";
import { Button } from "../ui/Button";
import { ErrorBanner } from "../ui/ErrorSummary";
import { Loading } from "../ui/Loading";
import { Card, Damaged, DueTime, Empty, Page, Tag } from "../ui/parts";
import { type Column, Table } from "../ui/Table";
import "../styles/provider.css";
import { DelegatedCodes } from "./DelegatedCodes";
import { useVendor } from "./vendor";

const words = text.vendor.list;
const LIMIT = 25;

type Row = Schemas["DelegationRowResponse"];

const TONES: Record<Schemas["DelegationStatus"], string> = {
  OPEN: "busy",
  REPORTED: "good",
  WITHDRAWN: "off",
};

const DUE: Column<Row> = {
  key: "due",
  title: words.due,
  cell: (row) => <DueTime at={row.due_at} />,
};

const REPORTED: Column<Row> = {
  key: "due",
  title: words.reported,
  cell: (row) => formatMoment(row.reported_at) || words.notReported,
};

/** All columns; the third one depends on whether it is still to be decided. */
function columnsOf(open: boolean): readonly Column<Row>[] {
  const [number, status, ...others] = COLUMNS;
  return [number, status, open ? DUE : REPORTED, ...others];
}

const COLUMNS: readonly [Column<Row>, Column<Row>, ...Column<Row>[]] = [
  {
    key: "number",
    title: words.number,
    heading: true,
    className: "mono",
    cell: (row) => <Link to={`/vendor/${row.request_id}`}>{row.number}</Link>,
  },
  {
    key: "status",
    title: words.status,
    cell: (row) => (
      <>
        <Tag tone={TONES[row.status]}>{row.status_label}</Tag>
        {row.overdue && (
          <>
            {" "}
            <Tag tone="bad">{text.common.overdue}</Tag>
          </>
        )}
      </>
    ),
  },
  { key: "urgency", title: words.urgency, cell: (row) => row.urgency_label ?? row.urgency },
  {
    key: "patient",
    title: words.patient,
    cell: (row) => (
      <>
        {row.patient && <div>{row.patient}</div>}
        <div className="nowrap">{formatDay(row.date_of_birth)}</div>
        {row.member_id && (
          <div className="small">{text.provider.patient.memberId(row.member_id)}</div>
        )}
      </>
    ),
  },
  { key: "codes", title: words.codes, cell: (row) => <DelegatedCodes row={row} /> },
];

/** Several vendors can have one name: each with what it decides. */
function nameOf(
  vendorId: string,
  vendors: readonly Schemas["VendorNameResponse"][] | undefined,
): string {
  const known = vendors?.find((one) => one.vendor_id === vendorId);
  return [known?.name, known?.services].filter(Boolean).join(" – ") || vendorId;
}

export function Delegations() {
  const { vendors, vendor_id, choose, query: vendor } = useVendor();
  const [search, setSearch] = useSearchParams();
  const open = search.get("show") !== "closed";
  const query = useInfiniteQuery({
    queryKey: ["delegations", vendor, open],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/v1/vendor/requests", {
          params: {
            query: { ...vendor, open, limit: LIMIT, ...(pageParam && { cursor: pageParam }) },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.cursor,
    refetchInterval: useListPolling(),
  });
  const pages = query.data?.pages;
  const rows = pages?.flatMap((page) => page.requests) ?? [];
  return (
    <Page wide title={text.common.nav.vendor} lead={words.lead}>
      <Card>
        <div className="filters">
          <Choice
            label={words.show}
            value={open ? "open" : "closed"}
            all={null}
            onChange={(value) => setSearch(value === "open" ? {} : { show: value })}
            choices={[
              ["open", words.open],
              ["closed", words.closed],
            ]}
          />
          {vendors.length > 1 && (
            <Choice
              label={words.vendor}
              value={vendor_id ?? ""}
              all={null}
              onChange={choose}
              choices={vendors.map((one) => [one, nameOf(one, pages?.[0]?.vendors)])}
            />
          )}
        </div>
        {query.isError && <ErrorBanner error={query.error} onRetry={() => query.refetch()} />}
        {pages === undefined ? (
          !query.isError && <Loading shape="rows" />
        ) : (
          <>
            <Damaged entries={pages.flatMap((page) => page.damaged)} />
            {rows.length === 0 && !query.hasNextPage ? (
              <Empty>{open ? words.noneOpen : words.noneClosed}</Empty>
            ) : (
              <Table
                caption={open ? words.open : words.closed}
                columns={columnsOf(open)}
                rows={rows}
                rowKey={(row) => `${row.request_id} ${row.vendor_id}`}
              />
            )}
          </>
        )}
        {query.hasNextPage && (
          <div className="form-actions">
            <Button pending={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
              {query.isFetchingNextPage ? text.common.loading : text.common.more}
            </Button>
          </div>
        )}
      </Card>
    </Page>
  );
}
