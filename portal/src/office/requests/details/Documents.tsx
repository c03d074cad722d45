/** The documents of a request: which there are, their state, and further ones where they are taken. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api, NetworkError, type Schemas, unwrap } from "../../../api/client";
import { formatMoment } from "../../../format/dates";
import { formatSize } from "../../../format/identifiers";
import { useActingFor } from "../../../shell/tin";
import { text } from "../../../text";
import { announce } from "../../../ui/announce";
import { Button } from "../../../ui/Button";
import { ErrorBanner } from "../../../ui/ErrorSummary";
import { explain } from "../../../ui/errors";
import { Card, Empty, Tag } from "../../../ui/parts";
import { openDownload } from "../download";

const words = text.office.documents;

const TONES: Record<Schemas["DocumentStatus"], string> = {
  AWAITING_UPLOAD: "off",
  CHECKING: "busy",
  ATTACHED: "good",
  REFUSED: "bad",
};

export function DocumentsCard({ details }: { details: Schemas["RequestDetails"] }) {
  const { documents, request_id } = details;
  const load = (document_id: string) =>
    unwrap(
      api.GET("/v1/requests/{request_id}/documents/{document_id}", {
        params: { path: { request_id, document_id } },
      }),
    );
  return (
    <section id="documents" tabIndex={-1} aria-label={words.title}>
      <Card title={words.title}>
        <DocumentList documents={documents} load={load} />
        {details.allowed_actions.includes("MODIFY") && <AddDocuments requestId={request_id} />}
      </Card>
    </section>
  );
}

export function DocumentList({
  documents,
  load,
}: {
  documents: readonly Schemas["DocumentResponse"][];
  /** Gets a link to download a document. */
  load: (documentId: string) => Promise<Schemas["DocumentLink"]>;
}) {
  const download = useMutation({ mutationFn: load, onSuccess: ({ url }) => openDownload(url) });
  if (documents.length === 0) {
    return <Empty>{words.none}</Empty>;
  }
  return (
    <>
      <ErrorBanner error={download.error} />
      <ul className="entries">
        {documents.map((one) => (
          <li key={one.document_id} className="entry entry-row">
            <div>
              <div className="entry-head">
                {one.file_name}
                <Tag tone={TONES[one.status]}>{one.status_label}</Tag>
              </div>
              {one.refusal_code_label && <p>{one.refusal_code_label}</p>}
              <div className="small">
                {[
                  one.document_type_label,
                  formatSize(one.size),
                  one.sent_by_label,
                  formatMoment(one.settled_at ?? one.offered_at),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </div>
            </div>
            {one.status === "ATTACHED" && (
              <Button
                pending={download.isPending && download.variables === one.document_id}
                onClick={() => download.mutate(one.document_id)}
              >
                {words.download}
                <span className="visually-hidden"> {one.file_name}</span>
              </Button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

interface Failure {
  name: string;
  reason: string;
}

/** Sends the chosen files one after another; what was refused is listed with the reason. */
function AddDocuments({ requestId }: { requestId: string }) {
  const client = useQueryClient();
  const { tin } = useActingFor();
  const [failures, setFailures] = useState<readonly Failure[]>([]);
  const add = useMutation({
    mutationFn: async (files: readonly File[]) => {
      const failed: Failure[] = [];
      for (const file of files) {
        try {
          await upload(requestId, file, tin ?? null);
          announce(words.sent(file.name));
        } catch (error) {
          failed.push({ name: file.name, reason: reasonOf(error) });
        }
        await client.invalidateQueries({ queryKey: ["request", requestId] });
      }
      return failed;
    },
    onMutate: () => setFailures([]),
    onSuccess: setFailures,
  });
  return (
    <div className="field">
      <label htmlFor="add-documents" className="field-label">
        {words.add}
      </label>
      <div id="add-documents-hint" className="field-hint">
        {words.addHint}
      </div>
      <input
        id="add-documents"
        type="file"
        multiple
        className="input"
        disabled={add.isPending}
        aria-describedby="add-documents-hint"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = "";
          if (files.length > 0) {
            add.mutate(files);
          }
        }}
      />
      {add.isPending && <p role="status">{words.sending}</p>}
      {failures.length > 0 && (
        <div className="field-error" role="alert">
          {failures.map(({ name, reason }) => (
            <p key={name}>
              {name}: {reason}
            </p>
          ))}
        </div>
      )}
    </div>
  );
}

async function upload(requestId: string, file: File, tin: string | null): Promise<void> {
  const { upload: form } = await unwrap(
    api.POST("/v1/requests/{request_id}/documents", {
      params: { path: { request_id: requestId } },
      body: { file_name: file.name, document_type: null, sha256: null, tin },
    }),
  );
  if (file.size > form.max_bytes) {
    throw new RefusedError(words.tooLarge(formatSize(form.max_bytes)));
  }
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) {
    body.append(name, value);
  }
  body.append("file", file);
  const response = await fetch(form.url, { method: "POST", body }).catch(() => {
    throw new NetworkError();
  });
  if (!response.ok) {
    throw new RefusedError(words.notTaken);
  }
}

class RefusedError extends Error {}

function reasonOf(error: unknown): string {
  if (error instanceof RefusedError) {
    return error.message;
  }
  const [first] = error instanceof ApiError ? error.errors : [];
  return first?.message ?? explain(error);
}
