import type { Schemas } from "../api/client";
import "../styles/review.css";

/** The codes of which a delegated vendor decides, each with the payer's text. */
export function DelegatedCodes({ row }: { row: Schemas["DelegationRowResponse"] }) {
  return (
    <ul className="plain">
      {row.codes.map((code, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two lines can have one code; the row's order is fixed.
        <li key={`${index} ${code}`}>
          {code} <span className="small">{row.codes_labels[index]}</span>
        </li>
      ))}
    </ul>
  );
}
