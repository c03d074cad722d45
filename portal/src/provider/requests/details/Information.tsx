import type { Schemas } from "../../../api/client";
import { formatMoment } from "../../../format/dates";
import { text } from "../../../text";
import { Button } from "../../../ui/Button";
import { Banner, Card, DueTime } from "../../../ui/parts";
import { furtherDocuments, openInformationRequest } from "./actions";

const words = text.provider.information;
type Asked = Schemas["InformationRequestResponse"];

export function InformationText({ asked }: { asked: Asked }) {
  const documents = furtherDocuments(asked);
  return (
    <>
      {asked.text && <p className="pre">{asked.text}</p>}
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
  const asked = openInformationRequest(details);
  if (asked === null) {
    return null;
  }
  return (
    <Banner tone="warning" title={words.open}>
      <InformationText asked={asked} />
      <p>
        {words.until} <DueTime at={asked.answer_by} />
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
export function ClosedInformation({ asked }: { asked: readonly Asked[] }) {
  const closed = asked.filter((one) => one.closed_at !== null);
  if (closed.length === 0) {
    return null;
  }
  return (
    <Card title={words.title}>
      <ul className="entries">
        {closed.map((one) => (
          <li key={one.requested_at} className="entry">
            <div className="small">{words.requested(formatMoment(one.requested_at))}</div>
            <InformationText asked={one} />
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
