/** The fields of one service, in the order and with the choices of the API's form. */
import { Fragment, type ReactNode, useState } from "react";
import type { Schemas } from "../api/client";
import { text } from "../text";
import { DateField, GroupErrors, RadioField, SelectField, TextField } from "../ui/fields";
import { Loading } from "../ui/Loading";
import { DiagnosisChips, DiagnosisField } from "./Codes";
import { emptyMedication, type Medication, type Service } from "./content";
import { type FieldName, type FormField, type FormResponse, shownFields, withChoice } from "./form";
import type { CodeWords } from "./knownCodes";
import { Procedures } from "./Procedures";
import { numberOf } from "./procedureRows";
import { useChoiceUndo } from "./useChoiceUndo";
import { useDependencies } from "./useForms";

const MAX_RADIOS = 4;

export interface ServiceFieldsProps {
  pointer: string;
  service: Service;
  form: FormResponse | undefined;
  stage: Schemas["Stage"];
  words: CodeWords;
  onChange: (service: Service) => void;
  /** The names to show; all if it is absent. */
  only?: (field: FormField) => boolean;
}

export function ServiceFields(props: ServiceFieldsProps) {
  const { service, stage, only } = props;
  const form = useLastForm(props.form);
  const later = useDependencies();
  const undo = useChoiceUndo(props);
  if (form === undefined) {
    return <Loading shape="fields" />;
  }
  const fields = shownFields(form, stage, service).filter(only ?? (() => true));
  const choose: Choose = (name, code) => {
    const after = withChoice(service, name, code, later);
    undo.remember(name, after, form);
    props.onChange(after);
  };
  const small = fields.filter((field) => !isWide(field));
  const wide = fields.filter(isWide);
  return (
    <>
      <div className="form-grid">
        {small.map((field) => (
          <Fragment key={field.name}>{fieldOf(field, props, choose)}</Fragment>
        ))}
      </div>
      {undo.notice}
      {wide.map((field) => (
        <Fragment key={field.name}>{fieldOf(field, props, choose)}</Fragment>
      ))}
    </>
  );
}

type Choose = (name: FieldName, code: string | null) => void;

/** The form before a choice, until that after it arrives: the page does not jump, and the focus stays. */
function useLastForm(form: FormResponse | undefined): FormResponse | undefined {
  const [last, setLast] = useState(form);
  if (form !== undefined && form !== last) {
    setLast(form);
  }
  return form ?? last;
}

function isWide(field: FormField): boolean {
  return field.kind === "GROUP" || field.kind === "GROUPS" || field.kind === "CODES";
}

function fieldOf(field: FormField, props: ServiceFieldsProps, choose: Choose): ReactNode {
  const { service, words, stage, onChange } = props;
  const name = field.name as FieldName;
  const pointer = `${props.pointer}/${name}`;
  const value = service[name];
  const set = (entry: unknown) => onChange({ ...service, [name]: entry });
  const common = { pointer, label: field.label, hint: field.hint };
  const optional = field.required_for === null;
  switch (field.kind) {
    case "CHOICE":
      return (
        <ChoiceField
          {...common}
          optional={optional}
          field={field}
          value={String(value ?? "")}
          onChange={(code) => choose(name, code || null)}
        />
      );
    case "DAY":
      return (
        <DateField
          {...common}
          optional={optional}
          min={field.earliest ?? undefined}
          max={field.latest ?? undefined}
          value={String(value ?? "")}
          onChange={(day) => onChange(withDay(service, name, day || null))}
        />
      );
    case "NUMBER":
      return (
        <TextField
          {...common}
          optional={optional}
          inputMode="numeric"
          value={value === null ? "" : String(value)}
          onChange={(entered) => set(numberOf(entered, field.maximum))}
        />
      );
    case "CODE":
      return (
        <DiagnosisField
          pointer={pointer}
          label={field.label}
          optional={optional}
          value={value as string | null}
          onChange={set}
          words={words}
        />
      );
    case "CODES":
      return (
        <DiagnosisChips
          pointer={pointer}
          label={field.label}
          value={value as string[]}
          onChange={set}
          words={words}
        />
      );
    case "GROUPS":
      return (
        <Procedures
          pointer={pointer}
          field={field}
          service={service}
          stage={stage}
          words={words}
          onChange={set}
        />
      );
    case "GROUP":
      return (
        <MedicationFields
          pointer={pointer}
          field={field}
          stage={stage}
          value={(value as Medication | null) ?? emptyMedication()}
          onChange={set}
        />
      );
    case "TEXT":
      return (
        <TextField
          {...common}
          optional={optional}
          value={String(value ?? "")}
          onChange={(entered) => set(entered || null)}
        />
      );
  }
}

/** A service's day; codes that began on the day before begin on the new one. */
export function withDay(service: Service, name: FieldName, day: string | null): Service {
  const before = service[name];
  return {
    ...service,
    [name]: day,
    procedures: service.procedures.map((procedure) =>
      procedure.start_date === before ? { ...procedure, start_date: day } : procedure,
    ),
  };
}

/** Few choices are all visible, many are a list. */
function ChoiceField({
  field,
  ...props
}: {
  pointer: string;
  label: ReactNode;
  hint: ReactNode;
  optional: boolean;
  value: string;
  onChange: (value: string) => void;
  field: FormField;
}) {
  const few = field.choices.length <= MAX_RADIOS && !props.optional;
  return few ? (
    <RadioField {...props} choices={field.choices} />
  ) : (
    <SelectField {...props} choices={field.choices} />
  );
}

function MedicationFields({
  pointer,
  field,
  stage,
  value,
  onChange,
}: {
  pointer: string;
  field: FormField;
  stage: Schemas["Stage"];
  value: Medication;
  onChange: (value: Medication | null) => void;
}) {
  const set = (name: string, entry: string) => {
    const next = { ...value, [name]: entry || null };
    onChange(Object.values(next).every((one) => one === null) ? null : next);
  };
  const shown = field.fields.filter(
    (part) =>
      stage === "SUBMISSION" ||
      part.required_for === "CHECK" ||
      field.one_of.includes(part.name) ||
      part.kind === "CHOICE",
  );
  return (
    <section className="field">
      <h3>{field.label}</h3>
      {field.hint && <p className="field-hint">{field.hint}</p>}
      {field.one_of.length > 1 && <p className="field-hint">{text.requestForm.medicationOneOf}</p>}
      <GroupErrors pointer={pointer} />
      <div className="form-grid">
        {shown.map((part) => {
          const common = {
            pointer: `${pointer}/${part.name}`,
            label: part.label,
            hint: part.hint,
            value: value[part.name as keyof Medication] ?? "",
            optional: part.required_for === null && !field.one_of.includes(part.name),
            onChange: (entry: string) => set(part.name, entry),
          };
          return part.kind === "CHOICE" ? (
            <SelectField key={part.name} {...common} choices={part.choices} />
          ) : (
            <TextField key={part.name} {...common} />
          );
        })}
      </div>
    </section>
  );
}
