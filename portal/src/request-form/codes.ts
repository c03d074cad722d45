/** Codes as people enter them: one by one, or pasted as a list. */
import { compactCode } from "./content";

export interface SplitCode {
  code: string;
  modifiers: string[];
}

export interface SplitCodes {
  codes: SplitCode[];
  /** What is no code: it is shown, so that nothing pasted disappears. */
  rest: string[];
}

const SEPARATORS = /[\s,;|/\\]+/;
const PROCEDURE = /^(\d{4}[0-9FTUM]|[A-V]\d{4}|\d{3,4})$/;
const DIAGNOSIS = /^[A-Z]\d[0-9A-Z]([0-9A-Z]{1,4})?$/;

/** Procedure codes of a text such as "44120-50, J1745" or a column of a spreadsheet, each once. */
export function splitProcedures(text: string): SplitCodes {
  const codes: SplitCode[] = [];
  const rest: string[] = [];
  for (const token of tokens(text)) {
    const [code = "", ...modifiers] = token.split("-").map(compactCode).filter(Boolean);
    const known = PROCEDURE.test(code) && modifiers.every((one) => /^[0-9A-Z]{2}$/.test(one));
    if (!known) {
      rest.push(token);
    } else if (!codes.some((one) => one.code === code && sameList(one.modifiers, modifiers))) {
      codes.push({ code, modifiers });
    }
  }
  return { codes, rest };
}

/** Diagnosis codes of a text such as "K55.0; E11.9", each once. */
export function splitDiagnoses(text: string): { codes: string[]; rest: string[] } {
  const codes = new Set<string>();
  const rest: string[] = [];
  for (const token of tokens(text)) {
    const code = compactCode(token);
    if (DIAGNOSIS.test(code)) {
      codes.add(code);
    } else {
      rest.push(token);
    }
  }
  return { codes: [...codes], rest };
}

function tokens(text: string): string[] {
  return text
    .split(SEPARATORS)
    .map((token) => token.replace(/^[^0-9A-Za-z]+|[^0-9A-Za-z]+$/g, ""))
    .filter(Boolean);
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
