/** The history of a request, grouped by determination cycle, in the API's words. */
import type { Schemas } from "../../../api/client";
import { formatMoment } from "../../../format/dates";
import { text } from "../../../text";

type Details = Pick<
  Schemas["RequestDetails"],
  | "history"
  | "documents"
  | "appeals"
  | "reconsiderations"
  | "peer_to_peer_discussions"
  | "dispute_options"
>;

const words = text.provider.timeline;

export interface TimelineEntry {
  key: string;
  at: string;
  title: string;
  /** What changed with it: the file, the status, who acts next and until when. */
  details: readonly string[];
}

export interface TimelineGroup {
  cycle: number;
  title: string;
  entries: readonly TimelineEntry[];
}

/** Newest first, in the cycles and within each. */
export function timeline(details: Details, now: Date): readonly TimelineGroup[] {
  const files = new Map(details.documents.map((one) => [one.document_id, one.file_name]));
  const groups = new Map<number, TimelineEntry[]>();
  const entries = [...details.history].sort((one, other) => (one.at < other.at ? -1 : 1));
  let before: Schemas["HistoryEntry"] | null = null;
  for (const [index, entry] of entries.entries()) {
    const file = entry.document_id === null ? undefined : files.get(entry.document_id);
    const group = groups.get(entry.cycle) ?? [];
    group.unshift({
      key: `${entry.at} ${entry.type} ${index}`,
      at: entry.at,
      title: entry.type_label,
      details: [...(file ? [file] : []), ...changesOf(before, entry, now)],
    });
    groups.set(entry.cycle, group);
    before = entry;
  }
  return [...groups.entries()]
    .sort(([one], [other]) => other - one)
    .map(([cycle, found]) => ({ cycle, title: titleOf(details, cycle), entries: found }));
}

function changesOf(
  before: Schemas["HistoryEntry"] | null,
  entry: Schemas["HistoryEntry"],
  now: Date,
): string[] {
  const status = before?.status === entry.status ? [] : [words.status(entry.status_label)];
  const same = before?.waiting_on === entry.waiting_on && before.until === entry.until;
  if (same || entry.waiting_on === "NONE") {
    return status;
  }
  const turn = entry.until
    ? words.turnUntil(entry.waiting_on_label, formatMoment(entry.until, now))
    : words.turn(entry.waiting_on_label);
  return [...status, turn];
}

/** An update of the submitter starts the initial determination again. */
function titleOf(details: Details, cycle: number): string {
  const updated = details.history.some(
    (entry) => entry.cycle === cycle && UPDATES.includes(entry.type),
  );
  const title = cycleTitle(details, cycle);
  return updated && cycle > 1 && title === words.initial ? words.afterUpdate : title;
}

const UPDATES: readonly Schemas["EventType"][] = ["RequestAmended", "LinesCancelled"];

function cycleTitle(details: Details, cycle: number): string {
  const appeal = details.appeals.find((one) => one.cycle === cycle);
  if (appeal) {
    return words.appeal(appeal.level);
  }
  if (details.reconsiderations.some((one) => one.cycle === cycle)) {
    return words.reconsideration;
  }
  if (details.peer_to_peer_discussions.some((one) => one.cycle === cycle)) {
    return words.discussion;
  }
  return cycle === 0 ? words.draft : words.initial;
}
