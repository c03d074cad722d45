/** The areas of the portal, and which entitlement opens each. */
import type { Schemas } from "../api/client";
import { text } from "../text";

type Entitlement = Schemas["Entitlement"];

export interface Area {
  path: string;
  title: string;
  entitlement: Entitlement;
  /** Another area is below its path. */
  exact?: boolean;
  /** Shows the number of unread messages. */
  unread?: boolean;
}

export const AREAS: readonly Area[] = [
  { path: "/home", title: text.common.nav.home, entitlement: "PatientSearch" },
  { path: "/patients", title: text.common.nav.patients, entitlement: "PatientSearch" },
  { path: "/requests", title: text.common.nav.requests, entitlement: "PatientSearch" },
  {
    path: "/messages",
    title: text.common.nav.messages,
    entitlement: "PatientSearch",
    unread: true,
  },
  { path: "/review", title: text.common.nav.review, entitlement: "Reviewer" },
  { path: "/operations", title: text.common.nav.operations, entitlement: "Operator" },
  { path: "/intake", title: text.common.nav.intake, entitlement: "Intake", exact: true },
  { path: "/intake/requests", title: text.common.nav.registered, entitlement: "Intake" },
  { path: "/vendor", title: text.common.nav.vendor, entitlement: "Vendor" },
];

/** The areas that these entitlements open; the first one is where a person starts. */
export function areasOf(entitlements: readonly Entitlement[]): readonly Area[] {
  return AREAS.filter((area) => entitlements.includes(area.entitlement));
}
