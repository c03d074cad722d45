/**
 * Signing in by authorization code with PKCE (RFC 7636). Tokens are held in memory only.
 *
 * A reload loses them, and the issuer's session cookie brings them back by a redirect. What people typed
 * is in the tab's session storage (see `ui/stored.ts`) and survives both.
 */
import { InMemoryWebStorage, type User, UserManager, WebStorageStateStore } from "oidc-client-ts";
import type { RuntimeConfig } from "../config";

export const CALLBACK = "/signed-in";
const SIGNED_IN = "precert.signed-in";

interface SignInState {
  returnTo: string;
}

export class Session {
  readonly #manager: UserManager;
  readonly #config: RuntimeConfig;
  #user: User | null = null;
  #ended = false;
  #left = false;
  #renewal: Promise<boolean> | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(config: RuntimeConfig) {
    this.#config = config;
    this.#manager = new UserManager({
      authority: config.authority,
      client_id: config.client_id,
      redirect_uri: window.location.origin + CALLBACK,
      post_logout_redirect_uri: `${window.location.origin}/`,
      response_type: "code",
      scope: config.scope,
      ...(config.metadata ? { metadata: config.metadata } : {}),
      userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
      // Only the PKCE verifier and the path to return to, until the callback.
      stateStore: new WebStorageStateStore({ store: window.sessionStorage }),
      loadUserInfo: false,
      monitorSession: false,
      automaticSilentRenew: true,
      accessTokenExpiringNotificationTimeInSeconds: 120,
    });
    this.#manager.events.addUserLoaded((user) => this.#set(user));
    this.#manager.events.addSilentRenewError(() => this.#expireIfPast());
    // After an hour of sleep mode the refresh token is still valid: no new sign-in is needed.
    this.#manager.events.addAccessTokenExpired(async () => {
      if (!(await this.renew())) {
        this.#expireIfPast();
      }
    });
  }

  /** Complete a sign-in if this is its callback. Returns the path to show. */
  async complete(url: URL): Promise<string | null> {
    if (url.pathname !== CALLBACK) {
      return null;
    }
    try {
      const user = await this.#manager.signinCallback(url.href);
      if (user) {
        this.#set(user);
        window.sessionStorage.setItem(SIGNED_IN, "1");
        return (user.state as SignInState | undefined)?.returnTo ?? "/";
      }
    } catch {
      // A callback that is opened twice, or canceled at the issuer: the person signs in again.
      window.sessionStorage.removeItem(SIGNED_IN);
    }
    return "/";
  }

  /** Whether this tab had a session: a reload then signs in again without a click. */
  get resumable(): boolean {
    return window.sessionStorage.getItem(SIGNED_IN) !== null;
  }

  async signIn(): Promise<void> {
    const returnTo = window.location.pathname + window.location.search;
    const state: SignInState = { returnTo: returnTo.startsWith(CALLBACK) ? "/" : returnTo };
    await this.#manager.signinRedirect({ state });
  }

  async signOut(): Promise<void> {
    this.#left = true;
    window.sessionStorage.clear();
    const { logout_uri, client_id } = this.#config;
    const home = `${window.location.origin}/`;
    await this.#manager.removeUser();
    this.#user = null;
    if (logout_uri) {
      const query = new URLSearchParams({ client_id, logout_uri: home });
      window.location.assign(`${logout_uri}?${query}`);
    } else {
      await this.#manager.signoutRedirect().catch(() => window.location.assign(home));
    }
  }

  /** Whether the user signed out: until the page is left, it calls and stores nothing. */
  get left(): boolean {
    return this.#left;
  }

  /** The token for the API; null without a session. */
  get token(): string | null {
    if (this.#user === null || this.#ended) {
      return null;
    }
    return this.#user.access_token;
  }

  get subject(): string | null {
    return this.#user?.profile.sub ?? null;
  }

  get username(): string {
    const profile = this.#user?.profile;
    const name = profile?.name ?? profile?.["cognito:username"] ?? profile?.preferred_username;
    return typeof name === "string" ? name : (profile?.sub ?? "");
  }

  get ended(): boolean {
    return this.#ended;
  }

  get signedIn(): boolean {
    return this.#user !== null;
  }

  /** Try once to get new tokens by the refresh token. False if the person has to sign in again. */
  renew(): Promise<boolean> {
    this.#renewal ??= (async () => {
      try {
        const user = this.#user?.refresh_token ? await this.#manager.signinSilent() : null;
        if (user) {
          this.#set(user);
        }
        return user !== null;
      } catch {
        return false;
      } finally {
        this.#renewal = null;
      }
    })();
    return this.#renewal;
  }

  /** The API refused the token, or it expired. */
  end(): void {
    if (!this.#ended && !this.#left) {
      this.#ended = true;
      this.#notify();
    }
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #expireIfPast(): void {
    if (this.#user?.expired) {
      this.end();
    }
  }

  #set(user: User): void {
    this.#user = user;
    this.#ended = false;
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

let current: Session | undefined;

export function startSession(config: RuntimeConfig): Session {
  current = new Session(config);
  return current;
}

export function session(): Session {
  if (current === undefined) {
    throw new Error("startSession() comes first");
  }
  return current;
}
