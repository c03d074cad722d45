import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ApiError } from "../api/client";
import { text } from "../text";
import { announce } from "./announce";
import { Button, type Look } from "./Button";
import { Dialog } from "./Dialog";
import { ErrorBanner, ErrorSummary } from "./ErrorSummary";
import { byPointer } from "./errors";
import { FormErrors } from "./fields";

/**
 * A dialog around one call: the API's errors at their fields, one call however often the button is pressed.
 *
 * `refresh` are the query keys that the call makes outdated, also where it failed: its answer can be lost.
 */
export function ActionDialog({
  title,
  refresh,
  onClose,
  send,
  done,
  children,
  action,
  look = "primary",
  wide = false,
}: {
  title: string;
  refresh: readonly (readonly unknown[])[];
  onClose: () => void;
  send: () => Promise<unknown>;
  /** Announced after the call. */
  done: string;
  children: ReactNode;
  action: string;
  look?: Look;
  wide?: boolean;
}) {
  const client = useQueryClient();
  const [attempt, setAttempt] = useState(0);
  const call = useMutation({
    mutationFn: send,
    onSuccess: () => {
      announce(done);
      onClose();
    },
    onError: () => setAttempt((before) => before + 1),
    onSettled: () => Promise.all(refresh.map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  const errors = call.error instanceof ApiError ? call.error.errors : [];
  return (
    <Dialog
      open
      wide={wide}
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button look={look} pending={call.isPending} onClick={() => call.mutate()}>
            {action}
          </Button>
        </>
      }
    >
      <FormErrors value={byPointer(errors)}>
        <ErrorSummary errors={errors} attempt={attempt} />
        {errors.length === 0 && <ErrorBanner error={call.error} />}
        {children}
      </FormErrors>
    </Dialog>
  );
}
