/** What happened to a request since a call was sent that the API refused as outdated (412). */

export interface HistoryEvent {
  type: string;
  type_label: string;
  at: string;
  document_id: string | null;
}

function keyOf(event: HistoryEvent): string {
  return `${event.type} ${event.at} ${event.document_id ?? ""}`;
}

/** The events of a history that are not in the earlier one, oldest first. */
export function eventsSince<Event extends HistoryEvent>(
  earlier: readonly Event[],
  now: readonly Event[],
): readonly Event[] {
  const known = new Set(earlier.map(keyOf));
  return now.filter((event) => !known.has(keyOf(event)));
}
