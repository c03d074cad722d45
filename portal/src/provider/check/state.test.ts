import { beforeEach, describe, expect, test, vi } from "vitest";
import { emptyContent, emptyService, type Patient } from "../../request-form/content";
import { readStored, writeStored } from "../../ui/stored";
import { hasUnfinished } from "../../ui/unfinished";
import {
  beginCheck,
  CHECK,
  type CheckState,
  newCheck,
  startedOver,
  storeCopy,
  undone,
} from "./state";

vi.mock("../../auth/session", () => ({ session: () => ({ subject: "user", left: false }) }));

const ALLISON = patient("U1", "Allison");
const CHIDI = patient("U2", "Chidi");

function patient(member_id: string, first_name: string): Patient {
  return { member_id, first_name, last_name: "Adams", date_of_birth: "1986-01-01" };
}

function entered(patient: Patient, diagnosis: string): CheckState {
  const services = [{ ...emptyService(), primary_diagnosis: diagnosis }];
  return { ...newCheck(patient), content: { ...emptyContent(patient), services } };
}

function diagnosisOf(state: CheckState | null): string | null | undefined {
  return state?.content.services[0]?.primary_diagnosis;
}

function open(): CheckState | null {
  return readStored<CheckState>(CHECK);
}

beforeEach(() => {
  const stored = new Map<string, string>();
  vi.stubGlobal("window", {
    sessionStorage: {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
      removeItem: (key: string) => stored.delete(key),
    },
  });
});

describe("a check that is started over", () => {
  test("has no entries, and all of them again when it is undone", () => {
    const before = entered(ALLISON, "K55");
    const after = startedOver(before);
    expect(after.content).toEqual(emptyContent(ALLISON));
    expect(undone(after)).toEqual(before);
  });

  test("has nothing to restore when a request was started from it", () => {
    expect(startedOver({ ...entered(ALLISON, "K55"), draftId: "d1" }).replaced).toBeNull();
  });

  test("keeps what was entered since, when it is undone", () => {
    const since = {
      ...startedOver(entered(ALLISON, "K55")),
      content: entered(ALLISON, "K50").content,
    };
    const restored = undone(since);
    expect(diagnosisOf(restored)).toBe("K55");
    expect(diagnosisOf(undone(restored))).toBe("K50");
  });
});

describe("an unfinished check", () => {
  test("is continued when a check is begun for the same patient", () => {
    writeStored(CHECK, entered(ALLISON, "K55"));
    beginCheck(ALLISON);
    expect(diagnosisOf(open())).toBe("K55");
    expect(open()?.continued).toBe(true);
  });

  test("is continued later when a check is begun for another patient meanwhile", () => {
    writeStored(CHECK, entered(ALLISON, "K55"));
    beginCheck(CHIDI);
    expect(open()?.content).toEqual(emptyContent(CHIDI));
    expect(hasUnfinished()).toBe(true);
    beginCheck(ALLISON);
    expect(diagnosisOf(open())).toBe("K55");
    expect(hasUnfinished()).toBe(false);
  });

  test("is not continued when a request was started from it", () => {
    writeStored(CHECK, { ...entered(ALLISON, "K55"), draftId: "d1" });
    beginCheck(ALLISON);
    expect(open()?.content).toEqual(emptyContent(ALLISON));
  });

  test("can be restored when a copy for the same patient replaces it", () => {
    writeStored(CHECK, entered(ALLISON, "K55"));
    storeCopy(entered(ALLISON, "K50").content, ALLISON, "PC1");
    const copied = open() as CheckState;
    expect(diagnosisOf(copied)).toBe("K50");
    expect(copied.replaced?.by).toBe("copy");
    expect(diagnosisOf(undone(copied))).toBe("K55");
  });
});
