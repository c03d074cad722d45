import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { formatDays } from "../format/dates";
import { text } from "../text";
import { Banner, PayerContact } from "../ui/parts";

const words = text.details.approvedElsewhere;

/**
 * The other requests that approve the same services: a provider uses one of the approvals, and a person of the
 * payer asks which. The API names only those that the reader can read.
 */
export function ApprovedElsewhere({
  details,
  path,
  reader = "payer",
}: {
  details: { approved_also_in: readonly Schemas["ApprovedElsewhereResponse"][] };
  /** The page of a request, before its id. */
  path: string;
  reader?: "payer" | "provider";
}) {
  const entries = details.approved_also_in;
  if (entries.length === 0) {
    return null;
  }
  return (
    <Banner tone="warning" title={words.title}>
      <ul>
        {entries.map((one, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: requests that the reader cannot read have no id.
          <li key={index}>
            {words.line(one.line_id)}{" "}
            {one.request_id ? (
              <>
                <Link to={`${path}/${one.request_id}`}>{one.number}</Link>
                {words.otherLine(one.other_line_id ?? "")},{" "}
                {formatDays(one.first_day, one.last_day)}
              </>
            ) : (
              words.hidden[reader]
            )}
          </li>
        ))}
      </ul>
      <p>{words.next[reader]}</p>
      {reader === "provider" && <PayerContact />}
    </Banner>
  );
}
