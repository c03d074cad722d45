import { expect, test, vi } from "vitest";
import { ApiError, NetworkError } from "./client";
import { isTransient, livePolling } from "./queries";

vi.hoisted(() => {
  Object.assign(globalThis, { window: { location: { origin: "https://portal.example" } } });
});
vi.mock("../auth/session", () => ({ session: () => ({}) }));

const damaged = new ApiError(500, { code: "record_damaged" } as ApiError["problem"], "R1");

test("a damaged record is not read again and again, and other failures are", () => {
  expect(isTransient(damaged)).toBe(false);
  expect(isTransient(new ApiError(500, null, "R1"))).toBe(true);
  expect(isTransient(new ApiError(404, null, "R1"))).toBe(false);
});

test("what was refused is not polled, and what was read once is", () => {
  const after = livePolling();
  expect(after({ state: { data: undefined, error: damaged } })).toBe(false);
  expect(after({ state: { data: undefined, error: new ApiError(404, null, "R1") } })).toBe(false);
  expect(after({ state: { data: undefined, error: new ApiError(503, null, "R1") } })).toBe(2000);
  expect(after({ state: { data: undefined, error: null } })).toBe(2000);
  expect(after({ state: { data: {}, error: damaged } })).toBe(2000);
  expect(isTransient(new NetworkError())).toBe(true);
});
