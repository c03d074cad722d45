/** One request: what it is, whose turn it is, what was decided, and everything that can be done about it. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { api, type Schemas, unwrap } from "../../../api/client";
import { livePolling } from "../../../api/queries";
import { ApprovedElsewhere } from "../../../details/ApprovedElsewhere";
import { formatDay, formatMoment } from "../../../format/dates";
import { formatReference } from "../../../format/identifiers";
import { text } from "../../../text";
import { announce } from "../../../ui/announce";
import { Button, LinkButton } from "../../../ui/Button";
import { ErrorBanner } from "../../../ui/ErrorSummary";
import {
  Banner,
  Card,
  CopyButton,
  Damaged,
  Page,
  StatusBadge,
  WithPhones,
} from "../../../ui/parts";
import { RecordPage } from "../../../ui/RecordPage";
import { Region } from "../../../ui/Region";
import "../../../styles/provider.css";
import { DeleteDraft } from "../DeleteDraft";
import { useFlag, useFlagged } from "../flags";
import { AnswerDialog } from "./AnswerDialog";
import { type DialogAction, dialogOf, isOffered, labelOf } from "./actions";
import { detailChanges, furtherNotices } from "./changes";
import { DisputeDialog } from "./DisputeDialog";
import { DisputeOptions, FiledDisputes } from "./Disputes";
import { DocumentsCard } from "./Documents";
import { ClosedInformation, OpenInformation } from "./Information";
import { Lines } from "./Lines";
import { lineViews } from "./lines";
import { Notices } from "./Notices";
import { Providers, Services } from "./Parties";
import { Timeline } from "./Timeline";
import { Turn } from "./Turn";
import { Vendors } from "./Vendors";
import { VoidDialog } from "./VoidDialog";

const words = text.provider.details;

export function Details() {
  const { requestId = "" } = useParams();
  const [interval] = useState(livePolling);
  const query = useQuery({
    queryKey: ["request", requestId],
    queryFn: () =>
      unwrap(api.GET("/v1/requests/{request_id}", { params: { path: { request_id: requestId } } })),
    refetchInterval: interval,
  });
  return (
    <RecordPage
      query={query}
      title={words.title}
      back={{ to: "/requests", title: words.toDashboard }}
    >
      {(details) => <Request key={requestId} details={details} />}
    </RecordPage>
  );
}

function useAnnouncedChanges(details: Schemas["RequestDetails"]): void {
  const before = useRef(details);
  useEffect(() => {
    const changes = detailChanges(before.current, details);
    before.current = details;
    if (changes.length > 0) {
      announce(changes.join(" "));
    }
  }, [details]);
}

function Request({ details }: { details: Schemas["RequestDetails"] }) {
  useAnnouncedChanges(details);
  const [search, setSearch] = useSearchParams();
  const requested = dialogOf(search.get("do"));
  const open = (dialog: DialogAction | null) =>
    setSearch(dialog === null ? {} : { do: dialog.toLowerCase() }, { replace: true });
  const close = () => open(null);
  const dialog = requested !== null && isOffered(details, requested) ? requested : null;
  // "Modify" of the dashboard: documents can be added, and nothing is requested.
  const addsDocuments =
    requested === "ANSWER" && dialog === null && details.allowed_actions.includes("MODIFY");
  useEffect(() => {
    if (addsDocuments) {
      document.getElementById("documents")?.scrollIntoView();
      document.getElementById("documents")?.focus();
    }
  }, [addsDocuments]);
  const { content, content_labels, lines } = details;
  const views = useMemo(
    () => lineViews(lines, content, content_labels),
    [lines, content, content_labels],
  );
  const { patient } = content;
  const notices = furtherNotices(details);
  const name = details.number ?? words.draft;
  return (
    <Page
      wide
      title={words.titleOf(name)}
      lead={
        <>
          <StatusBadge status={details.status} label={details.status_label} />{" "}
          {details.number && <CopyButton value={details.number} label={text.common.number} />}
          {patient && (
            <div>
              <strong>
                {patient.first_name} {patient.last_name}
              </strong>{" "}
              · {text.provider.patient.born(formatDay(patient.date_of_birth))} ·{" "}
              {text.provider.patient.memberId(patient.member_id)}
            </div>
          )}
          {details.submitted_at && (
            <div className="small">
              {[
                words.submitted(formatMoment(details.submitted_at)),
                details.channel_label && words.receivedBy(details.channel_label),
                details.reference &&
                  words.reference(formatReference(details.reference, details.channel)),
              ]
                .filter(Boolean)
                .join(" · ")}
            </div>
          )}
        </>
      }
      actions={<Actions details={details} name={name} onVoid={() => open("VOID")} />}
    >
      <Damaged entries={details.damaged} />
      {requested !== null && dialog === null && !addsDocuments && (
        <Banner tone="warning" live>
          <p>{words.noLongerOpen}</p>
        </Banner>
      )}
      <Turn details={details} />
      <ApprovedElsewhere details={details} path="/requests" reader="provider" />
      <OpenInformation
        details={details}
        onAnswer={isOffered(details, "ANSWER") ? () => open("ANSWER") : null}
      />
      <Region>
        <Lines views={views} isVoid={details.status === "VOID"} />
      </Region>
      {notices.length > 0 && (
        <Banner>
          {notices.map((notice) => (
            <p key={notice}>
              <WithPhones>{notice}</WithPhones>
            </p>
          ))}
        </Banner>
      )}
      <div className="details">
        <div>
          <Region>
            <DisputeOptions details={details} onOpen={open} />
            <FiledDisputes details={details} />
          </Region>
          <Region>
            <DocumentsCard details={details} />
          </Region>
          <Region>
            <Notices details={details} />
            <ClosedInformation rfi={details.information_requests} />
            <Vendors details={details} />
            <Duplicates similar={details.potential_duplicates} />
          </Region>
        </div>
        <div>
          <Region>
            <Timeline details={details} />
          </Region>
          <Region>
            <Providers
              content={content}
              labels={content_labels}
              temporary={details.temporary_providers}
            />
            <Services content={content} labels={content_labels} plan={details.plan} />
          </Region>
        </div>
      </div>
      {dialog === "VOID" && <VoidDialog details={details} onClose={close} />}
      {dialog === "ANSWER" && <AnswerDialog details={details} onClose={close} />}
      {(dialog === "APPEAL" || dialog === "RECONSIDER" || dialog === "REQUEST_PEER_TO_PEER") && (
        <DisputeDialog
          key={dialog}
          details={details}
          views={views}
          action={dialog}
          onClose={close}
        />
      )}
    </Page>
  );
}

function Actions({
  details,
  name,
  onVoid,
}: {
  details: Schemas["RequestDetails"];
  name: string;
  onVoid: () => void;
}) {
  const id = details.request_id;
  const flagged = useFlagged();
  const flag = useFlag();
  const isFlagged = flagged.data?.requests.some((row) => row.request_id === id && row.flagged_at);
  const resume = labelOf(details, "RESUME");
  const voiding = labelOf(details, "VOID");
  const deletion = labelOf(details, "DELETE");
  const [deleting, setDeleting] = useState(false);
  const navigate = useNavigate();
  const { patient } = details.content;
  return (
    <>
      {resume && (
        <LinkButton to={`/drafts/${id}`} look="primary">
          {resume}
        </LinkButton>
      )}
      {flagged.data && (
        <Button
          aria-pressed={Boolean(isFlagged)}
          aria-label={text.provider.flag.label(name)}
          pending={flag.isPending}
          onClick={() => flag.mutate({ id, flagged: !isFlagged })}
        >
          <span aria-hidden="true">{isFlagged ? "★" : "☆"}</span>
          {text.provider.table.flag}
        </Button>
      )}
      {details.status !== "INCOMPLETE" && (
        <details className="menu">
          <summary className="button button-secondary">{words.newFromThis}</summary>
          <div className="menu-items">
            <Link to={`/drafts/new?from=${id}&keep=patient`}>{words.samePatient}</Link>
            <Link to={`/drafts/new?from=${id}&keep=services`}>{words.sameServices}</Link>
          </div>
        </details>
      )}
      {voiding && (
        <Button look="danger" onClick={onVoid}>
          {voiding}
        </Button>
      )}
      {deletion && (
        <Button look="danger" onClick={() => setDeleting(true)}>
          {deletion}
        </Button>
      )}
      <DeleteDraft
        draftId={deleting ? id : null}
        name={patient ? `${patient.first_name} ${patient.last_name}` : ""}
        onClose={() => setDeleting(false)}
        onDeleted={() => navigate("/requests")}
      />
      <ErrorBanner error={flag.error} />
    </>
  );
}

function Duplicates({ similar }: { similar: Schemas["RequestDetails"]["potential_duplicates"] }) {
  if (similar.length === 0) {
    return null;
  }
  return (
    <Card title={words.duplicates}>
      <p>{words.duplicatesText}</p>
      <ul>
        {similar.map((one) => (
          <li key={`${one.request_id} ${one.reason_code}`}>
            {one.request_id ? (
              <Link to={`/requests/${one.request_id}`}>{one.number ?? one.request_id}</Link>
            ) : (
              words.otherProviders
            )}{" "}
            – {one.reason_code_label}
          </li>
        ))}
      </ul>
    </Card>
  );
}
