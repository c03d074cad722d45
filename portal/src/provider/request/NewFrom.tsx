import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { api, unwrap } from "../../api/client";
import { text } from "../../text";
import { ErrorBanner } from "../../ui/ErrorSummary";
import { Loading } from "../../ui/Loading";
import { Page } from "../../ui/parts";
import { storeCopy, storeTemplate } from "../check/state";

const t = text.provider.request;

/**
 * A new request from an earlier one: for the same patient it continues with the services, whose dates are
 * new; for another patient with the search for the patient.
 */
export function NewFrom() {
  const [query] = useSearchParams();
  const navigate = useNavigate();
  const from = query.get("from") ?? "";
  const keep = query.get("keep")?.toUpperCase() === "SERVICES" ? "SERVICES" : "PATIENT";
  const copy = useQuery({
    queryKey: ["copy", from, keep],
    queryFn: () =>
      unwrap(
        api.GET("/v1/requests/{request_id}/copy", {
          params: { path: { request_id: from }, query: { keep } },
        }),
      ),
    enabled: from !== "",
  });
  const { data } = copy;
  useEffect(() => {
    if (data?.content.patient) {
      storeCopy(data.content, data.content.patient, data.number);
      navigate("/check?step=services", { replace: true });
    } else if (data) {
      storeTemplate(data.content, data.number);
      navigate("/patients", { replace: true });
    }
  }, [data, navigate]);
  return (
    <Page title={t.copyTitle}>
      {copy.isError ? (
        <ErrorBanner error={copy.error} onRetry={() => copy.refetch()} />
      ) : (
        <Loading />
      )}
    </Page>
  );
}
