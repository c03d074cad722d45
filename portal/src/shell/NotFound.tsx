import { useRouteError } from "react-router";
import { recentRequestIds } from "../api/client";
import { text } from "../text";
import { LinkButton } from "../ui/Button";
import { requestId } from "../ui/errors";
import { Banner, Page } from "../ui/parts";

export function NotFound() {
  return (
    <Page title={text.common.notFoundTitle}>
      <p>{text.common.notFound}</p>
      <LinkButton to="/">{text.common.toStart}</LinkButton>
    </Page>
  );
}

/** A screen that failed, or could not be loaded: a new release replaces the files of an old one. */
export function RouteError() {
  const error = useRouteError();
  const detail = { name: error instanceof Error ? error.name : "Error", at: "" };
  window.dispatchEvent(new CustomEvent("precert-error", { detail }));
  const id = requestId(error) ?? recentRequestIds().join(", ");
  return (
    <Page title={text.common.errorTitle}>
      <Banner tone="error">
        <p>{text.common.failed}</p>
        {id && <p className="small">{text.common.reference(id)}</p>}
      </Banner>
      <button
        type="button"
        className="button button-primary"
        onClick={() => window.location.reload()}
      >
        {text.common.retry}
      </button>
    </Page>
  );
}
