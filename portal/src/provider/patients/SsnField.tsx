import { useState } from "react";
import { text } from "../../text";
import { FieldFrame, useField } from "../../ui/fields";

const words = text.provider.patients;

/**
 * Masked by style, not by type="password": browsers offer to save passwords. Where the style is unknown,
 * the type masks it.
 */
const MASKED_TYPE = CSS.supports("-webkit-text-security", "disc") ? "text" : "password";

/** A Social Security number: masked while it is typed, never filled in or stored by the browser. */
export function SsnField({
  pointer,
  value,
  onChange,
}: {
  pointer: string;
  value: string;
  onChange: (value: string) => void;
}) {
  const [shown, setShown] = useState(false);
  const { id, invalid, describedBy } = useField({ pointer, hint: words.ssnHint });
  return (
    <FieldFrame pointer={pointer} label={words.ssn} hint={words.ssnHint}>
      <div className="ssn">
        <input
          id={id}
          type={shown ? "text" : MASKED_TYPE}
          className={shown ? "input" : "input masked"}
          value={value}
          inputMode="numeric"
          autoComplete="off"
          autoCorrect="off"
          spellCheck={false}
          data-1p-ignore
          data-lpignore="true"
          aria-invalid={invalid || undefined}
          aria-describedby={describedBy}
          onChange={(event) => onChange(event.target.value)}
        />
        <button
          type="button"
          className="button button-secondary"
          aria-pressed={shown}
          onClick={() => setShown(!shown)}
        >
          {shown ? words.hideSsn : words.showSsn}
        </button>
      </div>
    </FieldFrame>
  );
}
