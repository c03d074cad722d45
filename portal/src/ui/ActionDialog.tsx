import { type QueryKey, useIsMutating, useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { ApiError } from "../api/client";
import { applyAnswer } from "../api/latest";
import { text } from "../text";
import { announce } from "./announce";
import { Button, type Look } from "./Button";
import { Changes, useSentHistory } from "./Changes";
import type { HistoryEvent } from "./changes";
import { Dialog } from "./Dialog";
import { ErrorBanner, ErrorSummary } from "./ErrorSummary";
import { byPointer, isOutdated } from "./errors";
import { FormErrors } from "./fields";
import { named } from "./named";

/**
 * A form with one call: the API's errors at their fields, one call however often the button is pressed.
 *
 * `refresh` are the query keys that the call makes outdated, also where it failed: its answer can be lost.
 * `record` is the key of the record that the call changes and answers: one call at a time changes it.
 * `inline` makes it a part of the page, where the rest of the page is needed to fill it in.
 */
export function ActionDialog<Result>({
  title,
  refresh,
  record,
  onClose,
  send,
  done,
  children,
  action,
  look = "primary",
  wide = false,
  inline = false,
  names = NO_NAMES,
  history = [],
}: {
  title: string;
  refresh: readonly QueryKey[];
  record?: QueryKey;
  onClose: () => void;
  /** Makes the call. `refusal` is the error of the call before, which the person has read. */
  send: (refusal: unknown) => Promise<Result>;
  /** Announced after the call. */
  done: string | ((result: Result) => string);
  /** The fields; they can depend on the error of the last call. */
  children: ReactNode | ((refusal: unknown) => ReactNode);
  action: string;
  look?: Look;
  wide?: boolean;
  inline?: boolean;
  /** The name of the field of a pointer, for the summary of errors. */
  names?: (pointer: string) => string | undefined;
  /** The request's history: shows what changed where the call was based on an earlier version. */
  history?: readonly HistoryEvent[];
}) {
  const client = useQueryClient();
  const formId = useId();
  const { sent, remember } = useSentHistory(history);
  const [attempt, setAttempt] = useState(0);
  const busy = useIsMutating({ mutationKey: record ?? [formId] }) > 0;
  const call = useMutation({
    mutationKey: record ?? [formId],
    onMutate: remember,
    mutationFn: send,
    onSuccess: async (result) => {
      if (record !== undefined) {
        await applyAnswer(client, record, result);
      }
      announce(typeof done === "string" ? done : done(result));
      onClose();
    },
    onError: () => setAttempt((before) => before + 1),
    onSettled: () => Promise.all(refresh.map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  const errors = call.error instanceof ApiError ? call.error.errors : [];
  const buttons = (
    <>
      <Button onClick={onClose}>{text.common.cancel}</Button>
      <Button look={look} type="submit" form={formId} pending={busy}>
        {action}
      </Button>
    </>
  );
  const form = (
    <FormErrors value={byPointer(errors)}>
      <ErrorSummary errors={named(errors, names)} attempt={attempt} />
      {errors.length === 0 && !isOutdated(call.error) && <ErrorBanner error={call.error} />}
      <Changes error={call.error} sent={sent} history={history} />
      <form
        id={formId}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) {
            call.mutate(call.error);
          }
        }}
      >
        {typeof children === "function" ? children(call.error) : children}
      </form>
    </FormErrors>
  );
  if (inline) {
    return (
      <Inline title={title}>
        {form}
        <div className="form-actions">{buttons}</div>
      </Inline>
    );
  }
  return (
    <Dialog open wide={wide} title={title} onClose={onClose} actions={buttons}>
      {form}
    </Dialog>
  );
}

const NO_NAMES = () => undefined;

/** A part of the page that takes the focus when it opens, as a dialog does. */
function Inline({ title, children }: { title: string; children: ReactNode }) {
  const part = useRef<HTMLElement>(null);
  const id = useId();
  useEffect(() => part.current?.focus(), []);
  return (
    <section ref={part} className="card" tabIndex={-1} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}
