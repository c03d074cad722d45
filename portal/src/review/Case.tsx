import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { useParams } from "react-router";
import { api, onVersion, type Schemas, unwrap } from "../api/client";
import { livePolling } from "../api/queries";
import { ApprovedElsewhere } from "../details/ApprovedElsewhere";
import { text } from "../text";
import { announce } from "../ui/announce";
import { Button, LinkButton } from "../ui/Button";
import { ErrorBanner } from "../ui/ErrorSummary";
import { Damaged, DueTime, Page, StatusBadge, Tag } from "../ui/parts";
import { RecordPage } from "../ui/RecordPage";
import { Region } from "../ui/Region";
import { useStored } from "../ui/stored";
import { CaseActions } from "./CaseActions";
import { CaseAssignment } from "./CaseAssignment";
import { CaseContext, CaseSummary } from "./CaseSummary";
import { DecisionPanel } from "./DecisionPanel";
import { DocumentPane } from "./DocumentPane";
import { caseKey, useCaseCall } from "./useCaseCall";
import "../styles/provider.css";
import "../styles/review.css";

const words = text.review;

export type CaseDetails = Schemas["CaseDetails"];

/** One case on one screen: the request at the left, its documents at the right, the decision below. */
export function Case() {
  const { requestId = "" } = useParams();
  const [interval] = useState(livePolling);
  const found = useQuery({
    queryKey: caseKey(requestId),
    queryFn: () =>
      unwrap(
        api.GET("/v1/review/requests/{request_id}", {
          params: { path: { request_id: requestId } },
        }),
      ),
    refetchInterval: interval,
  });
  return (
    <RecordPage
      query={found}
      title={words.caseOf}
      back={{ to: "/review", title: words.backToQueue }}
      shape="case"
    >
      {(details) => <CasePage key={requestId} details={details} />}
    </RecordPage>
  );
}

function CasePage({ details }: { details: CaseDetails }) {
  useAnnouncedChanges(details);
  const [opened, setOpened] = useStored<readonly string[]>(`opened.${details.request_id}`, []);
  const open = useCallback(
    (id: string) => setOpened((before) => (before.includes(id) ? before : [...before, id])),
    [setOpened],
  );
  const seen = details.new_documents.filter((id) => opened.includes(id));
  const { patient } = details.content;
  const number = details.number ?? details.request_id;
  const name = patient ? `${patient.first_name} ${patient.last_name}` : "";
  return (
    <Page
      wide
      title={words.case(number)}
      lead={
        <span className="case-lead">
          <strong>{name}</strong>
          <StatusBadge status={details.status} label={details.status_label} />
          {urgency(details) && <Tag tone="warning">{urgency(details)}</Tag>}
          {details.waiting_on !== "NONE" && (
            <span>
              {text.provider.table.waitsUntil(details.waiting_on_label)}{" "}
              <DueTime at={details.due_at} />
            </span>
          )}
        </span>
      }
      actions={
        <>
          <LinkButton to="/review">{words.backToQueue}</LinkButton>
          {details.allowed_actions.includes("DECIDE") && (
            <Button onClick={toDecision}>{words.toDecision}</Button>
          )}
        </>
      }
    >
      <Damaged entries={details.damaged} />
      <ApprovedElsewhere details={details} path="/review" />
      <Assignment details={details} />
      <Region>
        <CaseActions details={details} seen={seen} />
      </Region>
      <div className="case">
        <Region>
          <CaseSummary details={details} />
        </Region>
        <div>
          <Region>
            <DocumentPane details={details} onOpened={open} />
          </Region>
          <Region>
            <CaseContext details={details} />
          </Region>
        </div>
      </div>
      <div id={DECISION} tabIndex={-1}>
        <Region>
          <DecisionPanel details={details} seen={seen} />
        </Region>
      </div>
    </Page>
  );
}

const DECISION = "decision";

function toDecision(): void {
  const element = document.getElementById(DECISION);
  element?.scrollIntoView();
  element?.focus({ preventScroll: true });
}

function urgency(details: CaseDetails): string | null {
  const urgent = (details.content.services ?? []).findIndex((one) => one.urgency !== "STANDARD");
  return urgent < 0 ? null : (details.content_labels[`/services/${urgent}/urgency`] ?? null);
}

/** Announce what changed while the case is open: a document, an answer, a colleague's action. */
function useAnnouncedChanges(details: CaseDetails): void {
  const seen = useRef(details.history.length);
  useEffect(() => {
    const latest = details.history.at(-1);
    if (latest && details.history.length > seen.current) {
      announce(`${words.changed} ${latest.type_label}`);
    }
    seen.current = details.history.length;
  }, [details.history]);
}

function Assignment({ details }: { details: CaseDetails }) {
  const params = onVersion(details);
  const assign = useCaseCall(details, {
    call: () => unwrap(api.POST("/v1/review/requests/{request_id}/assign", { params })),
    onDone: () => announce(words.assigned),
  });
  const release = useCaseCall(details, {
    call: () => unwrap(api.POST("/v1/review/requests/{request_id}/release", { params })),
    onDone: () => announce(words.released),
  });
  return (
    <>
      <CaseAssignment details={details} assign={assign} release={release} />
      <ErrorBanner error={assign.error ?? release.error} />
    </>
  );
}
