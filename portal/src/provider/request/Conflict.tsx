import { useEffect, useRef, useState } from "react";
import type { Content } from "../../request-form/content";
import { labelOf, type Names } from "../../request-form/labels";
import { valueWords } from "../../request-form/words";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Banner, Card } from "../../ui/parts";
import { type Choice, type FieldChange, merged } from "./diff";

const t = text.provider.request;

/** Another user saved the draft: for each entry, whose value to use. */
export function Conflict({
  content,
  changes,
  names,
  onResolve,
}: {
  content: Content;
  changes: readonly FieldChange[];
  names: Names;
  onResolve: (content: Content) => void;
}) {
  const [choices, choose] = useState<Record<string, Choice>>({});
  const [missing, setMissing] = useState(false);
  const heading = useRef<HTMLDivElement>(null);
  useEffect(() => heading.current?.focus(), []);
  // Where only the other user changed an entry, theirs is preset.
  const chosen = (change: FieldChange): Choice | undefined =>
    choices[change.pointer] ?? (change.both ? undefined : "theirs");
  const all = (choice: Choice) =>
    choose(Object.fromEntries(changes.map(({ pointer }) => [pointer, choice])));
  return (
    <div ref={heading} tabIndex={-1} role="alert">
      <Card title={t.conflictTitle}>
        <p>{t.conflictText}</p>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (changes.every((change) => chosen(change) !== undefined)) {
              onResolve(merged(content, changes, (change) => chosen(change) ?? "ours"));
            } else {
              setMissing(true);
            }
          }}
        >
          <table className="table">
            <caption className="visually-hidden">{t.conflictTitle}</caption>
            <thead>
              <tr>
                <th scope="col">{t.field}</th>
                <th scope="col">{t.theirs}</th>
                <th scope="col">{t.yours}</th>
              </tr>
            </thead>
            <tbody>
              {changes.map((change) => (
                <tr key={change.pointer}>
                  <th scope="row" data-label={t.field}>
                    {labelOf(change.pointer, names)}
                  </th>
                  {(["theirs", "ours"] as const).map((choice) => (
                    <td key={choice} data-label={choice === "theirs" ? t.theirs : t.yours}>
                      <label className="conflict-choice">
                        <input
                          type="radio"
                          name={change.pointer}
                          checked={chosen(change) === choice}
                          onChange={() =>
                            choose((before) => ({ ...before, [change.pointer]: choice }))
                          }
                        />
                        {valueWords(change.pointer, change[choice], names) || t.emptyValue}
                      </label>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {missing && (
            <p className="field-error" role="alert">
              {t.chooseAll}
            </p>
          )}
          <div className="form-actions">
            <Button look="primary" type="submit">
              {t.apply}
            </Button>
            <Button onClick={() => all("theirs")}>{t.theirsAll}</Button>
            <Button onClick={() => all("ours")}>{t.yoursAll}</Button>
          </div>
        </form>
      </Card>
    </div>
  );
}

/** Another user saved while nothing here was unsaved: their values are shown, and named. */
export function Adopted({
  changes,
  names,
  onClose,
}: {
  changes: readonly FieldChange[];
  names: Names;
  onClose: () => void;
}) {
  return changes.length === 0 ? null : (
    <Banner live title={t.adopted}>
      <ul>
        {changes.map((change) => (
          <li key={change.pointer}>
            {labelOf(change.pointer, names)}:{" "}
            {valueWords(change.pointer, change.theirs, names) || t.emptyValue}
          </li>
        ))}
      </ul>
      <Button look="quiet" onClick={onClose}>
        {text.common.close}
      </Button>
    </Banner>
  );
}
