/** Local times of the payer's zone, as people enter them, and the instants that they name. */
import { config } from "../config";

function wallClock(instant: Date, zone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(instant);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}`;
}

/** A zone as people call it: "Eastern Time". */
export function zoneName(zone: string, now = new Date()): string {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    timeZoneName: "longGeneric",
  }).formatToParts(now);
  return parts.find((one) => one.type === "timeZoneName")?.value ?? zone;
}

/** The current time of the payer's zone as "2026-12-01T10:46". */
export function localNow(now = new Date()): string {
  return wallClock(now, config().payer.time_zone);
}

/**
 * The instant of a local time of the payer's zone, as ISO 8601 in UTC; null while it is incomplete.
 *
 * A time that occurs twice (the end of daylight saving) is the first one; one that does not occur (its
 * beginning) is moved ahead by the hour that is left out.
 */
export function instantOf(local: string): string | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(local)) {
    return null;
  }
  const zone = config().payer.time_zone;
  const asUtc = new Date(`${local}:00Z`).getTime();
  const offsets = [-1, 1].map((day) => {
    const near = new Date(asUtc + day * 86_400_000);
    return new Date(`${wallClock(near, zone)}:00Z`).getTime() - near.getTime();
  });
  const [before = 0, after = 0] = offsets.map((offset) => Math.round(offset / 60_000) * 60_000);
  const candidates = [...new Set([before, after])].map((offset) => new Date(asUtc - offset));
  const exact = candidates.filter((one) => wallClock(one, zone) === local);
  const chosen = exact.length > 0 ? exact : [new Date(asUtc - before)];
  return new Date(Math.min(...chosen.map((one) => one.getTime()))).toISOString();
}

/**
 * An entered instant, which is the beginning of its minute, or `first` where `earlier` is in that minute.
 *
 * The API compares times with its own, which have seconds: what is entered for the minute of an earlier event
 * would otherwise be before the event.
 */
export function inMinuteOf(
  earlier: string | null,
  entered: string | null,
  first = earlier,
): string | null {
  const lead = earlier && entered ? Date.parse(earlier) - Date.parse(entered) : -1;
  return lead >= 0 && lead < 60_000 ? first : entered;
}

/** The first instant that the API takes as later. It has microseconds, and a `Date` has milliseconds. */
export function nextInstant(instant: string): string {
  return new Date(Date.parse(instant) + 1).toISOString();
}
