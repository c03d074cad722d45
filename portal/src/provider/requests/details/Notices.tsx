import { useMutation } from "@tanstack/react-query";
import { api, type Schemas, unwrap } from "../../../api/client";
import { openDownload } from "../../../api/download";
import { formatMoment } from "../../../format/dates";
import { formatSize } from "../../../format/identifiers";
import { text } from "../../../text";
import { Button } from "../../../ui/Button";
import { ErrorBanner } from "../../../ui/ErrorSummary";
import { Card } from "../../../ui/parts";

const words = text.provider.notices;

/** The determination notices, as PDF. */
export function Notices({ details }: { details: Schemas["RequestDetails"] }) {
  const download = useMutation({
    mutationFn: (notice_id: string) =>
      unwrap(
        api.GET("/v1/requests/{request_id}/notices/{notice_id}", {
          params: { path: { request_id: details.request_id, notice_id } },
        }),
      ),
    onSuccess: ({ url }) => openDownload(url),
  });
  const notices = details.determination_notices;
  if (notices.length === 0) {
    return null;
  }
  return (
    <Card title={words.title}>
      <ErrorBanner error={download.error} />
      <ul className="entries">
        {notices.map((notice) => (
          <li key={notice.notice_id} className="entry entry-row">
            <div>
              {notice.kind_label}
              <div className="small">
                {words.facts(
                  notice.audience_label,
                  formatMoment(notice.printed_at),
                  formatSize(notice.size),
                )}
              </div>
            </div>
            <Button
              pending={download.isPending && download.variables === notice.notice_id}
              onClick={() => download.mutate(notice.notice_id)}
            >
              {words.download}
              <span className="visually-hidden">
                {" "}
                {notice.kind_label}, {notice.audience_label}
              </span>
            </Button>
          </li>
        ))}
      </ul>
    </Card>
  );
}
