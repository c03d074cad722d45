import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, type Schemas, unwrap } from "../api/client";
import { loadBytes, openDownload } from "../api/download";
import { formatMoment } from "../format/dates";
import { kindOf } from "../format/files";
import { formatSize } from "../format/identifiers";
import { decodeText } from "../format/plainText";
import { text } from "../text";
import { Button } from "../ui/Button";
import { ErrorBanner } from "../ui/ErrorSummary";
import { Card, Empty, Loaded, Tag } from "../ui/parts";
import type { CaseDetails } from "./Case";

const words = text.review;

function linkOf(requestId: string, documentId: string): Promise<Schemas["DocumentLink"]> {
  return unwrap(
    api.GET("/v1/review/requests/{request_id}/documents/{document_id}", {
      params: { path: { request_id: requestId, document_id: documentId } },
    }),
  );
}

/**
 * The right side of a case: its documents; PDF, text and images are shown on the page. `onOpened` is called for each
 * document that was shown or downloaded.
 */
export function DocumentPane({
  details,
  onOpened,
}: {
  details: CaseDetails;
  onOpened: (documentId: string) => void;
}) {
  const attached = details.documents.filter((one) => one.status === "ATTACHED");
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = attached.find((one) => one.document_id === chosen) ?? attached[0];
  return (
    <div className="case-documents">
      <Card title={words.documents}>
        {attached.length === 0 && <Empty>{words.noDocuments}</Empty>}
        <ul className="plain">
          {attached.map((document) => (
            <li key={document.document_id} className="document-row">
              <button
                type="button"
                className="link"
                aria-pressed={document === shown}
                onClick={() => setChosen(document.document_id)}
              >
                {document.file_name}
              </button>
              <span className="small">
                {[
                  document.document_type_label,
                  kindOf(document),
                  formatSize(document.size),
                  document.sent_by_label,
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
              {details.new_documents.includes(document.document_id) && (
                <Tag tone="good">{words.documentNew}</Tag>
              )}
              <Download requestId={details.request_id} document={document} onOpened={onOpened} />
            </li>
          ))}
        </ul>
        {shown && (
          <Shown
            key={shown.document_id}
            requestId={details.request_id}
            document={shown}
            onOpened={onOpened}
          />
        )}
      </Card>
      <Notices details={details} />
    </div>
  );
}

interface OpenableProps {
  requestId: string;
  document: Schemas["DocumentResponse"];
  onOpened: (documentId: string) => void;
}

function Download({ requestId, document: { document_id, file_name }, onOpened }: OpenableProps) {
  const download = useMutation({
    mutationFn: () => linkOf(requestId, document_id),
    onSuccess: (link) => {
      onOpened(document_id);
      openDownload(link.url);
    },
  });
  return (
    <>
      <Button
        look="quiet"
        aria-label={`${words.download} ${file_name}`}
        pending={download.isPending}
        onClick={() => download.mutate()}
      >
        {words.download}
      </Button>
      <ErrorBanner error={download.error} />
    </>
  );
}

function Shown({ requestId, document, onOpened }: OpenableProps) {
  const link = useQuery({
    // Apart from the case, whose changes would load the shown document again from its first page.
    queryKey: ["document link", requestId, document.document_id],
    queryFn: () => linkOf(requestId, document.document_id),
    // The link expires: it is used at once, and another one is read when the document is chosen again.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const onPage = Boolean(link.data?.inline_url);
  useEffect(() => {
    if (onPage) {
      onOpened(document.document_id);
    }
  }, [onPage, document.document_id, onOpened]);
  const title = `${words.showing} ${document.file_name}`;
  return (
    <Loaded query={link}>
      {({ inline_url }) =>
        inline_url === null ? (
          <div className="document-absent">
            <p>{words.notInline(kindOf(document))}</p>
          </div>
        ) : document.content_type.startsWith("image/") ? (
          <img className="document-image" src={inline_url} alt={title} />
        ) : document.content_type === "text/plain" ? (
          <ShownText link={inline_url} document={document} title={title} />
        ) : (
          <iframe className="document-frame" src={inline_url} title={title} />
        )
      }
    </Loaded>
  );
}

/** A text file: browsers guess its character set wrong, and show a text of DOS with replacement characters. */
function ShownText({
  link,
  document: { document_id, file_name },
  title,
}: {
  link: string;
  document: Schemas["DocumentResponse"];
  title: string;
}) {
  const read = useQuery({
    queryKey: ["text", document_id],
    queryFn: async ({ signal }) => decodeText(await loadBytes(link, signal)),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
  return (
    <Loaded query={read}>
      {({ text: content, encoding, cut }) => (
        <>
          {encoding !== "Unicode" && <p className="small">{words.encoding(encoding)}</p>}
          {cut && <p>{words.cut(file_name)}</p>}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard. */}
          <section className="document-text" tabIndex={0} aria-label={title}>
            <pre>{content}</pre>
          </section>
        </>
      )}
    </Loaded>
  );
}

function Notices({ details }: { details: CaseDetails }) {
  const download = useMutation({
    mutationFn: (noticeId: string) =>
      unwrap(
        api.GET("/v1/review/requests/{request_id}/notices/{notice_id}", {
          params: { path: { request_id: details.request_id, notice_id: noticeId } },
        }),
      ),
    onSuccess: (link) => openDownload(link.url),
  });
  if (details.determination_notices.length === 0) {
    return null;
  }
  return (
    <Card title={words.notices}>
      <ErrorBanner error={download.error} />
      <ul className="plain">
        {details.determination_notices.map((notice) => (
          <li key={notice.notice_id}>
            <button
              type="button"
              className="link"
              onClick={() => download.mutate(notice.notice_id)}
            >
              {notice.kind_label}, {notice.audience_label}
            </button>{" "}
            <span className="small">{formatMoment(notice.printed_at)}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
