import type { Schemas } from "../../../api/client";
import { formatMoment } from "../../../format/dates";
import { text } from "../../../text";
import { Button } from "../../../ui/Button";
import { Banner, Card, DueTime } from "../../../ui/parts";
import { furtherDocuments, openInformationRequest } from "./actions";

const words = text.provider.information;
type InformationRequest = Schemas["InformationRequestResponse"];

export function InformationText({ rfi }: { rfi: InformationRequest }) {
  const documents = furtherDocuments(rfi);
  return (
    <>
      {rfi.text && <p className="pre">{rfi.text}</p>}
      {documents.length > 0 && (
        <>
          <p>{words.documents}</p>
          <ul>
            {documents.map((one) => (
              <li key={one.code}>{one.label}</li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

/** The open request for information, with the ways to answer it. */
export function OpenInformation({
  details,
  onAnswer,
}: {
  details: Pick<Schemas["RequestDetails"], "information_requests">;
  onAnswer: (() => void) | null;
}) {
  const rfi = openInformationRequest(details);
  if (rfi === null) {
    return null;
  }
  return (
    <Banner tone="warning" title={words.open}>
      <InformationText rfi={rfi} />
      <p>
        {words.until} <DueTime at={rfi.answer_by} />
      </p>
      {onAnswer && (
        <div className="form-actions">
          <Button look="primary" onClick={onAnswer}>
            {words.answer}
          </Button>
          <a className="button button-secondary" href="#documents">
            {words.addDocuments}
          </a>
        </div>
      )}
    </Banner>
  );
}

/** The requests for information that are closed, with their answers. */
export function ClosedInformation({ rfi }: { rfi: readonly InformationRequest[] }) {
  const closed = rfi.filter((one) => one.closed_at !== null);
  if (closed.length === 0) {
    return null;
  }
  return (
    <Card title={words.title}>
      <ul className="entries">
        {closed.map((one) => (
          <li key={one.requested_at} className="entry">
            <div className="small">{words.requested(formatMoment(one.requested_at))}</div>
            <InformationText rfi={one} />
            <p>
              <strong>
                {one.answered
                  ? words.answered(formatMoment(one.closed_at))
                  : words.unanswered(formatMoment(one.closed_at))}
              </strong>
            </p>
            {one.answer && <p className="pre">{one.answer}</p>}
          </li>
        ))}
      </ul>
    </Card>
  );
}
