import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, type Schemas, unwrap } from "../api/client";
import { formatMoment } from "../format/dates";
import { text } from "../text";
import { announce } from "../ui/announce";
import { Button } from "../ui/Button";
import { ErrorBanner } from "../ui/ErrorSummary";
import { Empty, Loaded } from "../ui/parts";
import { handled, type Progress, sendAll } from "./redelivery";

const words = text.operations;

type Failed = Schemas["FailedDeliveriesOf"];

/** What was not delivered in all attempts, by receiver, and how to send it again. */
export function Deliveries() {
  const client = useQueryClient();
  const queryKey = ["operations", "deliveries"];
  const failed = useQuery({
    queryKey,
    queryFn: () => unwrap(api.GET("/v1/operations/failed-deliveries")),
  });
  const [progress, setProgress] = useState<Readonly<Record<string, Progress>>>({});
  const stop = useRef({ requested: false });
  useEffect(
    () => () => {
      stop.current.requested = true;
    },
    [],
  );
  const again = useMutation({
    mutationFn: async ({ delivery, count }: Failed) => {
      stop.current = { requested: false };
      let last: Progress | undefined;
      await sendAll(
        delivery,
        count,
        (body) => unwrap(api.POST("/v1/operations/failed-deliveries/redelivery", { body })),
        (now) => {
          last = now;
          setProgress((before) => ({ ...before, [delivery]: now }));
        },
        stop.current,
      );
      return last;
    },
    onSuccess: (last) => last && announce(resultOf(last).join(" ")),
    onSettled: () => client.invalidateQueries({ queryKey: ["operations"] }),
  });
  const running = again.isPending ? again.variables.delivery : null;
  return (
    <section>
      <ErrorBanner error={again.error} />
      <Loaded query={failed}>
        {({ deliveries }) => {
          const rows = deliveries.filter((one) => one.count > 0 || progress[one.delivery]);
          return rows.length === 0 ? (
            <Empty>{words.noDeliveries}</Empty>
          ) : (
            <ul className="plain">
              {rows.map((one) => (
                <Receiver
                  key={one.delivery}
                  failed={one}
                  progress={progress[one.delivery]}
                  running={running === one.delivery}
                  busy={running !== null}
                  onSend={() => again.mutate(one)}
                  onStop={() => {
                    stop.current.requested = true;
                  }}
                />
              ))}
            </ul>
          );
        }}
      </Loaded>
    </section>
  );
}

function Receiver({
  failed,
  progress,
  running,
  busy,
  onSend,
  onStop,
}: {
  failed: Failed;
  progress: Progress | undefined;
  running: boolean;
  /** Whether deliveries of any receiver are being sent: one receiver at a time. */
  busy: boolean;
  onSend: () => void;
  onStop: () => void;
}) {
  const name = failed.delivery_label;
  return (
    <li>
      {name}:{" "}
      {failed.count === 0
        ? words.noneLeft
        : words.failedCount(failed.count, formatMoment(failed.oldest_at))}{" "}
      {running ? (
        <Button aria-label={`${words.stop}: ${name}`} onClick={onStop}>
          {words.stop}
        </Button>
      ) : (
        failed.count > 0 && (
          <Button pending={busy} aria-label={`${words.sendAgain}: ${name}`} onClick={onSend}>
            {words.sendAgain}
          </Button>
        )
      )}
      {progress && (
        <div className="small">
          {running && (
            <progress
              className="file-progress"
              max={progress.total}
              value={handled(progress)}
              aria-label={name}
            />
          )}
          {resultOf(progress).map((line) => (
            <p key={line}>{line}</p>
          ))}
        </div>
      )}
    </li>
  );
}

/** How many of how many were sent, what failed, and what to do next. */
function resultOf({ redelivered, failed, not_redeliverable, total, state }: Progress): string[] {
  return [
    words.sentOf(redelivered, total),
    failed > 0 ? words.failedAgain(failed) : "",
    not_redeliverable > 0 ? words.notEvents(not_redeliverable) : "",
    words.ended[state],
  ].filter(Boolean);
}
