/** The rows of a list that is read by pages, with its loading, error and empty states. */
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import type { Schemas } from "../../api/client";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { ErrorBanner } from "../../ui/ErrorSummary";
import { Loading } from "../../ui/Loading";
import { Damaged } from "../../ui/parts";
import { RequestTable } from "./RequestTable";
import { inOrder, type Order, rowsOf } from "./rows";
import { useAnnouncedChanges } from "./useLiveRows";

export function Rows({
  query,
  caption,
  order = null,
  patient = true,
  empty,
}: {
  query: UseInfiniteQueryResult<InfiniteData<Schemas["DashboardResponse"]>>;
  caption: string;
  /** Null for the order of the API. */
  order?: Order | null;
  patient?: boolean;
  empty: ReactNode;
}) {
  const { data } = query;
  const rows = useMemo(() => {
    const all = rowsOf(data?.pages);
    return order === null ? all : inOrder(all, order);
  }, [data, order]);
  useAnnouncedChanges(rows);
  if (data === undefined) {
    return query.isError ? (
      <ErrorBanner error={query.error} onRetry={() => query.refetch()} />
    ) : (
      <Loading shape="rows" />
    );
  }
  return (
    <>
      <Damaged entries={data.pages.flatMap((page) => page.damaged)} />
      {rows.length === 0 && !query.hasNextPage ? (
        empty
      ) : (
        <RequestTable caption={caption} captionHidden rows={rows} patient={patient} />
      )}
      {query.isError && <ErrorBanner error={query.error} onRetry={() => query.refetch()} />}
      {query.hasNextPage && (
        <div className="form-actions">
          <Button pending={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            {query.isFetchingNextPage ? text.common.loading : text.common.more}
          </Button>
        </div>
      )}
    </>
  );
}
