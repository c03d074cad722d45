import type { UseMutationResult } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";
import { ApiError } from "../../../api/client";
import { text } from "../../../text";
import { Button, type Look } from "../../../ui/Button";
import { Dialog } from "../../../ui/Dialog";
import { ErrorBanner, ErrorSummary } from "../../../ui/ErrorSummary";
import { fieldErrors } from "../../../ui/errors";
import { FormErrors } from "../../../ui/fields";
import { named } from "../../../ui/named";

/** A dialog with one form: the API's errors are at its fields, and the button calls once at a time. */
export function FormDialog({
  title,
  confirm,
  look = "primary",
  mutation,
  onSubmit,
  onClose,
  names,
  children,
}: {
  title: string;
  confirm: string;
  look?: Look;
  mutation: Pick<
    UseMutationResult<unknown, unknown, never>,
    "error" | "isPending" | "submittedAt" | "reset"
  >;
  onSubmit: () => void;
  onClose: () => void;
  /** The names of the fields by pointer, for the summary of errors. */
  names: Readonly<Record<string, string>>;
  children: ReactNode;
}) {
  const form = useId();
  const { error, isPending } = mutation;
  const errors = error instanceof ApiError ? error.errors : [];
  const close = () => {
    mutation.reset();
    onClose();
  };
  return (
    <Dialog
      open
      wide
      title={title}
      onClose={close}
      actions={
        <>
          <Button onClick={close}>{text.common.cancel}</Button>
          <Button look={look} type="submit" form={form} pending={isPending}>
            {isPending ? text.office.details.sending : confirm}
          </Button>
        </>
      }
    >
      <FormErrors value={fieldErrors(error)}>
        {errors.length > 0 ? (
          <ErrorSummary
            errors={named(errors, (pointer) => names[pointer])}
            attempt={mutation.submittedAt}
          />
        ) : (
          <ErrorBanner error={error} />
        )}
        <form
          id={form}
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (!isPending) {
              onSubmit();
            }
          }}
        >
          {children}
        </form>
      </FormErrors>
    </Dialog>
  );
}
