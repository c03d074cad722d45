/** Small parts that every screen uses. */
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Schemas } from "../api/client";
import { config } from "../config";
import { formatDeadline, formatDistance } from "../format/dates";
import { formatPhone, phoneLink, splitAtPhones } from "../format/identifiers";
import { text } from "../text";
import { announce } from "./announce";
import { Button } from "./Button";
import { ErrorBanner } from "./ErrorSummary";
import { Loading, type Shape } from "./Loading";
import { STATUSES } from "./statuses";

/** A page: its heading takes the focus when it opens, and names the tab. */
export function Page({
  title,
  lead,
  actions,
  children,
  wide = false,
}: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  wide?: boolean;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${text.common.product}`;
  }, [title]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <div className={wide ? "page page-wide" : "page"}>
      <div className="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <div className="page-lead">{lead}</div>}
        </div>
        {actions && <div className="page-actions">{actions}</div>}
      </div>
      {children}
    </div>
  );
}

export function Card({
  title,
  actions,
  children,
}: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="card">
      {(title || actions) && (
        <div className="card-head">
          {title && <h2>{title}</h2>}
          {actions}
        </div>
      )}
      {children}
    </section>
  );
}

export type Tone = "info" | "success" | "warning" | "error";

export function Banner({
  tone = "info",
  title,
  children,
  live = false,
}: {
  tone?: Tone;
  title?: ReactNode;
  children?: ReactNode;
  /** Announce it when it appears. */
  live?: boolean;
}) {
  return (
    <div className={`banner banner-${tone}`} role={live ? "status" : undefined}>
      {title && <p className="banner-title">{title}</p>}
      {children}
    </div>
  );
}

/** An empty list: shows what to do first. */
export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <p>{children}</p>
      {action}
    </div>
  );
}

/** The data of a query, or its loading and error states. */
export function Loaded<Data>({
  query,
  shape = "lines",
  children,
}: {
  query: UseQueryResult<Data>;
  /** The form of what is loading. */
  shape?: Shape;
  children: (data: Data) => ReactNode;
}) {
  if (query.data !== undefined) {
    return children(query.data);
  }
  if (query.isError) {
    return <ErrorBanner error={query.error} onRetry={() => query.refetch()} />;
  }
  return <Loading shape={shape} />;
}

export function StatusBadge({ status, label }: { status: Schemas["Status"]; label: string }) {
  return <span className={`badge badge-${STATUSES[status].tone}`}>{label}</span>;
}

export function Tag({ children, tone = "off" }: { children: ReactNode; tone?: string }) {
  return <span className={`badge badge-${tone}`}>{children}</span>;
}

/** The present moment, renewed every half minute, so that distances stay true. */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(new Date()), 30_000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}

/** A deadline: the moment in the payer's zone, and how far it is. */
export function DueTime({
  at,
  left,
}: {
  at: string | null | undefined;
  /** The time left in the words of the API, for a clock that does not run on all days. */
  left?: string | null | undefined;
}) {
  const now = useNow();
  if (!at) {
    return null;
  }
  const past = new Date(at) < now;
  return (
    <time dateTime={at} className={past ? "due due-past" : "due"}>
      {formatDeadline(at, now)}{" "}
      <span className={left ? undefined : "due-distance"}>
        ({past ? `${text.common.overdue}, ` : ""}
        {left && !past ? text.common.left(left) : formatDistance(at, now)})
      </span>
    </time>
  );
}

export function Phone({ number }: { number: string | null | undefined }) {
  return number ? (
    <a className="phone" href={phoneLink(number)}>
      {formatPhone(number)}
    </a>
  ) : null;
}

/** A text of the API, whose phone numbers can be called. */
export function WithPhones({ children }: { children: string }) {
  return splitAtPhones(children).map((part, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other key.
    index % 2 === 1 ? <Phone key={index} number={part} /> : part,
  );
}

/** The payer's phone number, for what cannot be done online. */
export function PayerContact() {
  const { name, phone } = config().payer;
  return phone ? (
    <p className="small">
      {text.common.payerContact(name)} <Phone number={phone} />
    </p>
  ) : null;
}

export function CopyButton({ value, label }: { value: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Button
      look="quiet"
      aria-label={`${text.common.copy} ${label ?? value}`}
      onClick={async () => {
        await navigator.clipboard.writeText(value);
        setCopied(true);
        announce(text.common.copied);
        window.setTimeout(() => setCopied(false), 2000);
      }}
    >
      {copied ? text.common.copied : label ? `${text.common.copy} ${label}` : text.common.copy}
    </Button>
  );
}

/** Names with their values; entries without a value are left out. */
export function Facts({ items }: { items: readonly (readonly [ReactNode, ReactNode])[] }) {
  const shown = items.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return (
    <dl className="facts">
      {shown.map(([name, value], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list is static.
        <div key={index} className="fact">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Shows that entries of a list could not be read. */
export function Damaged({ entries }: { entries: readonly Schemas["DamagedResponse"][] }) {
  return entries.length > 0 ? (
    <Banner tone="warning">
      <p>{text.common.damaged(entries.length)}</p>
      <p className="small ids">{entries.map((entry) => entry.id).join(", ")}</p>
    </Banner>
  ) : null;
}
