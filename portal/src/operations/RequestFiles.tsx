/** Documents and determination notices of a request, each to open. */
import { useMutation } from "@tanstack/react-query";
import { api, unwrap } from "../api/client";
import { openDownload } from "../api/download";
import { formatMoment } from "../format/dates";
import { formatSize } from "../format/identifiers";
import { text } from "../text";
import { ErrorBanner } from "../ui/ErrorSummary";
import { Card } from "../ui/parts";
import type { Details } from "./record";

const words = text.operations;

export function RequestFiles({ details }: { details: Details }) {
  const path = { request_id: details.request_id };
  const open = useMutation({
    mutationFn: (file: { document: string } | { notice: string }) =>
      "document" in file
        ? unwrap(
            api.GET("/v1/operations/requests/{request_id}/documents/{document_id}", {
              params: { path: { ...path, document_id: file.document } },
            }),
          )
        : unwrap(
            api.GET("/v1/operations/requests/{request_id}/notices/{notice_id}", {
              params: { path: { ...path, notice_id: file.notice } },
            }),
          ),
    onSuccess: (link) => openDownload(link.url),
  });
  return (
    <>
      <ErrorBanner error={open.error} />
      <Card title={words.documents}>
        {details.documents.length === 0 && <p className="small">{words.noDocuments}</p>}
        <ul className="plain">
          {details.documents.map((one) => (
            <li key={one.document_id}>
              {one.status === "ATTACHED" ? (
                <button
                  type="button"
                  className="link"
                  onClick={() => open.mutate({ document: one.document_id })}
                >
                  {one.file_name}
                </button>
              ) : (
                one.file_name
              )}{" "}
              <span className="small">
                {[
                  one.status_label,
                  one.refusal_code_label,
                  one.document_type_label,
                  formatSize(one.size),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
            </li>
          ))}
        </ul>
      </Card>
      <Card title={words.notices}>
        {details.determination_notices.length === 0 && <p className="small">{words.noNotices}</p>}
        <ul className="plain">
          {details.determination_notices.map((notice) => (
            <li key={notice.notice_id}>
              <button
                type="button"
                className="link"
                onClick={() => open.mutate({ notice: notice.notice_id })}
              >
                {notice.kind_label}, {notice.audience_label}
              </button>{" "}
              <span className="small">{formatMoment(notice.printed_at)}</span>
            </li>
          ))}
        </ul>
      </Card>
    </>
  );
}
