/** A text field with suggestions from the API (a combobox); loaded with the screens that use it. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useContext, useEffect, useRef, useState } from "react";
import {
  ComboBox,
  ComboBoxStateContext,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Text,
} from "react-aria-components";
import { text } from "../text";
import { fieldId } from "./errors";
import { FieldErrorText, useFieldErrors } from "./fields";
import { useDebounced } from "./useDebounced";

export interface Suggestion {
  key: string;
  text: string;
  detail?: string;
}

export function TypeAhead<Item>({
  pointer,
  label,
  hint,
  value,
  onChange,
  load,
  queryKey,
  suggest,
  onSelect,
  minimum = 2,
  empty,
  optional = false,
  onEnter,
  onPaste,
}: {
  pointer: string;
  label: string;
  hint?: string;
  value: string;
  onChange: (value: string) => void;
  load: (typed: string, signal: AbortSignal) => Promise<readonly Item[]>;
  queryKey: readonly unknown[];
  suggest: (item: Item) => Suggestion;
  onSelect: (item: Item) => void;
  /** Characters to type before the first call. */
  minimum?: number;
  empty: string;
  optional?: boolean;
  /** Enter without a chosen suggestion: takes the text as it is. */
  onEnter?: (typed: string) => void;
  /** Pasted text; true if it was taken. */
  onPaste?: (pasted: string) => boolean;
}) {
  const typed = useDebounced(value.trim());
  const errors = useFieldErrors(pointer);
  const found = useQuery({
    queryKey: [...queryKey, typed],
    queryFn: ({ signal }) => load(typed, signal),
    enabled: typed.length >= minimum,
    placeholderData: (before) => before,
  });
  const items = typed.length >= minimum ? (found.data ?? []) : [];
  const rows = items.map((item) => ({ ...suggest(item), item }));
  // After a choice the text changes once more, which is no typing: the list stays closed.
  const [chosen, setChosen] = useState(false);
  const enough = !chosen && value.trim().length >= minimum;
  const [dialog, setDialog] = useState<HTMLDialogElement>();
  const pending = found.isPending || typed !== value.trim();
  return (
    <ComboBox
      className="field"
      inputValue={value}
      onInputChange={onChange}
      items={enough ? rows.map((row) => ({ id: row.key, ...row })) : []}
      allowsCustomValue
      // The list opens when something is typed, before its entries arrive.
      allowsEmptyCollection={enough}
      menuTrigger={minimum === 0 ? "focus" : "input"}
      isInvalid={errors.length > 0}
      // An error of the API does not keep the browser from submitting the form with the next entry.
      validationBehavior="aria"
      onSelectionChange={(key) => {
        const row = rows.find((one) => one.key === key);
        if (row) {
          setChosen(true);
          onSelect(row.item);
        }
      }}
    >
      <Label className="field-label">
        {label} {optional && <span className="field-optional">{text.common.optional}</span>}
      </Label>
      {hint && (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      )}
      <Input
        ref={(input) => setDialog(input?.closest("dialog") ?? undefined)}
        id={fieldId(pointer)}
        className="input"
        autoComplete="off"
        onInput={() => setChosen(false)}
        onBlur={() => setChosen(false)}
        onKeyDownCapture={(event) => {
          const chosen = event.currentTarget.getAttribute("aria-activedescendant");
          if (event.key === "Escape" && event.currentTarget.ariaExpanded === "true") {
            event.preventDefault(); // It closes the list, not the dialog that the field is in.
          }
          if (event.key === "Enter" && onEnter && !chosen && value.trim() !== "") {
            event.preventDefault();
            event.stopPropagation();
            onEnter(value);
          }
        }}
        onPaste={(event) => {
          if (onPaste?.(event.clipboardData.getData("text"))) {
            event.preventDefault();
          }
        }}
      />
      <FieldErrorText id={`${fieldId(pointer)}-error`} errors={errors} />
      <Suggestions dialog={dialog}>
        <ListBox
          className="suggestions"
          renderEmptyState={() => (
            <div className="suggestion">
              {pending ? text.common.loading : found.isError ? text.common.loadFailed : empty}
            </div>
          )}
        >
          {(row: Suggestion & { id: string }) => (
            <ListBoxItem id={row.id} textValue={row.text} className="suggestion">
              <Text slot="label">{row.text}</Text>
              {row.detail && (
                <Text slot="description" className="small">
                  {row.detail}
                </Text>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Suggestions>
    </ComboBox>
  );
}

/** Pixels: a list that is higher than the window has no place beside its field. */
const HIGHEST = 320;

/**
 * The list below the field. The page can scroll or its layout can change while somebody types, as when other
 * fields arrive: the list stays open and follows its field.
 */
function Suggestions({
  dialog,
  children,
}: {
  /** The dialog that the field is in: a modal dialog makes a list outside of it inert. */
  dialog: HTMLDialogElement | undefined;
  children: ReactNode;
}) {
  const state = useContext(ComboBoxStateContext);
  const open = state?.isOpen ?? false;
  const scrolling = useRef(false);
  // Before the list opens, so that it is called before the popover's own listener.
  useEffect(() => {
    const onScroll = (event: Event) => {
      if (isWithinList(event)) {
        return;
      }
      scrolling.current = true;
      requestAnimationFrame(() => {
        scrolling.current = false;
      });
    };
    window.addEventListener("scroll", onScroll, true);
    return () => window.removeEventListener("scroll", onScroll, true);
  }, []);
  useEffect(() => {
    if (!open) {
      return;
    }
    // React Aria positions an open list again when the window changes its size.
    const follow = () => window.dispatchEvent(new Event("resize"));
    const onScroll = (event: Event) => isWithinList(event) || follow();
    const layout = new ResizeObserver(follow);
    layout.observe(document.body);
    window.addEventListener("scroll", onScroll, true);
    return () => {
      layout.disconnect();
      window.removeEventListener("scroll", onScroll, true);
    };
  }, [open]);
  return (
    <Popover
      className="popover"
      maxHeight={HIGHEST}
      {...(dialog && { UNSTABLE_portalContainer: dialog })}
      isOpen={open}
      onOpenChange={(opens) => {
        // The popover closes itself at each scroll.
        if (!opens && !scrolling.current) {
          state?.close();
        }
      }}
    >
      {children}
    </Popover>
  );
}

function isWithinList({ target }: Event): boolean {
  return target instanceof Element && target.closest(".popover") !== null;
}
