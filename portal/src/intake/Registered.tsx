import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useParams } from "react-router";
import { api, type Schemas, unwrap } from "../api/client";
import { livePolling, useReference } from "../api/queries";
import { sendFile } from "../api/upload";
import { Providers, patientWords, Services } from "../details/RequestContent";
import { StatusNotes } from "../details/StatusNotes";
import { Timeline } from "../details/Timeline";
import { formatMoment } from "../format/dates";
import { formatSize } from "../format/identifiers";
import { FiledDisputes } from "../provider/requests/details/Disputes";
import { ClosedInformation, OpenInformation } from "../provider/requests/details/Information";
import { Lines } from "../provider/requests/details/Lines";
import { lineViews } from "../provider/requests/details/lines";
import { text } from "../text";
import { ActionDialog } from "../ui/ActionDialog";
import { announce } from "../ui/announce";
import { Button, LinkButton } from "../ui/Button";
import { ErrorBanner } from "../ui/ErrorSummary";
import { SelectField, TextArea } from "../ui/fields";
import { Card, Damaged, DueTime, Facts, Page, StatusBadge, Tag } from "../ui/parts";
import { RecordPage } from "../ui/RecordPage";
import { Region } from "../ui/Region";
import { useStored } from "../ui/stored";
import "../styles/provider.css";
import "../styles/review.css";

const words = text.intake;

type Details = Schemas["RegisteredDetails"];

const keyOf = (requestId: string) => ["intake", requestId] as const;

/** A registered request read back: to compare it with the fax, attach pages, or void it. */
export function Registered() {
  const { requestId = "" } = useParams();
  const [interval] = useState(livePolling);
  const found = useQuery({
    queryKey: keyOf(requestId),
    queryFn: () =>
      unwrap(
        api.GET("/v1/intake/requests/{request_id}", {
          params: { path: { request_id: requestId } },
        }),
      ),
    refetchInterval: interval,
  });
  return (
    <RecordPage
      query={found}
      title={words.requestOf}
      back={{ to: "/intake/requests", title: words.listTitle }}
      wide={false}
    >
      {(details) => <Shown details={details} />}
    </RecordPage>
  );
}

function Shown({ details }: { details: Details }) {
  const [voiding, setVoiding] = useState(false);
  return (
    <Page
      title={words.readTitle(details.number ?? details.request_id)}
      lead={
        <span className="case-lead">
          <StatusBadge status={details.status} label={details.status_label} />
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
          <LinkButton to="/intake/requests">{words.listTitle}</LinkButton>
          <LinkButton to="/intake">{words.another}</LinkButton>
        </>
      }
    >
      <Damaged entries={details.damaged} />
      {details.allowed_actions.includes("VOID") && (
        <div className="case-actions">
          <Button look="danger" onClick={() => setVoiding(true)}>
            {words.void}
          </Button>
        </div>
      )}
      {voiding && <VoidDialog details={details} onClose={() => setVoiding(false)} />}
      <OpenInformation details={details} onAnswer={null} />
      <Card title={text.review.request}>
        <StatusNotes details={details} />
        <Facts
          items={[
            [text.operations.channel, details.channel_label],
            [words.reference, details.reference],
            [words.submitted, formatMoment(details.submitted_at)],
            [text.operations.determined, formatMoment(details.determined_at)],
            [words.exceptions, details.intake_exceptions_labels.join(", ")],
            [words.patient, patientWords(details.content.patient)],
          ]}
        />
        <Services content={details.content} labels={details.content_labels} />
        <Providers content={details.content} temporary={details.temporary_providers} />
      </Card>
      <Region>
        <Lines
          views={lineViews(details.lines, details.content, details.content_labels)}
          isVoid={details.status === "VOID"}
        />
      </Region>
      <FiledDisputes details={details} offer={false} />
      <Region>
        <Pages details={details} />
      </Region>
      <ClosedInformation rfi={details.information_requests} />
      <Card title={text.review.history}>
        <Timeline history={details.history} />
      </Card>
    </Page>
  );
}

function Pages({ details }: { details: Details }) {
  const client = useQueryClient();
  const types = useReference().data?.get("required_documentation") ?? [];
  const chooser = useRef<HTMLInputElement>(null);
  const [type, setType] = useState("");
  const [percent, setPercent] = useState<number | null>(null);
  const [failed, setFailed] = useState<readonly { name: string; error: unknown }[]>([]);
  const canAdd = details.allowed_actions.includes("MODIFY");

  async function attach(files: readonly File[]): Promise<void> {
    setFailed([]);
    // One after another: the API takes one upload of a request at a time. The others are sent where one fails.
    for (const file of files) {
      setPercent(0);
      try {
        const { upload } = await unwrap(
          api.POST("/v1/intake/requests/{request_id}/documents", {
            params: { path: { request_id: details.request_id } },
            body: { file_name: file.name, document_type: type || null, sha256: null, tin: null },
          }),
        );
        await sendFile(upload.url, upload.fields, file, setPercent).done;
        announce(words.uploaded(file.name));
      } catch (error) {
        setFailed((before) => [...before, { name: file.name, error }]);
      }
      client.invalidateQueries({ queryKey: keyOf(details.request_id) });
    }
    setPercent(null);
  }

  return (
    <Card title={words.pages}>
      {failed.map(({ name, error }) => (
        <ErrorBanner key={name} title={name} error={error} />
      ))}
      {details.documents.length === 0 && <p className="small">{words.noPages}</p>}
      <ul className="plain">
        {details.documents.map((one) => (
          <li key={one.document_id}>
            {one.file_name}{" "}
            <Tag
              tone={one.status === "ATTACHED" ? "good" : one.status === "REFUSED" ? "bad" : "info"}
            >
              {one.status_label}
            </Tag>{" "}
            <span className="small">
              {[one.refusal_code_label, one.document_type_label, formatSize(one.size)]
                .filter(Boolean)
                .join(" · ")}
            </span>
          </li>
        ))}
      </ul>
      {canAdd ? (
        <>
          <SelectField
            pointer="/document_type"
            label={words.documentType}
            optional
            choices={types.map((one) => ({ code: one.code, name: one.label }))}
            value={type}
            onChange={setType}
          />
          <input
            ref={chooser}
            type="file"
            multiple
            hidden
            aria-label={words.attach}
            onChange={(event) => {
              const files = [...(event.target.files ?? [])];
              event.target.value = "";
              void attach(files);
            }}
          />
          <Button pending={percent !== null} onClick={() => chooser.current?.click()}>
            {percent === null ? words.attach : words.uploading(percent)}
          </Button>
        </>
      ) : (
        details.status === "PROCESSING" && <p className="small">{words.attachLater}</p>
      )}
    </Card>
  );
}

function VoidDialog({ details, onClose }: { details: Details; onClose: () => void }) {
  const [reason, setReason, reset] = useStored(`void.${details.request_id}`, "");
  return (
    <ActionDialog
      title={words.voidTitle}
      action={words.void}
      look="danger"
      done={words.voided}
      names={(pointer) => (pointer === "/reason" ? words.voidReason : undefined)}
      record={keyOf(details.request_id)}
      refresh={[keyOf(details.request_id)]}
      onClose={onClose}
      send={async () => {
        const changed = await unwrap(
          api.POST("/v1/intake/requests/{request_id}/void", {
            params: { path: { request_id: details.request_id } },
            body: { reason },
          }),
        );
        reset();
        return changed;
      }}
    >
      <TextArea pointer="/reason" label={words.voidReason} value={reason} onChange={setReason} />
    </ActionDialog>
  );
}
