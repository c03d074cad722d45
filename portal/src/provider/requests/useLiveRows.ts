import { useEffect, useRef, useState } from "react";
import { livePolling } from "../../api/queries";
import { text } from "../../text";
import { announce } from "../../ui/announce";
import { changedRows, type Row } from "./rows";

/** Announce what changed of the rows that are shown. */
export function useAnnouncedChanges(rows: readonly Row[]): void {
  const before = useRef<readonly Row[]>([]);
  useEffect(() => {
    const changed = changedRows(before.current, rows);
    before.current = rows;
    if (changed.length > 0) {
      const words = changed.map((row) =>
        text.provider.table.changed(row.number ?? text.provider.table.draft, row.status_label),
      );
      announce(words.join(" "));
    }
  }, [rows]);
}

const LONG_LIST_MS = 60_000;

/** `refetchInterval` of a list by pages: a long list is read again as a whole, so less often. */
export function useListPolling() {
  const [interval] = useState(livePolling);
  return (query: Parameters<typeof interval>[0]): number | false => {
    const wait = interval(query);
    const data = query.state.data as { pages?: readonly unknown[] } | undefined;
    return (data?.pages?.length ?? 0) > 1 ? LONG_LIST_MS : wait;
  };
}
