/** Dates and instants in people's form. Instants are shown in the payer's zone, and the zone is named. */
import { config } from "../config";

const LOCALE = "en-US";

function zone(): string {
  return config().payer.time_zone;
}

function parts(day: string): Date {
  // A date without time is the same in every zone.
  return new Date(`${day}T00:00:00Z`);
}

/** "2026-12-01" -> "Dec 1, 2026". */
export function formatDay(day: string | null | undefined): string {
  if (!day) {
    return "";
  }
  return new Intl.DateTimeFormat(LOCALE, {
    timeZone: "UTC",
    year: "numeric",
    month: "short",
    day: "numeric",
  }).format(parts(day));
}

/** A range of days: "Dec 1 – 3, 2026"; one day where both are the same. */
export function formatDays(
  first: string | null | undefined,
  last: string | null | undefined,
): string {
  if (!first || !last || first === last) {
    return formatDay(first ?? last);
  }
  const format = new Intl.DateTimeFormat(LOCALE, {
    timeZone: "UTC",
    year: "numeric",
    month: "short",
    day: "numeric",
  });
  // Engines put thin spaces around the dash.
  return format.formatRange(parts(first), parts(last)).replace(/[\u2009\u202f]/g, " ");
}

/** "Wed, Dec 1, 2026, 10:46 AM EST". */
export function formatInstant(instant: string | null | undefined): string {
  if (!instant) {
    return "";
  }
  return new Intl.DateTimeFormat(LOCALE, {
    timeZone: zone(),
    weekday: "short",
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(new Date(instant));
}

/** "Wed, Dec 1, 10:46 AM EST": without the year where it is the current one. */
export function formatMoment(instant: string | null | undefined, now = new Date()): string {
  if (!instant) {
    return "";
  }
  const sameYear = yearOf(new Date(instant)) === yearOf(now);
  return new Intl.DateTimeFormat(LOCALE, {
    timeZone: zone(),
    weekday: "short",
    ...(sameYear ? {} : { year: "numeric" as const }),
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(new Date(instant));
}

/**
 * A deadline as a moment. One at midnight is the end of the day before: "Fri, Dec 11, 11:59 PM EST", because
 * "Sat, Dec 12, 12:00 AM" is easily read as the end of that day.
 */
export function formatDeadline(instant: string, now = new Date()): string {
  const at = new Date(instant);
  const time = new Intl.DateTimeFormat("en-GB", { timeZone: zone(), timeStyle: "medium" });
  const last = time.format(at) === "00:00:00" ? new Date(at.getTime() - 60_000) : at;
  return formatMoment(last.toISOString(), now);
}

function yearOf(instant: Date): string {
  return new Intl.DateTimeFormat(LOCALE, { timeZone: zone(), year: "numeric" }).format(instant);
}

const STEPS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** "in 3 hours", "2 days ago": whole units, rounded towards now. */
export function formatDistance(instant: string, now = new Date()): string {
  const seconds = (new Date(instant).getTime() - now.getTime()) / 1000;
  const words = new Intl.RelativeTimeFormat(LOCALE, { numeric: "always" });
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) {
      return words.format(Math.trunc(seconds / length), unit);
    }
  }
  return seconds < 0 ? "just now" : "in less than a minute";
}

/** The payer's calendar day now, as "2026-12-01". */
export function today(now = new Date()): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone() }).format(now);
}
