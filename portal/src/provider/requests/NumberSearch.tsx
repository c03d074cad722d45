import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "../../api/client";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { ErrorBanner } from "../../ui/ErrorSummary";
import { fieldErrors } from "../../ui/errors";
import { FormErrors, TextField } from "../../ui/fields";

const words = text.provider.numberSearch;

/** Opens the request with a precertification number; `onFind` reads it and opens its page. */
export function NumberSearch({ onFind }: { onFind: (number: string) => Promise<void> }) {
  const [number, setNumber] = useState("");
  const find = useMutation({ mutationFn: () => onFind(number) });
  const atField = find.error instanceof ApiError && find.error.errors.length > 0;
  return (
    <search aria-label={words.title}>
      <FormErrors value={fieldErrors(find.error)}>
        {!atField && <ErrorBanner error={find.error} />}
        <form
          className="number-search"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (!find.isPending) {
              find.mutate();
            }
          }}
        >
          <TextField
            pointer="/number"
            label={words.label}
            hint={words.hint}
            value={number}
            onChange={setNumber}
          />
          <Button type="submit" pending={find.isPending}>
            {words.open}
          </Button>
        </form>
      </FormErrors>
    </search>
  );
}
