/** The service lines of a case with their decisions. */
import type { Schemas } from "../api/client";
import { coded } from "../details/RequestContent";
import { formatDays } from "../format/dates";
import { text } from "../text";
import { Facts, Tag } from "../ui/parts";
import type { CaseDetails } from "./Case";

const words = text.review;

export function DecidedLines({ details }: { details: CaseDetails }) {
  return (
    <ul className="plain">
      {details.lines.map((line) => (
        <li key={line.line_id}>
          <LineTitle line={line} />{" "}
          <Tag tone={line.status === "APPROVED" ? "good" : "off"}>{line.status_label}</Tag>
          {line.decisions.map((decision) => (
            <DecisionFacts key={decision.decided_at} decision={decision} />
          ))}
        </li>
      ))}
    </ul>
  );
}

export function LineTitle({ line }: { line: Schemas["ServiceLineResponse"] }) {
  return (
    <strong>
      {line.line_id}{" "}
      {coded([line.code_type_label, line.code].filter(Boolean).join(" "), line.code_label)}
    </strong>
  );
}

export function DecisionFacts({ decision }: { decision: Schemas["DecisionResponse"] }) {
  const { approved } = decision;
  return (
    <Facts
      items={[
        [words.status, decision.status_label],
        [words.reason, coded(decision.reason_code, decision.reason_code_label)],
        [words.rationale, decision.rationale],
        [words.criterion, decision.criterion],
        [
          words.units,
          approved?.units ? `${approved.units} ${approved.unit_type_label ?? ""}` : null,
        ],
        [words.dates, approved && formatDays(approved.from_date, approved.to_date)],
        [words.otherDiagnosis, coded(decision.diagnosis, decision.diagnosis_label)],
      ]}
    />
  );
}
