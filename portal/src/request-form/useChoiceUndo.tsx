/** Restores the entries that a changed choice cleared, as those of a check that had another type before. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { text } from "../text";
import { announce } from "../ui/announce";
import { fieldId } from "../ui/errors";
import { Undo } from "../ui/Undo";
import { type ChangedChoice, clearedBy, nextChange, withChoiceRestored } from "./choices";
import type { Service } from "./content";
import { allFields, type FieldName, type FormResponse, settle } from "./form";

interface Remembered extends ChangedChoice {
  /** The labels of the fields before the change: the form after it does not have all of them. */
  labels: ReadonlyMap<string, string>;
}

export function useChoiceUndo({
  service,
  form,
  pointer,
  onChange,
}: {
  service: Service;
  /** Undefined while it loads. */
  form: FormResponse | undefined;
  pointer: string;
  onChange: (service: Service) => void;
}): {
  /** Called before the change, with the form in which it was made. */
  remember: (name: FieldName, after: Service, shown: FormResponse) => void;
  notice: ReactNode;
} {
  const [changed, setChanged] = useState<Remembered | null>(null);
  const announced = useRef<Remembered | null>(null);
  const cleared = changed ? clearedBy(changed, service) : [];
  // What does not belong to the new form is cleared when it arrives.
  const settled = form !== undefined && settle(service, form) === service;
  const stands = changed !== null && service[changed.name] === changed.after[changed.name];
  if (stands && settled && cleared.length === 0) {
    setChanged(null);
  }
  const labelOf = (name: FieldName) => changed?.labels.get(name) ?? name;
  // In the order of the form.
  const order = [...(changed?.labels.keys() ?? [])];
  const names = cleared.toSorted((one, other) => order.indexOf(one) - order.indexOf(other));
  const words =
    changed && names.length > 0
      ? text.requestForm.choiceCleared(labelOf(changed.name), names.map(labelOf))
      : null;
  useEffect(() => {
    if (settled && words !== null && announced.current !== changed) {
      announced.current = changed;
      announce(words);
    }
  });
  return {
    remember: (name, after, shown) => {
      if (after[name] !== service[name]) {
        const own = allFields(shown).map((field) => [field.name, field.label] as const);
        const labels = new Map([...(changed?.labels ?? []), ...own]);
        setChanged({ ...nextChange(changed, { name, before: service, after }), labels });
      }
    },
    notice: changed && words !== null && (
      <Undo
        focused={false}
        onUndo={() => {
          setChanged(null);
          onChange(withChoiceRestored(changed, service));
          document.getElementById(fieldId(`${pointer}/${changed.name}`))?.focus();
        }}
        onClose={() => setChanged(null)}
      >
        {words}
      </Undo>
    ),
  };
}
