import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import { LinkButton } from "./Button";
import { ErrorBanner } from "./ErrorSummary";
import { Loading, type Shape } from "./Loading";
import { Page } from "./parts";

/** The page of one record: where it cannot be shown, it shows the reason and links to the list. */
export function RecordPage<Data>({
  query,
  title,
  back,
  shape = "record",
  wide = true,
  children,
}: {
  query: UseQueryResult<Data>;
  /** The heading until the record is there. */
  title: string;
  back: { to: string; title: string };
  shape?: Shape;
  wide?: boolean;
  /** The page of the record. */
  children: (data: Data) => ReactNode;
}) {
  if (query.data !== undefined) {
    return children(query.data);
  }
  // What the API refuses is refused again; what failed can be repeated.
  const refused = query.error instanceof ApiError && !query.error.transient;
  return (
    <Page wide={wide} title={title}>
      {query.isError ? (
        <>
          <ErrorBanner
            error={query.error}
            {...(refused ? {} : { onRetry: () => query.refetch() })}
          />
          <LinkButton to={back.to}>{back.title}</LinkButton>
        </>
      ) : (
        <Loading shape={shape} />
      )}
    </Page>
  );
}
