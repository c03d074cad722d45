import type { Schemas } from "../../../api/client";
import { config } from "../../../config";
import { StatusNotes } from "../../../details/StatusNotes";
import { formatMoment } from "../../../format/dates";
import { text } from "../../../text";
import { Banner, DueTime, type Tone } from "../../../ui/parts";

const words = text.provider.turn;

/** Whose turn it is and until when, and by which rules of the payer's clock. */
export function Turn({ details }: { details: Schemas["RequestDetails"] }) {
  const { waiting_on, due_at, decision_clock: clock } = details;
  return (
    <Banner tone={toneOf(details)} title={titleOf(details)}>
      {due_at && (
        <p>
          {waiting_on === "PROVIDER" ? words.actBy : words.decisionBy} <DueTime at={due_at} />
        </p>
      )}
      <StatusNotes details={details} />
      {clock && (
        <details>
          <summary>{words.clock(clock.kind_label, clock.limit)}</summary>
          {clock.description.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
          <p className="small">{clock.source}</p>
        </details>
      )}
    </Banner>
  );
}

const DETERMINED: Partial<Record<Schemas["Status"], Tone>> = {
  APPROVED: "success",
  PARTIALLY_APPROVED: "warning",
  DENIED: "error",
};

function toneOf({ waiting_on, status }: Schemas["RequestDetails"]): Tone {
  if (waiting_on === "PROVIDER") {
    return "warning";
  }
  return (waiting_on === "NONE" && DETERMINED[status]) || "info";
}

function titleOf(details: Schemas["RequestDetails"]): string {
  switch (details.waiting_on) {
    case "PROVIDER":
      return words.provider;
    case "PAYER":
      return words.payer(config().payer.name);
    case "VENDOR": {
      const names = details.delegations
        .filter((one) => one.reported_at === null)
        .map((one) => one.vendor.name);
      return words.vendor(names.join(", ") || (details.delegate?.name ?? details.waiting_on_label));
    }
    case "NONE":
      return details.determined_at
        ? words.determined(details.status_label, formatMoment(details.determined_at))
        : words.nothing;
  }
}
