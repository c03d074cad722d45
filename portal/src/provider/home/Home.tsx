/** Where a provider starts: what is due, what is flagged, what is new. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link } from "react-router";
import { api, type Schemas, unwrap } from "../../api/client";
import { livePolling } from "../../api/queries";
import { formatDays, formatMoment } from "../../format/dates";
import { useTinQuery } from "../../shell/tin";
import { text } from "../../text";
import { LinkButton } from "../../ui/Button";
import { Card, Damaged, DueTime, Empty, Loaded, Page, StatusBadge, Tag } from "../../ui/parts";
import { Region } from "../../ui/Region";
import "../../styles/provider.css";
import { pathOfMessage } from "../messages/inbox";
import { useMarkRead } from "../messages/useRead";
import { useFlagged } from "../requests/flags";
import { NumberSearch } from "../requests/NumberSearch";
import { pathOfRow, type Row, waitWords } from "../requests/rows";
import { useFind } from "../requests/useFind";
import { useAnnouncedChanges } from "../requests/useLiveRows";
import { dueWork } from "./due";

const words = text.provider.home;
const DUE_LIMIT = 25;
const MESSAGE_LIMIT = 10;
/** How many entries of a list are shown here; the dashboard has the others. */
const SHOWN = 6;

export function Home() {
  return (
    <Page
      title={text.common.nav.home}
      lead={words.lead}
      actions={
        <LinkButton to="/patients" look="primary">
          {text.provider.startWithPatient}
        </LinkButton>
      }
    >
      <NumberSearch onFind={useFind()} />
      <div className="home">
        <div>
          <Region>
            <Due />
          </Region>
        </div>
        <div>
          <Region>
            <Flagged />
          </Region>
          <Region>
            <NewMessages />
          </Region>
        </div>
      </div>
    </Page>
  );
}

function Due() {
  const tin = useTinQuery();
  const [interval] = useState(livePolling);
  const query = useQuery({
    queryKey: ["requests", "due", tin],
    queryFn: () =>
      unwrap(
        api.GET("/v1/requests", {
          params: { query: { ...tin, sort: "due", waiting_on: "PROVIDER", limit: DUE_LIMIT } },
        }),
      ),
    refetchInterval: interval,
  });
  const work = useMemo(() => dueWork(query.data?.requests ?? NONE), [query.data]);
  return (
    <>
      <Card title={words.waiting}>
        <Loaded query={query} shape="entries">
          {(data) => (
            <>
              <Damaged entries={data.damaged} />
              {work.requests.length > 0 ? (
                <Entries rows={work.requests.slice(0, SHOWN)} />
              ) : (
                <Empty>{words.nothingWaiting}</Empty>
              )}
              {(data.cursor !== null || work.requests.length > SHOWN) && (
                <p>
                  <Link to="/requests?sort=due&waiting_on=PROVIDER">{words.allDue}</Link>
                </p>
              )}
            </>
          )}
        </Loaded>
      </Card>
      <Card title={words.drafts}>
        <Loaded query={query} shape="entries">
          {(data) =>
            work.drafts.length > 0 ? (
              <>
                <Entries rows={work.drafts.slice(0, SHOWN)} />
                {(data.cursor !== null || work.drafts.length > SHOWN) && (
                  <p>
                    <Link to="/requests?sort=due&status=INCOMPLETE">{words.allDrafts}</Link>
                  </p>
                )}
              </>
            ) : (
              <Empty>{words.noDrafts}</Empty>
            )
          }
        </Loaded>
      </Card>
    </>
  );
}

const NONE: readonly Row[] = [];

function Flagged() {
  const [interval] = useState(livePolling);
  const query = useFlagged(interval);
  useAnnouncedChanges(query.data?.requests ?? NONE);
  return (
    <Card title={words.flagged}>
      <Loaded query={query} shape="entries">
        {(data) => (
          <>
            <Damaged entries={data.damaged} />
            {data.requests.length > 0 ? (
              <Entries rows={data.requests} />
            ) : (
              <Empty action={<LinkButton to="/requests">{words.openDashboard}</LinkButton>}>
                {words.noFlags}
              </Empty>
            )}
          </>
        )}
      </Loaded>
    </Card>
  );
}

/** Rows in brief: what it is, whose, and until when something is due. */
function Entries({ rows }: { rows: readonly Row[] }) {
  return (
    <ul className="entries">
      {rows.map((row) => {
        const due = row.status === "INCOMPLETE" ? row.expires_at : row.due_at;
        return (
          <li key={row.request_id} className="entry">
            <div className="entry-head">
              <Link to={pathOfRow(row)} className="mono">
                {row.number ?? text.provider.table.draft}
              </Link>
              {row.patient && <strong>{row.patient}</strong>}
              {row.status !== "INCOMPLETE" && (
                <StatusBadge status={row.status} label={row.status_label} />
              )}
              {row.expires_soon && <Tag tone="warning">{words.expiresSoon}</Tag>}
            </div>
            <div>
              {[formatDays(row.first_day, row.last_day), row.servicing_provider]
                .filter(Boolean)
                .join(" · ") || words.nothingEntered}
            </div>
            {due && (
              <div className="small">
                {waitWords(row)} <DueTime at={due} left={row.time_left} />
              </div>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function NewMessages() {
  const tin = useTinQuery();
  const read = useMarkRead();
  const [interval] = useState(livePolling);
  const query = useQuery({
    queryKey: ["messages", "newest", tin],
    queryFn: () =>
      unwrap(api.GET("/v1/messages", { params: { query: { ...tin, limit: MESSAGE_LIMIT } } })),
    refetchInterval: interval,
  });
  return (
    <Card title={words.messages} actions={<Link to="/messages">{words.allMessages}</Link>}>
      <Loaded query={query} shape="entries">
        {(data) => {
          const unread = data.messages.filter((message) => message.read_at === null);
          return (
            <>
              <Damaged entries={data.damaged} />
              {unread.length > 0 ? (
                <ul className="entries">
                  {unread.map((message) => (
                    <NewMessage
                      key={message.message_id}
                      message={message}
                      onOpen={() => read.mutate(message.message_id)}
                    />
                  ))}
                </ul>
              ) : (
                <Empty>{(data.unread ?? 0) > 0 ? words.olderUnread : words.noMessages}</Empty>
              )}
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}

function NewMessage({
  message,
  onOpen,
}: {
  message: Schemas["MessageResponse"];
  onOpen: () => void;
}) {
  return (
    <li className="entry">
      <div className="entry-head">
        <Link to={pathOfMessage(message)} onClick={onOpen}>
          {message.type_label}
        </Link>
        <time className="small" dateTime={message.at}>
          {formatMoment(message.at)}
        </time>
      </div>
      <div>{message.text}</div>
    </li>
  );
}
