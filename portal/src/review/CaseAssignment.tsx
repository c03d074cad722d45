import { useEffect, useState } from "react";
import { formatMoment } from "../format/dates";
import { text } from "../text";
import { announce } from "../ui/announce";
import { Button } from "../ui/Button";
import { Banner, DueTime } from "../ui/parts";
import { type AssignmentState, assignmentState, countdown } from "./assignment";
import type { CaseDetails } from "./Case";

const words = text.review;

interface Call {
  /** Whether a call of the case is running, this one or another. */
  busy: boolean;
  mutate: () => void;
}

/** Whose the case is: with the time left, a warning and a way to renew it before it ends, and what then follows. */
export function CaseAssignment({
  details,
  assign,
  release,
}: {
  details: CaseDetails;
  assign: Call;
  release: Call;
}) {
  const { assignment, allowed_actions, proposal } = details;
  const [earlier, setEarlier] = useState<string | null>(null);
  const yours = assignment?.assigned_to === "YOU" ? assignment.until : null;
  useEffect(() => {
    if (yours !== null) {
      setEarlier(yours);
    }
  }, [yours]);
  const now = useSeconds(yours);
  const name = assignment?.assigned_to_label ?? "";
  // Who decided or proposed is done with the case: nothing ended that is to be continued.
  const done = proposal !== null || !allowed_actions.includes("ASSIGN");
  const current = assignmentState(assignment, done ? null : earlier, now);
  useAnnounced(current);
  const active =
    current.state === "yours" || current.state === "ending" || current.state === "last";
  const warned =
    current.state === "ending" || current.state === "last" || current.state === "ended";
  const assigning = allowed_actions.includes("ASSIGN") && (
    <Button
      look={active && !warned ? "quiet" : "primary"}
      pending={assign.busy}
      onClick={() => assign.mutate()}
    >
      {active ? words.renew : words.assign}
    </Button>
  );
  const releasing = active && allowed_actions.includes("RELEASE") && (
    <Button
      look="quiet"
      pending={release.busy}
      onClick={() => {
        setEarlier(null);
        release.mutate();
      }}
    >
      {words.release}
    </Button>
  );
  switch (current.state) {
    case "none":
      return <div className="assignment">{assigning}</div>;
    case "another":
      return (
        <Banner tone="warning">
          <p>
            {current.lost ? words.assignmentTaken(name) : words.assignedTo(name)} {words.until}{" "}
            <DueTime at={current.until} />
          </p>
        </Banner>
      );
    case "ended":
      return (
        <Banner tone="warning" title={words.assignmentEnded}>
          <p>{words.assignmentOver}</p>
          {assigning}
        </Banner>
      );
    case "yours":
      return (
        <div className="assignment">
          <span>
            {words.assignmentEnds} {formatMoment(current.until)}
          </span>
          <Countdown seconds={current.seconds} />
          {assigning}
          {releasing}
        </div>
      );
    case "ending":
    case "last":
      return (
        <Banner tone="warning">
          <div className="assignment">
            <strong>
              {words.assignmentEnding} <Countdown seconds={current.seconds} />
            </strong>
            {assigning}
            {releasing}
          </div>
        </Banner>
      );
  }
}

/** Not read out with each tick: the warnings are announced. */
function Countdown({ seconds }: { seconds: number }) {
  return (
    <span className="countdown" role="timer" aria-live="off">
      {words.assignmentLeft(countdown(seconds))}
    </span>
  );
}

/** Announce once that the assignment ends soon, again shortly before, and when it has ended. */
function useAnnounced({ state }: AssignmentState): void {
  useEffect(() => {
    switch (state) {
      case "ending":
        announce(words.assignmentWarning);
        break;
      case "last":
        announce(words.assignmentLast);
        break;
      case "ended":
        announce(`${words.assignmentEnded}. ${words.assignmentOver}`);
        break;
      case "none":
      case "yours":
      case "another":
        break;
    }
  }, [state]);
}

const TICK_MS = 1000;

/** The present moment, by the second while there is something to count down. */
function useSeconds(until: string | null): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    setNow(new Date());
    if (until === null) {
      return;
    }
    const timer = window.setInterval(() => {
      const at = new Date();
      setNow(at);
      if (at.getTime() > new Date(until).getTime()) {
        window.clearInterval(timer);
      }
    }, TICK_MS);
    return () => window.clearInterval(timer);
  }, [until]);
  return now;
}
