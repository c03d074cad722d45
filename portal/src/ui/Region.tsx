import { Component, type ErrorInfo, type ReactNode, Suspense } from "react";
import { lastRequestId } from "../api/client";
import { queryClient } from "../api/queries";
import { text } from "../text";
import { requestId } from "./errors";
import { Loading } from "./Loading";

interface State {
  error: unknown;
  /** The call that failed, else the last one before the failure. */
  requestId: string | null;
}

/** A part of a page: errors inside are caught here, and the rest of the page continues. */
export class Region extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null, requestId: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error, requestId: requestId(error) ?? lastRequestId() };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    // Tests fail on this event. It holds no data of patients.
    const detail = { name: error instanceof Error ? error.name : "Error", at: info.componentStack };
    window.dispatchEvent(new CustomEvent("precert-error", { detail }));
  }

  /** Read everything again: an answer that broke the part may still be in the cache. */
  async retry(): Promise<void> {
    queryClient.removeQueries({ type: "inactive" });
    await queryClient.refetchQueries({ type: "active" });
    this.setState({ error: null });
  }

  override render(): ReactNode {
    const { error, requestId: id } = this.state;
    if (error === null) {
      return <Suspense fallback={<Loading />}>{this.props.children}</Suspense>;
    }
    return (
      <div className="banner banner-error" role="alert">
        <p>{text.common.failed}</p>
        {id && <p className="small">{text.common.reference(id)}</p>}
        <button type="button" className="button button-secondary" onClick={() => void this.retry()}>
          {text.common.retry}
        </button>
      </div>
    );
  }
}
