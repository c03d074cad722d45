/** The messaging center: what changed of the TIN's requests. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { Link } from "react-router";
import { api, unwrap } from "../../api/client";
import { formatMoment } from "../../format/dates";
import { useTinQuery } from "../../shell/tin";
import { text } from "../../text";
import { announce } from "../../ui/announce";
import { Button, LinkButton } from "../../ui/Button";
import { ErrorBanner } from "../../ui/ErrorSummary";
import { Loading } from "../../ui/Loading";
import { Card, Damaged, Empty, Page, StatusBadge, Tag, WithPhones } from "../../ui/parts";
import "../../styles/provider.css";
import { useListPolling } from "../requests/useLiveRows";
import { type Message, messagesOf, newMessages, pathOfMessage, unreadOf } from "./inbox";
import { useMarkAllRead, useMarkRead } from "./useRead";

const words = text.provider.messages;
const LIMIT = 25;

export function Messages() {
  const tin = useTinQuery();
  const query = useInfiniteQuery({
    queryKey: ["messages", "list", tin],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/v1/messages", {
          params: { query: { ...tin, limit: LIMIT, ...(pageParam && { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.cursor,
    refetchInterval: useListPolling(),
  });
  const pages = query.data?.pages;
  const messages = useMemo(() => messagesOf(pages), [pages]);
  useAnnouncedMessages(pages === undefined ? null : messages);
  const read = useMarkRead();
  const readAll = useMarkAllRead();
  const unread = unreadOf(pages);
  return (
    <Page
      title={words.title}
      lead={pages && (unread > 0 ? text.common.unread(unread) : words.allRead)}
      actions={
        unread > 0 && (
          <Button pending={readAll.isPending} onClick={() => readAll.mutate()}>
            {words.markAll}
          </Button>
        )
      }
    >
      <ErrorBanner error={readAll.error ?? read.error} />
      <Card>
        {query.isError && <ErrorBanner error={query.error} onRetry={() => query.refetch()} />}
        {pages === undefined ? (
          !query.isError && <Loading shape="entries" />
        ) : (
          <>
            <Damaged entries={pages.flatMap((page) => page.damaged)} />
            {messages.length === 0 && !query.hasNextPage ? (
              <Empty
                action={<LinkButton to="/patients">{text.provider.startWithPatient}</LinkButton>}
              >
                {words.none}
              </Empty>
            ) : (
              <ul className="entries">
                {messages.map((message) => (
                  <Entry
                    key={message.message_id}
                    message={message}
                    onRead={() => read.mutate(message.message_id)}
                  />
                ))}
              </ul>
            )}
            {query.hasNextPage && (
              <div className="form-actions">
                <Button pending={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
                  {query.isFetchingNextPage ? text.common.loading : text.common.more}
                </Button>
              </div>
            )}
          </>
        )}
      </Card>
    </Page>
  );
}

function Entry({ message, onRead }: { message: Message; onRead: () => void }) {
  const unread = message.read_at === null;
  const name = message.number ?? text.provider.table.draft;
  return (
    <li className={unread ? "entry entry-row unread" : "entry entry-row"}>
      <div>
        <div className="entry-head">
          {unread && <Tag tone="info">{words.unread}</Tag>}
          <strong>{message.type_label}</strong>
          <StatusBadge status={message.status} label={message.status_label} />
          <time className="small" dateTime={message.at}>
            {formatMoment(message.at)}
          </time>
        </div>
        <p>
          <WithPhones>{message.text}</WithPhones>
        </p>
        {/* Opening it marks it as read. */}
        <Link to={pathOfMessage(message)} onClick={() => unread && onRead()}>
          {words.open(name)}
        </Link>
      </div>
      {unread && (
        <Button look="quiet" onClick={onRead}>
          {words.mark}
          <span className="visually-hidden">
            {" "}
            {message.type_label}, {name}
          </span>
        </Button>
      )}
    </li>
  );
}

function useAnnouncedMessages(messages: readonly Message[] | null): void {
  const before = useRef<readonly Message[] | null>(null);
  useEffect(() => {
    if (messages !== null) {
      const found = newMessages(before.current, messages);
      before.current = messages;
      if (found.length > 0) {
        announce(found.map((one) => one.text).join(" "));
      }
    }
  }, [messages]);
}
