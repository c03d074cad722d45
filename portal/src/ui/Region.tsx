import { Component, type ErrorInfo, type ReactNode, Suspense } from "react";
import { recentRequestIds } from "../api/client";
import { queryClient } from "../api/queries";
import { text } from "../text";
import { requestId } from "./errors";
import { Loading } from "./Loading";

interface State {
  error: unknown;
  /** The call that failed, else the last ones before the failure. */
  requestIds: readonly string[];
}

/** A part of a page: errors inside are caught here, and the rest of the page continues. */
export class Region extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null, requestIds: [] };

  static getDerivedStateFromError(error: unknown): State {
    const id = requestId(error);
    return { error, requestIds: id === null ? recentRequestIds() : [id] };
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
    const { error, requestIds } = this.state;
    if (error === null) {
      return <Suspense fallback={<Loading />}>{this.props.children}</Suspense>;
    }
    return (
      <div className="banner banner-error" role="alert">
        <p>{text.common.failed}</p>
        {requestIds.length > 0 && (
          <p className="small">{text.common.reference(requestIds.join(", "))}</p>
        )}
        <button type="button" className="button button-secondary" onClick={() => void this.retry()}>
          {text.common.retry}
        </button>
      </div>
    );
  }
}
