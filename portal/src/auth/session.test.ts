import { beforeEach, describe, expect, it, vi } from "vitest";
import { startSession } from "./session";

type Handler = (value?: unknown) => unknown;

const issuer = vi.hoisted(() => ({
  handlers: new Map<string, Handler>(),
  signinSilent: vi.fn(),
}));

vi.mock("oidc-client-ts", () => ({
  InMemoryWebStorage: class {},
  WebStorageStateStore: class {},
  UserManager: class {
    signinSilent = issuer.signinSilent;
    events = {
      addUserLoaded: (handler: Handler) => issuer.handlers.set("loaded", handler),
      addSilentRenewError: (handler: Handler) => issuer.handlers.set("failed", handler),
      addAccessTokenExpired: (handler: Handler) => issuer.handlers.set("expired", handler),
    };
  },
}));

function event(name: string, value?: unknown): unknown {
  return issuer.handlers.get(name)?.(value);
}

function opened() {
  const session = startSession({ authority: "", client_id: "", scope: "" } as never);
  event("loaded", { access_token: "first", refresh_token: "refresh", expired: true });
  const seen: boolean[] = [];
  session.subscribe(() => seen.push(session.ended));
  return { session, seen };
}

describe("a session whose token expired", () => {
  beforeEach(() => {
    vi.stubGlobal("window", { location: { origin: "" }, sessionStorage: {} });
    issuer.signinSilent.mockReset();
  });

  it("goes on, and never shows that it ended, when the refresh token is valid", async () => {
    const { session, seen } = opened();
    issuer.signinSilent.mockResolvedValue({ access_token: "second" });
    await event("expired");
    expect(session.token).toBe("second");
    expect(seen).not.toContain(true);
  });

  it("ends when the refresh token is refused", async () => {
    const { session } = opened();
    issuer.signinSilent.mockRejectedValue(new Error("invalid_grant"));
    await event("expired");
    expect(session.ended).toBe(true);
    expect(session.token).toBeNull();
  });

  it("goes on when it was renewed while the refresh token was refused", async () => {
    const { session } = opened();
    issuer.signinSilent.mockImplementation(async () => {
      event("loaded", { access_token: "third", expired: false });
      throw new Error("invalid_grant");
    });
    await event("expired");
    expect(session.ended).toBe(false);
    expect(session.token).toBe("third");
  });
});
