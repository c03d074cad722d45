/** Sending the failed deliveries of one receiver again: one call sends a few, so calls follow each other. */
import type { Schemas } from "../api/client";

type Delivery = Schemas["Delivery"];
type Result = Pick<Schemas["RedeliveryResponse"], "redelivered" | "failed" | "not_redeliverable">;

/** How many deliveries one call sends at most: it has to end within the time limit of the API. */
export const AT_ONCE = 5;

export interface Progress extends Result {
  /** About how many there were at the beginning. */
  total: number;
  state: "running" | "stopped" | "refused" | "interrupted" | "ended";
}

/**
 * Send again until nothing is left, and report after each call.
 *
 * It ends early where `stop` is set, where a call sent nothing and was refused by the receiver (its cause is
 * then not corrected: the rest would fail too), and where a call fails, which it throws.
 */
export async function sendAll(
  delivery: Delivery,
  total: number,
  send: (body: { delivery: Delivery; limit: number }) => Promise<Result>,
  report: (progress: Progress) => void,
  stop: { readonly requested: boolean },
): Promise<void> {
  const progress: Progress = {
    total,
    redelivered: 0,
    failed: 0,
    not_redeliverable: 0,
    state: "running",
  };
  const end = (state: Progress["state"]) => report({ ...progress, state });
  report({ ...progress });
  let empty = 0;
  while (handled(progress) < progress.total && empty < EMPTY_ANSWERS) {
    if (stop.requested) {
      return end("stopped");
    }
    let result: Result;
    try {
      result = await send({ delivery, limit: AT_ONCE });
    } catch (error) {
      end("interrupted");
      throw error;
    }
    progress.redelivered += result.redelivered;
    progress.failed += result.failed;
    progress.not_redeliverable += result.not_redeliverable;
    // The total is an approximate one.
    progress.total = Math.max(progress.total, handled(progress));
    report({ ...progress });
    if (result.failed > 0 && result.redelivered === 0) {
      return end("refused");
    }
    empty = handled(result) === 0 ? empty + 1 : 0;
  }
  end("ended");
}

/** A queue can answer with nothing although it has messages; twice in succession it rarely does. */
const EMPTY_ANSWERS = 2;

/** How many deliveries were taken out of the queue. */
export function handled({ redelivered, failed, not_redeliverable }: Result): number {
  return redelivered + failed + not_redeliverable;
}
