/** The codes of a service: a list for a check, a table with units, dates and modifiers for a submission. */
import type { Schemas } from "../api/client";
import { text } from "../text";
import { announce } from "../ui/announce";
import { Button } from "../ui/Button";
import { fieldId } from "../ui/errors";
import { FieldErrorText, useErrorsBelow, useFieldErrors } from "../ui/fields";
import { useRemoval, useReplacement } from "../ui/Undo";
import { type AddedCode, AddProcedures } from "./Codes";
import { compactCode, type Procedure, type Service, serviceDay } from "./content";
import { type FormField, fieldNamed } from "./form";
import type { CodeWords } from "./knownCodes";
import { hasOther, modifiersOf, numberOf, sameForAll } from "./procedureRows";

const t = text.requestForm;

export interface ProceduresProps {
  pointer: string;
  field: FormField;
  service: Service;
  stage: Schemas["Stage"];
  words: CodeWords;
  onChange: (procedures: Procedure[]) => void;
}

export function Procedures({ pointer, field, service, stage, words, onChange }: ProceduresProps) {
  const { procedures } = service;
  const errors = useFieldErrors(pointer);
  const change = (index: number, values: Partial<Procedure>) =>
    onChange(procedures.map((one, at) => (at === index ? { ...one, ...values } : one)));
  const { remove, notice } = useRemoval(procedures, onChange, ({ code }) => t.codeRemoved(code));
  const replacement = useReplacement<readonly Procedure[]>(procedures, (all) => onChange([...all]));
  const props = { pointer, field, procedures, words, change, remove };
  return (
    <div className="field procedures" id={fieldId(pointer)} tabIndex={-1}>
      <h3>{field.label}</h3>
      {field.hint && <p className="field-hint">{field.hint}</p>}
      <FieldErrorText id={`${fieldId(pointer)}-error`} errors={errors} />
      {procedures.length > 0 &&
        (stage === "CHECK" ? <CodeList {...props} /> : <ProcedureTable {...props} />)}
      {notice}
      {stage === "SUBMISSION" && procedures.length > 1 && (
        <Button
          look="quiet"
          onClick={() => {
            const after = sameForAll(procedures);
            const lost = procedures.some((one, index) => hasOther(one, after[index]));
            replacement.replace(after, t.appliedToAll, lost);
            announce(t.appliedToAll);
          }}
        >
          {t.sameForAll}
        </Button>
      )}
      {replacement.notice}
      <AddProcedures
        pointer={`${pointer}/-`}
        label={procedures.length === 0 ? t.firstProcedure : t.addProcedure}
        onAdd={(codes) => onChange([...procedures, ...newProcedures(codes, service)])}
      />
      {procedures.length === 0 && field.required_for === null && (
        <p className="small">{t.optionalProcedures}</p>
      )}
    </div>
  );
}

/** Added codes that are not in the service yet; they begin on the service's day. */
export function newProcedures(codes: readonly AddedCode[], service: Service): Procedure[] {
  const known = service.procedures.map((one) => key(one.code, one.modifiers));
  return codes
    .filter((one) => !known.includes(key(one.code, one.modifiers)))
    .map((one) => ({
      code: compactCode(one.code),
      code_type: one.code_type,
      modifiers: one.modifiers,
      start_date: serviceDay(service),
      unit_type: null,
      units: null,
    }));
}

function key(code: string, modifiers: readonly string[]): string {
  return [code, ...modifiers].join("-");
}

interface RowsProps {
  pointer: string;
  field: FormField;
  procedures: readonly Procedure[];
  words: CodeWords;
  change: (index: number, values: Partial<Procedure>) => void;
  remove: (index: number) => void;
}

function CodeList({ pointer, field, procedures, words, change, remove }: RowsProps) {
  return (
    <ul className="code-list">
      {procedures.map((procedure, index) => (
        <li key={key(procedure.code, [...procedure.modifiers, String(index)])}>
          <CodeName
            pointer={`${pointer}/${index}`}
            procedure={procedure}
            words={words}
            field={field}
            onChange={(values) => change(index, values)}
          />
          <RemoveCode code={procedure.code} onRemove={() => remove(index)} />
        </li>
      ))}
    </ul>
  );
}

function RemoveCode({ code, onRemove }: { code: string; onRemove: () => void }) {
  return (
    <Button look="quiet" aria-label={t.removeCode(code)} onClick={onRemove}>
      {text.common.remove}
    </Button>
  );
}

/** A code with its words and errors; where it fits several code sets, one is chosen. */
function CodeName({
  pointer,
  procedure,
  words,
  field,
  onChange,
}: {
  pointer: string;
  procedure: Procedure;
  words: CodeWords;
  field: FormField;
  onChange: (values: Partial<Procedure>) => void;
}) {
  const found = words.procedure(procedure.code);
  const typeErrors = useFieldErrors(`${pointer}/code_type`);
  const codeErrors = useFieldErrors(`${pointer}/code`);
  const rowErrors = useFieldErrors(pointer);
  const ambiguous =
    found?.error?.code === "ambiguous" || typeErrors.length > 0 || procedure.code_type !== null;
  const sets = fieldNamed(field.fields, "code_type")?.choices ?? [];
  const offered = found?.error?.choices ?? [];
  const choices = offered.length > 0 ? sets.filter((one) => offered.includes(one.code)) : sets;
  const errors = [...rowErrors, ...codeErrors, ...typeErrors];
  if (found?.error && found.error.code !== "ambiguous") {
    errors.push(found.error.message);
  } else if (found?.error && procedure.code_type === null) {
    errors.push(found.error.message);
  }
  return (
    <div className="code-name" id={fieldId(pointer)} tabIndex={-1}>
      <div id={fieldId(`${pointer}/code`)} tabIndex={-1}>
        <strong className="mono">{procedure.code}</strong> {found?.known?.label}
        {found?.known && !found.known.label && <span className="small">{t.codeUnknown}</span>}
        {procedure.modifiers.length > 0 && (
          <span className="small"> {procedure.modifiers.join(", ")}</span>
        )}
      </div>
      {ambiguous && choices.length > 1 && offered.length > 0 && (
        <select
          id={fieldId(`${pointer}/code_type`)}
          className="input"
          aria-label={`${t.codeSet} ${procedure.code}`}
          value={procedure.code_type ?? ""}
          onChange={(event) =>
            onChange({ code_type: (event.target.value || null) as Procedure["code_type"] })
          }
        >
          <option value="">{text.common.choose}</option>
          {choices.map((choice) => (
            <option key={choice.code} value={choice.code}>
              {choice.name}
            </option>
          ))}
        </select>
      )}
      <FieldErrorText id={`${fieldId(pointer)}-error`} errors={[...new Set(errors)]} />
    </div>
  );
}

function ProcedureTable({ pointer, field, procedures, words, change, remove }: RowsProps) {
  const label = (name: string) => fieldNamed(field.fields, name)?.label ?? name;
  const day = fieldNamed(field.fields, "start_date");
  const units = fieldNamed(field.fields, "units");
  const unitTypes = fieldNamed(field.fields, "unit_type")?.choices ?? [];
  const columns = ["code", "start_date", "units", "unit_type", "modifiers"] as const;
  return (
    <table className="table procedure-table">
      <caption className="visually-hidden">{field.label}</caption>
      <thead>
        <tr>
          {columns.map((name) => (
            <th key={name} scope="col">
              {label(name)}
            </th>
          ))}
          <th scope="col">
            <span className="visually-hidden">{text.common.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {procedures.map((procedure, index) => {
          const at = `${pointer}/${index}`;
          return (
            <tr key={key(procedure.code, [String(index)])}>
              <th scope="row" data-label={label("code")}>
                <CodeName
                  pointer={at}
                  procedure={{ ...procedure, modifiers: [] }}
                  words={words}
                  field={field}
                  onChange={(values) =>
                    change(index, { ...values, modifiers: procedure.modifiers })
                  }
                />
              </th>
              <td data-label={label("start_date")}>
                <CellInput
                  pointer={`${at}/start_date`}
                  label={`${label("start_date")}, ${procedure.code}`}
                  type="date"
                  min={day?.earliest ?? undefined}
                  max={day?.latest ?? undefined}
                  value={procedure.start_date ?? ""}
                  onChange={(value) => change(index, { start_date: value || null })}
                />
              </td>
              <td data-label={label("units")}>
                <CellInput
                  pointer={`${at}/units`}
                  label={`${label("units")}, ${procedure.code}`}
                  inputMode="numeric"
                  value={procedure.units === null ? "" : String(procedure.units)}
                  onChange={(value) => change(index, { units: numberOf(value, units?.maximum) })}
                />
              </td>
              <td data-label={label("unit_type")}>
                <CellSelect
                  pointer={`${at}/unit_type`}
                  label={`${label("unit_type")}, ${procedure.code}`}
                  value={procedure.unit_type ?? ""}
                  choices={unitTypes}
                  onChange={(value) =>
                    change(index, { unit_type: (value || null) as Procedure["unit_type"] })
                  }
                />
              </td>
              <td data-label={label("modifiers")}>
                <Modifiers
                  pointer={`${at}/modifiers`}
                  label={`${label("modifiers")}, ${procedure.code}`}
                  value={procedure.modifiers}
                  onChange={(modifiers) => change(index, { modifiers })}
                />
              </td>
              <td>
                <RemoveCode code={procedure.code} onRemove={() => remove(index)} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

interface CellProps {
  pointer: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
}

function CellInput({
  pointer,
  label,
  value,
  onChange,
  ...rest
}: CellProps & {
  type?: string;
  min?: string | undefined;
  max?: string | undefined;
  inputMode?: "numeric";
}) {
  const errors = useFieldErrors(pointer);
  const id = fieldId(pointer);
  return (
    <div className="cell" data-invalid={errors.length > 0 || undefined}>
      <input
        {...rest}
        id={id}
        className="input"
        autoComplete="off"
        aria-label={label}
        aria-invalid={errors.length > 0 || undefined}
        aria-describedby={errors.length > 0 ? `${id}-error` : undefined}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <FieldErrorText id={`${id}-error`} errors={errors} />
    </div>
  );
}

function CellSelect({
  pointer,
  label,
  value,
  choices,
  onChange,
}: CellProps & { choices: readonly { code: string; name: string }[] }) {
  const errors = useFieldErrors(pointer);
  const id = fieldId(pointer);
  return (
    <div className="cell" data-invalid={errors.length > 0 || undefined}>
      <select
        id={id}
        className="input"
        aria-label={label}
        aria-invalid={errors.length > 0 || undefined}
        aria-describedby={errors.length > 0 ? `${id}-error` : undefined}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        <option value="">{text.common.choose}</option>
        {choices.map((choice) => (
          <option key={choice.code} value={choice.code}>
            {choice.name}
          </option>
        ))}
      </select>
      <FieldErrorText id={`${id}-error`} errors={errors} />
    </div>
  );
}

/** Modifiers as typed: two characters each, separated by blanks or commas. */
function Modifiers({
  pointer,
  label,
  value,
  onChange,
}: {
  pointer: string;
  label: string;
  value: readonly string[];
  onChange: (value: string[]) => void;
}) {
  const errors = useErrorsBelow(pointer);
  const id = fieldId(pointer);
  return (
    <div className="cell" data-invalid={errors.length > 0 || undefined}>
      <input
        id={id}
        className="input"
        autoComplete="off"
        aria-label={label}
        title={t.modifiersHint}
        placeholder={t.modifiersPlaceholder}
        aria-invalid={errors.length > 0 || undefined}
        aria-describedby={errors.length > 0 ? `${id}-error` : undefined}
        value={value.join(" ")}
        onChange={(event) => onChange(modifiersOf(event.target.value))}
      />
      <FieldErrorText id={`${id}-error`} errors={errors} />
    </div>
  );
}
