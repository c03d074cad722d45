/** One delegated request: the vendor's service lines, the documents, the export, and the report. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link, useParams } from "react-router";
import { api, type Schemas, unwrap } from "../api/client";
import { saveFile } from "../api/download";
import { livePolling, useReference } from "../api/queries";
import { formatDay, formatMoment } from "../format/dates";
import { DocumentList } from "../provider/requests/details/Documents";
import { Lines } from "../provider/requests/details/Lines";
import { Providers, Services } from "../provider/requests/details/Parties";
import { text } from "../text";
import { Button } from "../ui/Button";
import { ErrorBanner } from "../ui/ErrorSummary";
import { Banner, Card, CopyButton, Damaged, DueTime, Page, Tag } from "../ui/parts";
import { RecordPage } from "../ui/RecordPage";
import { Region } from "../ui/Region";
import "../styles/provider.css";
import { labelsOf, serviceNumbers, vendorViews } from "./lines";
import { ReportForm } from "./ReportForm";
import { useVendor } from "./vendor";

const words = text.vendor.details;

export function Delegation() {
  const { requestId = "" } = useParams();
  const { query: vendor } = useVendor();
  const [interval] = useState(livePolling);
  const query = useQuery({
    queryKey: ["delegation", requestId, vendor],
    queryFn: () =>
      unwrap(
        api.GET("/v1/vendor/requests/{request_id}", {
          params: { path: { request_id: requestId }, query: vendor },
        }),
      ),
    refetchInterval: interval,
  });
  return (
    <RecordPage query={query} title={words.title} back={{ to: "/vendor", title: words.toList }}>
      {(details) => <Shown details={details} />}
    </RecordPage>
  );
}

function Shown({ details }: { details: Schemas["DelegatedRequestResponse"] }) {
  const lists = useReference().data;
  const labels = useMemo(() => labelsOf(details.content, lists, details.lines), [details, lists]);
  const views = useMemo(() => vendorViews(details, labels), [details, labels]);
  const { patient } = details.content;
  const { request_id, vendor_id } = details;
  const load = async (document_id: string) =>
    unwrap(
      api.GET("/v1/vendor/requests/{request_id}/documents/{document_id}", {
        params: { path: { request_id, document_id }, query: { vendor_id } },
      }),
    );
  return (
    <Page
      wide
      title={text.provider.details.titleOf(details.number)}
      lead={
        <>
          <Tag tone={details.overdue ? "bad" : "info"}>{details.status_label}</Tag>{" "}
          <CopyButton value={details.number} label={text.common.number} />
          {patient && (
            <div>
              <strong>
                {patient.first_name} {patient.last_name}
              </strong>{" "}
              · {text.provider.patient.born(formatDay(patient.date_of_birth))} ·{" "}
              {text.provider.patient.memberId(patient.member_id)}
            </div>
          )}
          <div className="small">
            {text.provider.details.submitted(formatMoment(details.submitted_at))}
          </div>
        </>
      }
      actions={<Export details={details} />}
    >
      <Banner
        tone={details.overdue ? "warning" : "info"}
        title={
          details.reported_at
            ? words.reported(formatMoment(details.reported_at), details.reference ?? "")
            : words.due
        }
      >
        {!details.reported_at && (
          <p>
            <DueTime at={details.due_at} /> · {details.urgency_label ?? details.urgency}
          </p>
        )}
      </Banner>
      <Damaged entries={details.damaged} />
      <Region>
        <Lines views={views} />
      </Region>
      <div className="details">
        <div>
          <Card title={text.provider.documents.title}>
            <DocumentList documents={details.documents} load={load} />
          </Card>
          <Region>
            {details.status !== "WITHDRAWN" && <ReportForm details={details} views={views} />}
          </Region>
        </div>
        <div>
          <Similar details={details} />
          <Region>
            <Providers content={details.content} labels={labels} />
            <Services
              content={details.content}
              labels={labels}
              plan={details.plan}
              numbers={serviceNumbers(details.lines)}
            />
          </Region>
        </div>
      </div>
    </Page>
  );
}

/** Requests that are similar to what the vendor decides; of others it sees that they exist. */
function Similar({ details }: { details: Schemas["DelegatedRequestResponse"] }) {
  const { potential_duplicates, notices } = details;
  if (potential_duplicates.length === 0) {
    return null;
  }
  return (
    <Card title={text.provider.details.duplicates}>
      {notices.map((notice) => (
        <p key={notice}>{notice}</p>
      ))}
      <ul>
        {potential_duplicates.map((one, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: those of others have no id.
          <li key={index}>
            {one.request_id ? (
              <Link to={`/vendor/${one.request_id}`}>{one.number ?? one.request_id}</Link>
            ) : (
              words.notDelegated
            )}{" "}
            – {one.reason_code_label}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Export({ details }: { details: Schemas["DelegatedRequestResponse"] }) {
  const { request_id, vendor_id, number } = details;
  const save = useMutation({
    mutationFn: () =>
      unwrap(
        api.GET("/v1/vendor/requests/{request_id}/export", {
          params: { path: { request_id }, query: { vendor_id } },
        }),
      ),
    onSuccess: (bundle) =>
      saveFile(`${number}.json`, "application/fhir+json", JSON.stringify(bundle, null, 2)),
  });
  return (
    <>
      <Button pending={save.isPending} onClick={() => save.mutate()}>
        {words.export}
      </Button>
      <ErrorBanner error={save.error} />
    </>
  );
}
