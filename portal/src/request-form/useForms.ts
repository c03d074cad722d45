/** The form of each service, by the choices made in it. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { ApiError, api, unwrap } from "../api/client";
import type { Service } from "./content";
import { choicesOf, type FormField, type FormResponse, type Later, withoutRefused } from "./form";

const FRESH_MS = 10 * 60_000;

function formQuery(service: Service) {
  const choices = choicesOf(service);
  return {
    queryKey: ["form", choices],
    queryFn: () => formOf(choices),
    staleTime: FRESH_MS,
  } as const;
}

type Choices = ReturnType<typeof choicesOf>;

/** The form by the choices that fit each other: an earlier draft can have others. */
async function formOf(choices: Choices): Promise<FormResponse> {
  try {
    return await unwrap(api.GET("/v1/form", { params: { query: choices } }));
  } catch (error) {
    const refused = error instanceof ApiError ? error.errors.map(({ pointer }) => pointer) : [];
    const left = withoutRefused(choices, refused);
    if (Object.keys(left).length === Object.keys(choices).length) {
      throw error;
    }
    return formOf(left);
  }
}

export interface Forms {
  /** The form of each service; undefined while it loads. */
  forms: readonly (FormResponse | undefined)[];
  error: unknown;
  retry: () => void;
}

export function useForms(services: readonly Service[]): Forms {
  const queries = useQueries({ queries: services.map(formQuery) });
  const failed = queries.find((query) => query.isError && query.data === undefined);
  return {
    forms: queries.map((query) => query.data),
    error: failed?.error ?? null,
    retry: () => {
      for (const query of queries.filter((one) => one.isError)) {
        query.refetch();
      }
    },
  };
}

const NO_LATER: readonly Later[] = [];

/** Which choices wait for which, as the form without any choice names them. */
export function useDependencies(): readonly Later[] {
  const query = useQuery({
    queryKey: ["form", NOTHING_CHOSEN],
    queryFn: () => formOf(NOTHING_CHOSEN),
    staleTime: FRESH_MS,
  });
  return query.data?.later ?? NO_LATER;
}

const NO_FIELDS: readonly FormField[] = [];
const NOTHING_CHOSEN = {} as const;

/** The fields of the request besides those of its services: they do not depend on choices. */
export function useRequestFields(): readonly FormField[] {
  const query = useQuery({
    queryKey: ["form", NOTHING_CHOSEN],
    queryFn: () => formOf(NOTHING_CHOSEN),
    staleTime: FRESH_MS,
  });
  return query.data?.request_fields ?? NO_FIELDS;
}
