/** The messaging center: what changed of the TIN's requests. */
import {
  type InfiniteData,
  useInfiniteQuery,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { Link } from "react-router";
import { api, unwrap } from "../../api/client";
import { formatMoment } from "../../format/dates";
import { useTinQuery } from "../../shell/tin";
import { text } from "../../text";
import { announce } from "../../ui/announce";
import { Button, LinkButton } from "../../ui/Button";
import { ErrorBanner } from "../../ui/ErrorSummary";
import { Card, Damaged, Empty, Loading, Page, StatusBadge, Tag } from "../../ui/parts";
import "../../styles/office.css";
import { useListPolling } from "../requests/useLiveRows";
import {
  type Inbox,
  type Message,
  messagesOf,
  newMessages,
  pathOfMessage,
  unreadOf,
  withRead,
} from "./inbox";

const words = text.office.messages;
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
          !query.isError && <Loading />
        ) : (
          <>
            <Damaged entries={pages.flatMap((page) => page.damaged)} />
            {messages.length === 0 && !query.hasNextPage ? (
              <Empty
                action={<LinkButton to="/patients">{text.office.startWithPatient}</LinkButton>}
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
  const name = message.number ?? text.office.table.draft;
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
        <p>{message.text}</p>
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

/** Shown as read at once; what the API has is read again afterwards, also after a lost answer. */
function useMarkRead() {
  const tin = useTinQuery();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (message_id: string) =>
      unwrap(
        api.PUT("/v1/messages/{message_id}/read", {
          params: { path: { message_id }, query: tin },
        }),
      ),
    onMutate: (id) => {
      const at = new Date().toISOString();
      client.setQueryData<InfiniteData<Inbox>>(
        ["messages", "list", tin],
        (data) => data && { ...data, pages: data.pages.map((page) => withRead(page, id, at)) },
      );
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["messages"] }),
  });
}

const MARK_CALLS = 50;

/** The API marks up to a thousand in a call: repeated until none is left, or none is marked any more. */
function useMarkAllRead() {
  const tin = useTinQuery();
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      let left = Number.POSITIVE_INFINITY;
      for (let calls = 0; calls < MARK_CALLS && left > 0; calls += 1) {
        const { unread } = await unwrap(api.PUT("/v1/messages/read", { params: { query: tin } }));
        if (unread >= left) {
          break;
        }
        left = unread;
      }
    },
    onSuccess: () => announce(words.allRead),
    onSettled: () => client.invalidateQueries({ queryKey: ["messages"] }),
  });
}
