/**
 * Form fields: label, hint, error and control, connected for assistive technology.
 *
 * `pointer` is the JSON pointer of the value in the body that the API receives: the control's id
 * follows from it, and the field's errors are found by it among `errors`.
 */
import {
  createContext,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useContext,
} from "react";
import { text } from "../text";
import { type FieldErrors, fieldId, NO_ERRORS } from "./errors";

const ErrorsContext = createContext<FieldErrors>(NO_ERRORS);

/** The errors of the form around its fields. */
export const FormErrors = ErrorsContext.Provider;

export function useFieldErrors(pointer: string): readonly string[] {
  return (useContext(ErrorsContext).get(pointer) ?? []).map((error) => error.message);
}

/** The errors of a pointer and of everything below it, for a field that edits a whole list or object. */
export function useErrorsBelow(pointer: string): readonly string[] {
  const all = [...useContext(ErrorsContext)];
  const below = all.filter(([at]) => at === pointer || at.startsWith(`${pointer}/`));
  return [...new Set(below.flatMap(([, errors]) => errors.map((error) => error.message)))];
}

export function useHasErrors(pointers: readonly string[]): boolean {
  const errors = useContext(ErrorsContext);
  return pointers.some((pointer) => errors.has(pointer));
}

export interface FieldProps {
  pointer: string;
  label: ReactNode;
  hint?: ReactNode;
  /** Marks the label as optional; fields are required unless it is set. */
  optional?: boolean;
}

interface Wiring {
  id: string;
  invalid: boolean;
  describedBy: string | undefined;
}

/** The wiring of a control whose label, hint and errors `FieldFrame` shows. */
export function useField({ pointer, hint }: Pick<FieldProps, "pointer" | "hint">): Wiring {
  const id = fieldId(pointer);
  const invalid = useFieldErrors(pointer).length > 0;
  const described = [hint ? `${id}-hint` : "", invalid ? `${id}-error` : ""].filter(Boolean);
  return { id, invalid, describedBy: described.join(" ") || undefined };
}

export function FieldFrame({
  pointer,
  label,
  hint,
  optional = false,
  children,
}: FieldProps & { children: ReactNode }) {
  const id = fieldId(pointer);
  const errors = useFieldErrors(pointer);
  return (
    <div className="field" data-invalid={errors.length > 0 || undefined}>
      <label htmlFor={id} className="field-label">
        {label} {optional && <span className="field-optional">{text.common.optional}</span>}
      </label>
      <FieldHint id={id} hint={hint} />
      {children}
      <FieldErrorText id={`${id}-error`} errors={errors} />
    </div>
  );
}

function FieldHint({ id, hint }: { id: string; hint: ReactNode }) {
  return hint ? (
    <div id={`${id}-hint`} className="field-hint">
      {hint}
    </div>
  ) : null;
}

export function FieldErrorText({ id, errors }: { id: string; errors: readonly string[] }) {
  if (errors.length === 0) {
    return null;
  }
  return (
    <div id={id} className="field-error">
      {errors.map((message) => (
        <p key={message}>{message}</p>
      ))}
    </div>
  );
}

type Control<Attributes> = Omit<Attributes, "id" | "onChange" | "value">;

interface ValueProps {
  value: string;
  onChange: (value: string) => void;
}

export function TextField({
  pointer,
  label,
  hint,
  optional = false,
  value,
  onChange,
  ...rest
}: FieldProps & ValueProps & Control<InputHTMLAttributes<HTMLInputElement>>) {
  const { id, invalid, describedBy } = useField({ pointer, hint });
  return (
    <FieldFrame pointer={pointer} label={label} hint={hint} optional={optional}>
      <input
        autoComplete="off"
        {...rest}
        id={id}
        className="input"
        value={value}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.target.value)}
      />
    </FieldFrame>
  );
}

/** A day, as "YYYY-MM-DD"; empty while it is incomplete. */
export function DateField(
  props: FieldProps & ValueProps & Control<InputHTMLAttributes<HTMLInputElement>>,
) {
  return <TextField {...props} type="date" />;
}

export function TextArea({
  pointer,
  label,
  hint,
  optional = false,
  value,
  onChange,
  rows = 4,
  ...rest
}: FieldProps & ValueProps & Control<TextareaHTMLAttributes<HTMLTextAreaElement>>) {
  const { id, invalid, describedBy } = useField({ pointer, hint });
  return (
    <FieldFrame pointer={pointer} label={label} hint={hint} optional={optional}>
      <textarea
        {...rest}
        id={id}
        rows={rows}
        className="input"
        value={value}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.target.value)}
      />
    </FieldFrame>
  );
}

export interface Choice {
  code: string;
  name: string;
}

export function SelectField({
  pointer,
  label,
  hint,
  optional = false,
  value,
  onChange,
  choices,
  ...rest
}: FieldProps &
  ValueProps & { choices: readonly Choice[] } & Control<SelectHTMLAttributes<HTMLSelectElement>>) {
  const { id, invalid, describedBy } = useField({ pointer, hint });
  return (
    <FieldFrame pointer={pointer} label={label} hint={hint} optional={optional}>
      <select
        {...rest}
        id={id}
        className="input"
        value={value}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.target.value)}
      >
        <option value="">{text.common.choose}</option>
        {choices.map((choice) => (
          <option key={choice.code} value={choice.code}>
            {choice.name}
          </option>
        ))}
      </select>
    </FieldFrame>
  );
}

/** One of a few choices, all visible. */
export function RadioField({
  pointer,
  label,
  hint,
  value,
  onChange,
  choices,
}: FieldProps & ValueProps & { choices: readonly Choice[] }) {
  const { id, describedBy } = useField({ pointer, hint });
  const errors = useFieldErrors(pointer);
  return (
    // No fieldset: a legend cannot be on the line of the labels beside it.
    // biome-ignore lint/a11y/useSemanticElements: see above.
    <div
      role="group"
      className="field choices"
      id={id}
      tabIndex={-1}
      data-invalid={errors.length > 0 || undefined}
      aria-labelledby={`${id}-label`}
      aria-describedby={describedBy}
    >
      <span id={`${id}-label`} className="field-label">
        {label}
      </span>
      <FieldHint id={id} hint={hint} />
      <div className="choices-row">
        {choices.map((choice) => (
          <label key={choice.code} className="choice">
            <input
              type="radio"
              name={id}
              value={choice.code}
              checked={value === choice.code}
              onChange={() => onChange(choice.code)}
            />
            {choice.name}
          </label>
        ))}
      </div>
      <FieldErrorText id={`${id}-error`} errors={errors} />
    </div>
  );
}

export function CheckboxField({
  pointer,
  label,
  hint,
  checked,
  onChange,
}: FieldProps & { checked: boolean; onChange: (checked: boolean) => void }) {
  const { id, invalid, describedBy } = useField({ pointer, hint });
  const errors = useFieldErrors(pointer);
  return (
    <div className="field" data-invalid={invalid || undefined}>
      <label className="choice">
        <input
          type="checkbox"
          id={id}
          checked={checked}
          aria-invalid={invalid || undefined}
          aria-describedby={describedBy}
          onChange={(event) => onChange(event.target.checked)}
        />
        {label}
      </label>
      <FieldHint id={id} hint={hint} />
      <FieldErrorText id={`${id}-error`} errors={errors} />
    </div>
  );
}

/** The errors of a group as a whole, as of one without any entry. */
export function GroupErrors({ pointer }: { pointer: string }) {
  const errors = useFieldErrors(pointer);
  return (
    <div id={fieldId(pointer)} tabIndex={-1}>
      <FieldErrorText id={`${fieldId(pointer)}-error`} errors={errors} />
    </div>
  );
}
