/** The configuration of the stage, loaded from `/config.json`: the bundle is the same for every stage. */

export interface SampleUser {
  username: string;
  password?: string;
  description: string;
}

export interface RuntimeConfig {
  /** The OpenID Connect issuer. */
  authority: string;
  client_id: string;
  scope: string;
  /** Endpoints, where the issuer's discovery document cannot be used. */
  metadata?: Record<string, string>;
  /** The sign-out endpoint of issuers without an `end_session_endpoint` (Amazon Cognito). */
  logout_uri?: string;
  stage: string;
  payer: {
    name: string;
    phone: string | null;
    /** An IANA time zone: all instants are shown in it. */
    time_zone: string;
    logo: string | null;
    colors?: { primary?: string; primary_dark?: string };
  };
  /** Users of the local cloud. Other stages have none. */
  sample_users?: SampleUser[];
}

let current: RuntimeConfig | undefined;

export async function loadConfig(): Promise<RuntimeConfig> {
  const response = await fetch("/config.json", { cache: "no-cache" });
  if (!response.ok) {
    throw new Error(`/config.json: HTTP ${response.status}`);
  }
  current = (await response.json()) as RuntimeConfig;
  return current;
}

export function config(): RuntimeConfig {
  if (current === undefined) {
    throw new Error("loadConfig() comes first");
  }
  return current;
}

/** For unit tests. */
export function setConfig(value: RuntimeConfig): void {
  current = value;
}
