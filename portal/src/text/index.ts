/**
 * The catalog: every text of the portal, by area. What the API words (labels, problem details, next steps)
 * is shown as it sends it and is not repeated here.
 */
import { common } from "./common";
import { details } from "./details";
import { intake } from "./intake";
import { operations } from "./operations";
import { provider } from "./provider";
import { requestForm } from "./requestForm";
import { review } from "./review";
import { vendor } from "./vendor";

export const text = {
  common,
  details,
  provider,
  requestForm,
  review,
  operations,
  intake,
  vendor,
} as const;
