import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, unwrap } from "../../api/client";
import { livePolling } from "../../api/queries";
import { text } from "../../text";
import { announce } from "../../ui/announce";
import { LinkButton } from "../../ui/Button";
import { Card, CopyButton, Loaded, Page, StatusBadge, WithPhones } from "../../ui/parts";
import { Steps } from "../../ui/Steps";
import { ALL_COMPLETE, stagesOf } from "./stages";
import { VendorContact } from "./VendorLines";

const t = text.provider.request;

/** The number, and the status until it is no longer being processed. */
export function Submitted({ requestId }: { requestId: string }) {
  const [interval] = useState(livePolling);
  const request = useQuery({
    queryKey: ["request", requestId],
    queryFn: () =>
      unwrap(api.GET("/v1/requests/{request_id}", { params: { path: { request_id: requestId } } })),
    refetchInterval: (query) =>
      query.state.data?.status === "PROCESSING" ? interval(query) : false,
  });
  const status = request.data?.status_label;
  const before = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (before.current !== undefined && status !== undefined && status !== before.current) {
      announce(t.nowStatus(status));
    }
    before.current = status;
  }, [status]);
  const documents = (request.data?.documents.length ?? 0) > 0;
  return (
    <Page title={t.submittedTitle}>
      <div className="with-steps">
        <Steps
          label={t.steps}
          current="submitted"
          steps={stagesOf({ ...ALL_COMPLETE, documents }, {}, true)}
        />
        <Loaded query={request}>
          {(details) => (
            <div>
              <Card>
                <h2>{t.number}</h2>
                <p>
                  <span className="number-shown mono">{details.number}</span>{" "}
                  {details.number && (
                    <CopyButton value={details.number} label={text.common.number} />
                  )}
                </p>
                <p>
                  {t.status}: <StatusBadge status={details.status} label={details.status_label} />
                </p>
                {details.status === "PROCESSING" && (
                  <p className="small">{details.status_reason ?? t.processing}</p>
                )}
                {details.notices.map((notice) => (
                  <p key={notice}>
                    <WithPhones>{notice}</WithPhones>
                  </p>
                ))}
                <div className="form-actions">
                  <LinkButton to={`/requests/${requestId}`} look="primary">
                    {t.toDetails}
                  </LinkButton>
                  <LinkButton to="/requests">{t.toDashboard}</LinkButton>
                </div>
              </Card>
              {details.delegations.map(({ vendor }) => (
                <Card key={vendor.vendor_id} title={vendor.name}>
                  <VendorContact vendor={vendor} />
                </Card>
              ))}
            </div>
          )}
        </Loaded>
      </div>
    </Page>
  );
}
