/** The documents of a request: which there are, their state, and further ones where they are taken. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Schemas } from "../../../api/client";
import { loadDocument, openDownload } from "../../../api/download";
import { formatMoment } from "../../../format/dates";
import { kindOf } from "../../../format/files";
import { formatSize } from "../../../format/identifiers";
import { text } from "../../../text";
import { Button } from "../../../ui/Button";
import { ErrorBanner } from "../../../ui/ErrorSummary";
import { Card, Empty, Tag } from "../../../ui/parts";
import { Documents, useDocuments } from "../../request/Documents";

const words = text.provider.documents;

const TONES: Record<Schemas["DocumentStatus"], string> = {
  AWAITING_UPLOAD: "off",
  CHECKING: "busy",
  ATTACHED: "good",
  REFUSED: "bad",
};

export function DocumentsCard({ details }: { details: Schemas["RequestDetails"] }) {
  const { documents, request_id } = details;
  return (
    <section id="documents" tabIndex={-1} aria-label={words.title}>
      {details.allowed_actions.includes("MODIFY") ? (
        <AddedDocuments requestId={request_id} />
      ) : (
        <Card title={words.title}>
          <DocumentList
            documents={documents}
            load={(document_id) => loadDocument(request_id, document_id)}
          />
        </Card>
      )}
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
                  kindOf(one),
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

/** The documents of a request that takes further ones; the request is read again when one is settled. */
function AddedDocuments({ requestId }: { requestId: string }) {
  const client = useQueryClient();
  const states = useDocuments(requestId)
    .data?.map((one) => one.status)
    .join(" ");
  const before = useRef(states);
  useEffect(() => {
    if (before.current !== undefined && before.current !== states) {
      client.invalidateQueries({ queryKey: ["request", requestId] });
    }
    before.current = states;
  }, [client, requestId, states]);
  return <Documents requestId={requestId} deletable={false} stage="PENDING" />;
}
