/** The documents of a draft or a pended request: add several at once, see what becomes of each. */
import { type Query, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type DragEvent, useEffect, useId, useRef, useState } from "react";
import { api, type Schemas, unwrap } from "../../api/client";
import { loadDocument, openDownload } from "../../api/download";
import { livePolling, useReference } from "../../api/queries";
import { formatSize } from "../../format/identifiers";
import { text } from "../../text";
import { announce } from "../../ui/announce";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorBanner } from "../../ui/ErrorSummary";
import { SelectField } from "../../ui/fields";
import { Card, Tag } from "../../ui/parts";
import { Region } from "../../ui/Region";
import { isOpen, type Upload, withoutListed } from "./uploads";
import { type DocumentRules, limitOf, type Uploads, useUploads } from "./useUploads";
import "../../styles/request-form.css";

const t = text.provider.request;

type Document = Schemas["DocumentResponse"];

export interface DocumentsProps {
  /** The id of the draft or request. */
  requestId: string;
  /** Whether documents can be deleted: those of a draft. */
  deletable: boolean;
  /** How many files can be added, where it is known: of a draft or of a pended request. */
  stage: "SUBMISSION" | "PENDING";
}

/** Documents with a queue of their own, for a screen that is not left while files are sent. */
export function Documents(props: DocumentsProps) {
  const queue = useUploads(props.requestId, useDocumentRules());
  return <DocumentsCard {...props} queue={queue} />;
}

export function DocumentsCard(props: DocumentsProps & { queue: Uploads }) {
  return (
    <Region>
      <Files {...props} />
    </Region>
  );
}

function Files({ requestId, deletable, stage, queue }: DocumentsProps & { queue: Uploads }) {
  const rules = useDocumentRules();
  const documents = useDocuments(requestId);
  const [documentType, chooseType] = useState("");
  const types = useReference().data?.get("required_documentation") ?? [];
  const { listed, abandoned } = queue;
  const all = (documents.data ?? []).filter((one) => !abandoned.has(one.document_id));
  // A sent file is shown once: as the document, as soon as the API lists it.
  const uploads = withoutListed(
    queue.uploads,
    all.map((one) => one.document_id),
  );
  const shown = all.filter(
    (one) => !uploads.some((up) => up.documentId === one.document_id && up.state !== "sent"),
  );
  useEffect(() => {
    if (documents.data) {
      listed(documents.data.map((one) => one.document_id));
    }
  }, [documents.data, listed]);
  useAnnounced(all);
  const add = (files: readonly File[]) => queue.add(files, documentType || null);
  return (
    <Card title={t.documents}>
      {types.length > 0 && (
        <div className="narrow">
          <SelectField
            pointer="/documents/-type"
            label={t.documentType}
            optional
            value={documentType}
            onChange={chooseType}
            choices={types.map(({ code, label }) => ({ code, name: label }))}
          />
        </div>
      )}
      <DropZone rules={rules} stage={stage} onFiles={add} />
      <ErrorBanner error={documents.error} onRetry={() => documents.refetch()} />
      <FileList
        documents={shown}
        queue={{ ...queue, uploads }}
        requestId={requestId}
        deletable={deletable}
      />
      {shown.length + uploads.length === 0 && !documents.isPending && (
        <p className="small">{t.noDocuments}</p>
      )}
    </Card>
  );
}

/** How many files are not attached yet: waiting, being sent or being checked. */
export function useOpenDocuments(requestId: string, queue: Uploads): number {
  const documents = useDocuments(requestId).data ?? [];
  const sending = queue.uploads.filter(isOpen);
  const checked = documents.filter(
    (one) =>
      isPending(one) &&
      !queue.abandoned.has(one.document_id) &&
      !sending.some((up) => up.documentId === one.document_id),
  );
  return sending.length + checked.length;
}

export function useDocumentRules(): DocumentRules | null {
  const query = useQuery({
    queryKey: ["reference"],
    queryFn: () => unwrap(api.GET("/v1/reference")),
    staleTime: Number.POSITIVE_INFINITY,
    select: (reference) => reference.payer.documents,
  });
  return query.data ?? null;
}

function isPending({ status, upload_until }: Document): boolean {
  return (
    status === "CHECKING" ||
    (status === "AWAITING_UPLOAD" && new Date(upload_until).getTime() > Date.now())
  );
}

/** The documents of a request; polled while one of them is not settled. */
export function useDocuments(requestId: string) {
  const [interval] = useState(livePolling);
  return useQuery({
    queryKey: ["documents", requestId],
    queryFn: () =>
      unwrap(api.GET("/v1/requests/{request_id}", { params: { path: { request_id: requestId } } })),
    select: (request) => request.documents,
    refetchInterval: (query: Query<Schemas["RequestDetails"]>) =>
      query.state.data?.documents.some(isPending) ? interval(query as unknown as Query) : false,
  });
}

/** Announce each document that was attached or refused. */
function useAnnounced(documents: readonly Document[]): void {
  const before = useRef(new Map<string, Document["status"]>());
  useEffect(() => {
    for (const one of documents) {
      const last = before.current.get(one.document_id);
      if (last !== undefined && last !== one.status) {
        if (one.status === "ATTACHED") {
          announce(t.fileAttached(one.file_name));
        } else if (one.status === "REFUSED") {
          announce(t.fileRefused(one.file_name, one.refusal_code_label ?? ""));
        }
      }
      before.current.set(one.document_id, one.status);
    }
  }, [documents]);
}

function DropZone({
  rules,
  stage,
  onFiles,
}: {
  rules: DocumentRules | null;
  stage: DocumentsProps["stage"];
  onFiles: (files: readonly File[]) => void;
}) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const hint = useId();
  const drag = (event: DragEvent, inside: boolean) => {
    event.preventDefault();
    setOver(inside);
  };
  const limit = stage === "SUBMISSION" ? rules?.max_at_submission : rules?.max_while_pending;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files are dropped here, or chosen by the button.
    <div
      className="drop-zone"
      data-over={over || undefined}
      onDragOver={(event) => drag(event, true)}
      onDragLeave={(event) => drag(event, false)}
      onDrop={(event) => {
        drag(event, false);
        onFiles([...event.dataTransfer.files]);
      }}
    >
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={rules?.extensions.map((one) => `.${one.replace(/^\./, "")}`).join(",")}
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      <Button id="field-documents" aria-describedby={hint} onClick={() => input.current?.click()}>
        {t.chooseFiles}
      </Button>
      <span id={hint} className="small">
        {over ? t.dropHere : t.documentsHintPlain}{" "}
        {rules &&
          limit !== undefined &&
          t.documentsHint(
            limitOf(rules),
            limit,
            rules.extensions.map((one) => one.replace(/^\./, "").toUpperCase()).join(", "),
          )}
      </span>
    </div>
  );
}

function FileList({
  documents,
  queue,
  requestId,
  deletable,
}: {
  documents: readonly Document[];
  queue: Uploads;
  requestId: string;
  deletable: boolean;
}) {
  if (documents.length + queue.uploads.length === 0) {
    return null;
  }
  return (
    <table className="table">
      <caption className="visually-hidden">{t.documents}</caption>
      <thead>
        <tr>
          <th scope="col">{t.file}</th>
          <th scope="col">{t.fileStatus}</th>
          <th scope="col">
            <span className="visually-hidden">{text.common.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {documents.map((document) => (
          <DocumentRow
            key={document.document_id}
            document={document}
            requestId={requestId}
            deletable={deletable}
          />
        ))}
        {queue.uploads.map((upload) => (
          <UploadRow key={upload.id} upload={upload} queue={queue} />
        ))}
      </tbody>
    </table>
  );
}

const DOCUMENT_TONES: Record<Document["status"], string> = {
  AWAITING_UPLOAD: "off",
  CHECKING: "busy",
  ATTACHED: "good",
  REFUSED: "bad",
};

function DocumentRow({
  document,
  requestId,
  deletable,
}: {
  document: Document;
  requestId: string;
  deletable: boolean;
}) {
  const client = useQueryClient();
  const [asking, ask] = useState(false);
  const remove = useMutation({
    mutationFn: () =>
      unwrap(
        api.DELETE("/v1/requests/{request_id}/documents/{document_id}", {
          params: { path: { request_id: requestId, document_id: document.document_id } },
        }),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: ["documents", requestId] }),
  });
  const download = useMutation({
    mutationFn: (id: string) => loadDocument(requestId, id),
    onSuccess: ({ url }) => openDownload(url),
  });
  return (
    <tr>
      <th scope="row" data-label={t.file}>
        {document.file_name}{" "}
        <span className="small">
          {[document.document_type_label, formatSize(document.size)].filter(Boolean).join(" · ")}
        </span>
      </th>
      <td data-label={t.fileStatus}>
        <Tag tone={DOCUMENT_TONES[document.status]}>{document.status_label}</Tag>
        {document.refusal_code_label && (
          <p className="field-error">{document.refusal_code_label}</p>
        )}
        <ErrorBanner error={remove.error ?? download.error} />
      </td>
      <td>
        {document.status === "ATTACHED" && (
          <Button
            look="quiet"
            pending={download.isPending}
            onClick={() => download.mutate(document.document_id)}
          >
            {text.provider.documents.download}
            <span className="visually-hidden"> {document.file_name}</span>
          </Button>
        )}
        {deletable && (
          <Button
            look="quiet"
            aria-label={t.deleteFile(document.file_name)}
            pending={remove.isPending}
            onClick={() => (document.status === "ATTACHED" ? ask(true) : remove.mutate())}
          >
            {text.common.remove}
          </Button>
        )}
        <Dialog
          title={t.deleteFileTitle}
          open={asking}
          onClose={() => ask(false)}
          actions={
            <>
              <Button onClick={() => ask(false)}>{text.common.cancel}</Button>
              <Button
                look="danger"
                onClick={() => {
                  ask(false);
                  remove.mutate();
                }}
              >
                {t.deleteFileAction}
              </Button>
            </>
          }
        >
          <p>{t.deleteFileText(document.file_name)}</p>
        </Dialog>
      </td>
    </tr>
  );
}

function UploadRow({ upload, queue }: { upload: Upload; queue: Uploads }) {
  const { name, size, state } = upload;
  const cancelable = ["queued", "offline", "reserving", "sending"].includes(state);
  const again = state === "failed" || state === "canceled";
  return (
    <tr>
      <th scope="row" data-label={t.file}>
        {name} <span className="small">{formatSize(size)}</span>
      </th>
      <td data-label={t.fileStatus}>
        <UploadStatus upload={upload} />
      </td>
      <td>
        <span className="card-actions">
          {cancelable && (
            <Button
              look="quiet"
              aria-label={t.cancelFile(name)}
              onClick={() => queue.cancel(upload)}
            >
              {text.common.cancel}
            </Button>
          )}
          {again && (
            <Button look="quiet" aria-label={t.retryFile(name)} onClick={() => queue.retry(upload)}>
              {text.common.retry}
            </Button>
          )}
          {(again || state === "refused") && (
            <Button
              look="quiet"
              aria-label={t.dismissFile(name)}
              onClick={() => queue.dismiss(upload)}
            >
              {text.common.remove}
            </Button>
          )}
        </span>
      </td>
    </tr>
  );
}

function UploadStatus({ upload }: { upload: Upload }) {
  const { state, percent, reason, name } = upload;
  switch (state) {
    case "queued":
      return <>{t.queued}</>;
    case "offline":
      return <>{t.interruptedOffline}</>;
    case "reserving":
      return <>{t.reserving}</>;
    case "sending":
      return (
        <>
          <progress className="file-progress" max={100} value={percent} aria-label={name} />
          <div className="small">{t.sending(percent)}</div>
        </>
      );
    case "sent":
      return <>{t.sent}</>;
    case "canceled":
      return <>{t.canceled}</>;
    case "failed":
    case "refused":
      return (
        <p className="field-error" role="alert">
          {reason}
        </p>
      );
  }
}
