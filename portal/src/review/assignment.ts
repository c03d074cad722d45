/** The assignment of a case as a reviewer sees it: whose it is, and how much of it is left. */

interface Assignment {
  assigned_to: string;
  until: string;
}

export type AssignmentState =
  | { state: "none" }
  /** A colleague has the case; `lost` if it was assigned to the reviewer on this page before. */
  | { state: "another"; until: string; lost: boolean }
  /** Assigned to the reviewer; `ending` and `last` are the times of the two warnings. */
  | { state: "yours" | "ending" | "last"; until: string; seconds: number }
  /** It was assigned to the reviewer on this page, and no longer is. */
  | { state: "ended" };

const ENDING_S = 10 * 60;
const LAST_S = 2 * 60;

export function assignmentState(
  assignment: Assignment | null,
  earlier: string | null,
  now: Date,
): AssignmentState {
  const seconds = assignment ? secondsUntil(assignment.until, now) : 0;
  if (assignment === null || seconds <= 0) {
    return earlier === null ? { state: "none" } : { state: "ended" };
  }
  const { until } = assignment;
  if (assignment.assigned_to !== "YOU") {
    return { state: "another", until, lost: earlier !== null };
  }
  const state = seconds <= LAST_S ? "last" : seconds <= ENDING_S ? "ending" : "yours";
  return { state, until, seconds };
}

export function secondsUntil(until: string, now: Date): number {
  return Math.ceil((new Date(until).getTime() - now.getTime()) / 1000);
}

const HOURS_S = 2 * 60 * 60;

/** "24 h"; below two hours "42 min"; in the last two minutes "1:59". */
export function countdown(seconds: number): string {
  if (seconds > HOURS_S) {
    return `${Math.floor(seconds / 3600)} h`;
  }
  if (seconds > LAST_S) {
    return `${Math.ceil(seconds / 60)} min`;
  }
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
