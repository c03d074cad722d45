/** How each status of a request is shown: the only table of statuses in the portal. */
import type { Schemas } from "../api/client";

export const STATUSES: Record<Schemas["Status"], { tone: string; order: number }> = {
  INCOMPLETE: { tone: "draft", order: 0 },
  PROCESSING: { tone: "busy", order: 1 },
  PENDING: { tone: "busy", order: 2 },
  DENIED: { tone: "bad", order: 3 },
  PARTIALLY_APPROVED: { tone: "mixed", order: 4 },
  APPROVED: { tone: "good", order: 5 },
  VOID: { tone: "off", order: 6 },
};
