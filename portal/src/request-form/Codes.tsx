/** Entering codes: with suggestions, one by one, or pasted as a list. */
import { useState } from "react";
import { text } from "../text";
import { announce } from "../ui/announce";
import { fieldId } from "../ui/errors";
import { FieldErrorText, useFieldErrors } from "../ui/fields";
import { TypeAhead } from "../ui/TypeAhead";
import { useRemoval } from "../ui/Undo";
import { type SplitCode, splitDiagnoses, splitProcedures } from "./codes";
import { compactCode } from "./content";
import {
  type CodeWords,
  type KnownCode,
  searchDiagnoses,
  searchProcedures,
  suggestCode,
} from "./knownCodes";

const t = text.requestForm;

export interface AddedCode extends SplitCode {
  code_type: KnownCode["code_type"];
}

/** A text field that adds procedure codes: chosen, typed and Enter, or pasted as a list. */
export function AddProcedures({
  pointer,
  label,
  onAdd,
}: {
  pointer: string;
  label: string;
  onAdd: (codes: AddedCode[]) => void;
}) {
  const [typed, setTyped] = useState("");
  const [rest, setRest] = useState<string[]>([]);
  const add = (codes: AddedCode[]) => {
    onAdd(codes);
    const [first] = codes;
    announce(codes.length === 1 && first ? t.codeAdded(first.code) : t.codesAdded(codes.length));
  };
  const take = (entered: string): boolean => {
    const split = splitProcedures(entered);
    if (split.codes.length > 0) {
      add(split.codes.map((one) => ({ ...one, code_type: null })));
    }
    setRest(split.rest);
    setTyped(split.codes.length > 0 ? "" : entered);
    return true;
  };
  return (
    <>
      <TypeAhead
        pointer={pointer}
        label={label}
        hint={t.procedureHint}
        value={typed}
        onChange={(value) => {
          setTyped(value);
          setRest([]);
        }}
        load={searchProcedures}
        queryKey={["codes", "procedures"]}
        suggest={suggestCode}
        onSelect={(known) => {
          add([{ code: known.code, code_type: known.code_type, modifiers: [] }]);
          // The field shows the chosen suggestion first.
          requestAnimationFrame(() => setTyped(""));
        }}
        empty={t.noCodeFound}
        onEnter={take}
        onPaste={(pasted) => splitProcedures(pasted).codes.length > 0 && take(pasted)}
      />
      <Rest codes={rest} />
    </>
  );
}

function Rest({ codes }: { codes: readonly string[] }) {
  return codes.length > 0 ? (
    <p className="field-error" role="status">
      {t.notCodes(codes.join(", "))}
    </p>
  ) : null;
}

/** One diagnosis with suggestions and its words. */
export function DiagnosisField({
  pointer,
  label,
  value,
  onChange,
  words,
  optional = false,
}: {
  pointer: string;
  label: string;
  value: string | null;
  onChange: (value: string | null) => void;
  words: CodeWords;
  optional?: boolean;
}) {
  const known = value ? words.diagnosis(value) : undefined;
  return (
    <div>
      <TypeAhead
        pointer={pointer}
        label={label}
        hint={t.diagnosisHint}
        value={value ?? ""}
        onChange={(typed) => onChange(codeOfSuggestion(typed) || null)}
        load={searchDiagnoses}
        queryKey={["codes", "diagnoses"]}
        suggest={suggestCode}
        onSelect={(chosen) => {
          onChange(chosen.code);
          requestAnimationFrame(() => onChange(chosen.code));
        }}
        empty={t.noDiagnosisFound}
        optional={optional}
      />
      {known?.known?.label && <p className="code-words">{known.known.label}</p>}
      {known?.error && <p className="field-error">{known.error.message}</p>}
    </div>
  );
}

/** The field shows "K55 – words" for a moment after a suggestion is chosen: only the code is stored. */
function codeOfSuggestion(typed: string): string {
  const [code = "", ...words] = typed.split(" – ");
  return words.length > 0 ? code : typed;
}

/** Further diagnoses as chips. */
export function DiagnosisChips({
  pointer,
  label,
  value,
  onChange,
  words,
}: {
  pointer: string;
  label: string;
  value: readonly string[];
  onChange: (value: string[]) => void;
  words: CodeWords;
}) {
  const [typed, setTyped] = useState("");
  const [rest, setRest] = useState<string[]>([]);
  const add = (codes: readonly string[]) => {
    const added = codes.map(compactCode).filter((code) => !value.includes(code));
    onChange([...value, ...added]);
    announce(codes.length === 1 ? t.codeAdded(codes[0] ?? "") : t.codesAdded(codes.length));
  };
  const take = (entered: string): boolean => {
    const split = splitDiagnoses(entered);
    if (split.codes.length > 0) {
      add(split.codes);
    }
    setRest(split.rest);
    setTyped(split.codes.length > 0 ? "" : entered);
    return true;
  };
  const removal = useRemoval(value, onChange, t.diagnosisRemoved);
  return (
    <div className="field" id={fieldId(pointer)} tabIndex={-1}>
      <TypeAhead
        pointer={`${pointer}/-`}
        label={label}
        hint={t.diagnosesHint}
        value={typed}
        onChange={(entered) => {
          setTyped(entered);
          setRest([]);
        }}
        load={searchDiagnoses}
        queryKey={["codes", "diagnoses"]}
        suggest={suggestCode}
        onSelect={(known) => {
          add([known.code]);
          requestAnimationFrame(() => setTyped(""));
        }}
        empty={t.noDiagnosisFound}
        onEnter={take}
        onPaste={(pasted) => splitDiagnoses(pasted).codes.length > 1 && take(pasted)}
        optional
      />
      <Rest codes={rest} />
      {value.length > 0 && (
        <ul className="chips">
          {value.map((code, index) => (
            <Chip
              key={code}
              pointer={`${pointer}/${index}`}
              code={code}
              words={words}
              onRemove={() => removal.remove(index)}
            />
          ))}
        </ul>
      )}
      {removal.notice}
    </div>
  );
}

function Chip({
  pointer,
  code,
  words,
  onRemove,
}: {
  pointer: string;
  code: string;
  words: CodeWords;
  onRemove: () => void;
}) {
  const found = words.diagnosis(code);
  const errors = [...useFieldErrors(pointer), ...(found?.error ? [found.error.message] : [])];
  return (
    <li className="chip" data-invalid={errors.length > 0 || undefined}>
      <span>
        <strong>{code}</strong> {found?.known?.label}
      </span>
      <button
        type="button"
        id={fieldId(pointer)}
        className="chip-remove"
        aria-label={t.removeDiagnosis(code)}
        onClick={onRemove}
      >
        ×
      </button>
      <FieldErrorText id={`${fieldId(pointer)}-error`} errors={[...new Set(errors)]} />
    </li>
  );
}
