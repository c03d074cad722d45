import type { Schemas } from "../api/client";

export type Details = Schemas["OperatorDetails"];

/** The key of a request in the query cache. */
export const recordOf = (requestId: string) => ["operations", "request", requestId] as const;
