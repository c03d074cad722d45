import { useState } from "react";
import { api, type Schemas, unwrap } from "../../../api/client";
import { config } from "../../../config";
import { text } from "../../../text";
import { ActionDialog } from "../../../ui/ActionDialog";
import { fieldId, isConflict } from "../../../ui/errors";
import {
  CheckboxField,
  FieldErrorText,
  TextArea,
  TextField,
  useFieldErrors,
} from "../../../ui/fields";
import { DueTime, WithPhones } from "../../../ui/parts";
import { useStored } from "../../../ui/stored";
import { type DisputeAction, labelOf, openLines, optionOf } from "./actions";
import { announced, changedBy } from "./changed";
import type { LineView } from "./lines";

const words = text.provider.dispute;

interface Entry {
  /** Null until lines were chosen: all that are open. */
  lines: readonly string[] | null;
  reason: string;
  phone: string;
  expedited: boolean;
}

const EMPTY: Entry = { lines: null, reason: "", phone: "", expedited: false };

/** Appeal, reconsideration or peer-to-peer discussion of adverse lines. */
export function DisputeDialog({
  details,
  views,
  action,
  onClose,
}: {
  details: Schemas["RequestDetails"];
  views: readonly LineView[];
  action: DisputeAction;
  onClose: () => void;
}) {
  const id = details.request_id;
  const open = openLines(details, action);
  const option = optionOf(details, action);
  const [entry, setEntry, clear] = useStored<Entry>(`${action}-${id}`, EMPTY);
  const set = (change: Partial<Entry>) => setEntry((before) => ({ ...before, ...change }));
  // A determination that follows meanwhile is not disputed by this text, until it was shown after the
  // API refused the call.
  const [readCycle] = useState(details.cycle);
  const lines = (entry.lines ?? open).filter((line) => open.includes(line));
  const label = labelOf(details, action) ?? "";
  const names: Readonly<Record<string, string>> = {
    "/line_ids": words.lines,
    "/reason": action === "REQUEST_PEER_TO_PEER" ? words.topic : words.reason,
    "/phone": words.phone,
  };
  return (
    <ActionDialog
      wide
      title={label}
      action={label}
      names={(pointer) => names[pointer]}
      record={["request", id]}
      refresh={changedBy(id)}
      done={announced}
      onClose={onClose}
      send={async (refusal) => {
        const cycle = isConflict(refusal) ? details.cycle : readCycle;
        const changed = await send(action, id, { ...entry, lines, cycle });
        clear();
        return changed;
      }}
    >
      {(refusal) => (
        <>
          {isConflict(refusal) && <p>{words.changed}</p>}
          {option && (
            <p>
              <WithPhones>{option.text}</WithPhones>
            </p>
          )}
          {option && (
            <p>
              {words.until} <DueTime at={option.until} />
            </p>
          )}
          <LinesField
            views={views.filter((view) => open.includes(view.line.line_id))}
            chosen={lines}
            onChange={(chosen) => set({ lines: chosen })}
          />
          <TextArea
            pointer="/reason"
            label={action === "REQUEST_PEER_TO_PEER" ? words.topic : words.reason}
            hint={action === "REQUEST_PEER_TO_PEER" ? words.topicHint : words.reasonHint}
            value={entry.reason}
            rows={6}
            onChange={(reason) => set({ reason })}
          />
          {action === "REQUEST_PEER_TO_PEER" ? (
            <TextField
              pointer="/phone"
              label={words.phone}
              hint={words.phoneHint(config().payer.name)}
              type="tel"
              value={entry.phone}
              onChange={(phone) => set({ phone })}
            />
          ) : (
            <CheckboxField
              pointer="/expedited"
              label={words.expedited}
              hint={words.expeditedHint}
              checked={entry.expedited}
              onChange={(expedited) => set({ expedited })}
            />
          )}
        </>
      )}
    </ActionDialog>
  );
}

function send(
  action: DisputeAction,
  id: string,
  entry: Entry & { lines: readonly string[]; cycle: number },
): Promise<Schemas["ChangedRequest"]> {
  const params = { path: { request_id: id } };
  const { cycle, reason, phone, expedited } = entry;
  const line_ids = [...entry.lines];
  switch (action) {
    case "APPEAL":
      return unwrap(
        api.POST("/v1/requests/{request_id}/appeals", {
          params,
          body: { cycle, line_ids, reason, expedited },
        }),
      );
    case "RECONSIDER":
      return unwrap(
        api.POST("/v1/requests/{request_id}/reconsiderations", {
          params,
          body: { cycle, line_ids, reason, expedited },
        }),
      );
    case "REQUEST_PEER_TO_PEER":
      return unwrap(
        api.POST("/v1/requests/{request_id}/peer-to-peer", {
          params,
          body: { cycle, line_ids, reason, phone },
        }),
      );
  }
}

function LinesField({
  views,
  chosen,
  onChange,
}: {
  views: readonly LineView[];
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
}) {
  const id = fieldId("/line_ids");
  const errors = useFieldErrors("/line_ids");
  return (
    <fieldset
      id={id}
      className="field"
      tabIndex={-1}
      data-invalid={errors.length > 0 || undefined}
      aria-describedby={errors.length > 0 ? `${id}-error` : undefined}
    >
      <legend className="field-label">{words.lines}</legend>
      {views.map(({ line, title }) => (
        <label key={line.line_id} className="choice choice-line">
          <input
            type="checkbox"
            checked={chosen.includes(line.line_id)}
            onChange={(event) =>
              onChange(
                event.target.checked
                  ? [...chosen, line.line_id]
                  : chosen.filter((one) => one !== line.line_id),
              )
            }
          />
          {line.line_id} · {title} · {line.status_label}
        </label>
      ))}
      <FieldErrorText id={`${id}-error`} errors={errors} />
    </fieldset>
  );
}
