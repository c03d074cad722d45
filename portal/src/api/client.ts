/** Typed calls of the API. The types come from docs/openapi.json: a changed operation breaks the build. */
import createClient from "openapi-fetch";
import { session } from "../auth/session";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type ErrorItem = Schemas["ErrorItem"];

const TIMEOUT_MS = 30_000;

/** The API refused a call, or failed. `problem` is its answer (RFC 9457), where it sent one. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
    readonly requestId: string | null,
    /** Seconds to wait before the next try, where the API states it. */
    readonly retryAfter: number | null = null,
  ) {
    super(problem?.detail ?? `HTTP ${status}`);
    this.name = "ApiError";
  }

  get code(): Problem["code"] | null {
    return this.problem?.code ?? null;
  }

  get errors(): readonly ErrorItem[] {
    return this.problem?.errors ?? [];
  }

  /** Whether the same call can succeed later; not before a damaged record is repaired. */
  get transient(): boolean {
    return this.code !== "record_damaged" && (this.status === 429 || this.status >= 500);
  }
}

/** No answer came: offline, or the network is slow. What was called may have happened or not. */
export class NetworkError extends Error {
  constructor() {
    super("network");
    this.name = "NetworkError";
  }
}

async function send(request: Request): Promise<Response> {
  if (session().left) {
    return new Promise(() => {}); // The page is left in a moment.
  }
  const copy = request.clone();
  const first = await sendOnce(request);
  if (first.status !== 401) {
    return first;
  }
  if (await session().renew()) {
    return sendOnce(copy);
  }
  session().end();
  return first;
}

const RECENT = 3;
let recentIds: readonly string[] = [];

/** The ids of the calls that were answered last: support finds with them what a failed page had read. */
export function recentRequestIds(): readonly string[] {
  return recentIds;
}

function idOf({ headers }: Response): string | null {
  return headers.get("X-Request-Id") ?? headers.get("apigw-requestid");
}

async function sendOnce(request: Request): Promise<Response> {
  const token = session().token;
  if (token !== null) {
    request.headers.set("Authorization", `Bearer ${token}`);
  }
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(request, { signal: AbortSignal.any([request.signal, timeout]) });
    const id = idOf(response);
    recentIds = id === null ? recentIds : [id, ...recentIds].slice(0, RECENT);
    return response;
  } catch (error) {
    if (request.signal.aborted) {
      throw error;
    }
    throw new NetworkError();
  }
}

export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: send });

interface Versioned {
  request_id: string;
  version: number;
}

/**
 * Parameters of an action on a request as it was read. The API refuses it with 412 if the request has
 * changed since, so that a call that arrives late or twice never changes a later state.
 */
export function onVersion({ request_id, version }: Versioned) {
  return { path: { request_id }, header: { "If-Match": `"${version}"` } };
}

interface Outcome<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

export interface Answer<Data> {
  data: Data;
  etag: string | null;
  response: Response;
}

/** The data of an answer with its ETag; throws `ApiError` for every other answer. */
export async function answer<Data>(call: Promise<Outcome<Data>>): Promise<Answer<Data>> {
  const { data, error, response } = await call;
  if (!response.ok) {
    throw toError(response, error);
  }
  return { data: data as Data, etag: response.headers.get("ETag"), response };
}

/** The data of an answer; throws `ApiError` for every other answer. */
export async function unwrap<Data>(call: Promise<Outcome<Data>>): Promise<Data> {
  return (await answer(call)).data;
}

function toError(response: Response, body: unknown): ApiError {
  const problem = isProblem(body) ? body : null;
  const wait = Number(response.headers.get("Retry-After"));
  return new ApiError(
    response.status,
    problem,
    idOf(response),
    Number.isFinite(wait) && wait > 0 ? wait : null,
  );
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "detail" in body;
}
