/** What is known of codes: suggestions while one types, and the words of the codes of a request. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, type Schemas, unwrap } from "../api/client";
import { formatDay } from "../format/dates";
import { text } from "../text";
import type { Suggestion } from "../ui/TypeAhead";
import { compactCode, type Service } from "./content";

export type KnownCode = Schemas["KnownCodeResponse"];
type LookedUpCode = Schemas["LookedUpCodeResponse"];

const SUGGESTIONS = 10;

export async function searchDiagnoses(q: string, signal: AbortSignal): Promise<KnownCode[]> {
  const query = { q, limit: SUGGESTIONS };
  return (await unwrap(api.GET("/v1/codes/diagnoses", { params: { query }, signal }))).codes;
}

export async function searchProcedures(q: string, signal: AbortSignal): Promise<KnownCode[]> {
  const query = { q, limit: SUGGESTIONS };
  return (await unwrap(api.GET("/v1/codes/procedures", { params: { query }, signal }))).codes;
}

export function suggestCode(known: KnownCode): Suggestion {
  const details = [
    known.code_type_label,
    known.behavioral ? text.requestForm.behavioral : null,
    known.category ? text.requestForm.moreSpecific : null,
    known.valid_to ? text.requestForm.validUntil(formatDay(known.valid_to)) : null,
  ].filter(Boolean);
  return {
    key: `${known.code_type ?? ""} ${known.code}`,
    text: [known.code, known.label].filter(Boolean).join(" – "),
    ...(details.length > 0 ? { detail: details.join(" · ") } : {}),
  };
}

export interface CodeWords {
  diagnosis: (code: string) => LookedUpCode | undefined;
  procedure: (code: string) => LookedUpCode | undefined;
}

const NO_CODES = { diagnoses: [], procedures: [] } as const;

/** The words of all codes of the services, or why a code cannot be requested: one call per new code. */
export function useCodeWords(services: readonly Service[]): CodeWords {
  const diagnoses = distinct(
    services.flatMap((one) => [one.primary_diagnosis ?? "", ...one.additional_diagnoses]),
  );
  const procedures = distinct(services.flatMap((one) => one.procedures.map(({ code }) => code)));
  const body = { code_type: null, diagnoses, procedures, service_date: null };
  const query = useQuery({
    queryKey: ["codes", diagnoses, procedures],
    queryFn: () => unwrap(api.POST("/v1/codes/lookup", { body })),
    enabled: diagnoses.length + procedures.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
    retry: false,
  });
  const found = query.data ?? NO_CODES;
  return useMemo(() => {
    const byCode = (list: readonly LookedUpCode[]) =>
      new Map(list.map((one) => [compactCode(one.entered), one]));
    const known = { diagnoses: byCode(found.diagnoses), procedures: byCode(found.procedures) };
    return {
      diagnosis: (code) => known.diagnoses.get(compactCode(code)),
      procedure: (code) => known.procedures.get(compactCode(code)),
    };
  }, [found]);
}

/** Codes that are complete enough to look up, sorted, each once. */
function distinct(codes: readonly string[]): string[] {
  return [...new Set(codes.map(compactCode))].filter((code) => code.length >= 3).sort();
}
