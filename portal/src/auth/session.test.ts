import { beforeEach, describe, expect, it, vi } from "vitest";
import { writeStored } from "../ui/stored";
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
    removeUser = async () => undefined;
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

function opened(logout_uri = "") {
  const session = startSession({ authority: "", client_id: "", scope: "", logout_uri } as never);
  event("loaded", {
    access_token: "first",
    refresh_token: "refresh",
    expired: true,
    profile: { sub: "user" },
  });
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

describe("a page whose user signed out", () => {
  it("stores and calls nothing, and shows no ended session, until it is left", async () => {
    const stored = new Map<string, string>();
    const assign = vi.fn();
    const call = vi.fn();
    vi.stubGlobal("window", {
      location: { origin: "http://localhost", assign },
      sessionStorage: {
        setItem: (key: string, value: string) => stored.set(key, value),
        clear: () => stored.clear(),
      },
    });
    vi.stubGlobal("fetch", call);
    const { api } = await import("../api/client");
    const { session } = opened("http://localhost/logout");
    writeStored("draft.1", "Adams");
    expect([...stored.values()]).toEqual(['"Adams"']);
    await session.signOut();
    writeStored("draft.1", "Adams");
    void api.GET("/v1/me");
    await Promise.resolve();
    session.end();
    expect(stored.size).toBe(0);
    expect(call).not.toHaveBeenCalled();
    expect(session.ended).toBe(false);
    expect(assign).toHaveBeenCalledOnce();
  });
});
