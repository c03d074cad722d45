/** A patient's coverage in sentences, from the fields of the API. */
import type { Schemas } from "../../api/client";
import { formatDay } from "../../format/dates";
import { text } from "../../text";

type Coverage = Pick<
  Schemas["PatientResponse"],
  "active" | "active_from" | "active_to" | "plan" | "referral_needed"
>;

const words = text.provider.coverage;

/** `today` is the payer's day, as "2026-12-01". */
export function coverageSentences(coverage: Coverage, today: string): readonly string[] {
  const { active, active_from, active_to, plan, referral_needed } = coverage;
  if (!active) {
    return [
      active_from > today
        ? words.begins(formatDay(active_from))
        : words.ended(formatDay(active_to ?? active_from)),
    ];
  }
  const period = active_to
    ? words.fromTo(formatDay(active_from), formatDay(active_to))
    : words.since(formatDay(active_from));
  const covered = plan
    ? words.covered(
        plan.name,
        [plan.plan_type_label ?? plan.plan_type, plan.line_of_business_label]
          .filter(Boolean)
          .join(", "),
        period,
      )
    : words.coveredWithoutPlan(period);
  const referral =
    referral_needed === null ? [] : [referral_needed ? words.referral : words.noReferral];
  return [covered, ...referral];
}
