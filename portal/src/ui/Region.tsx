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

/**
 * A part of a page: errors inside are caught here, and the rest of the page continues. After an error the
 * part is shown again as soon as an answer with other content arrives.
 */
export class Region extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null, requestIds: [] };
  private stopWaiting: () => void = () => undefined;

  static getDerivedStateFromError(error: unknown): State {
    const id = requestId(error);
    return { error, requestIds: id === null ? recentRequestIds() : [id] };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    // Tests fail on this event. It holds no data of patients.
    const detail = { name: error instanceof Error ? error.name : "Error", at: info.componentStack };
    window.dispatchEvent(new CustomEvent("precert-error", { detail }));
    this.waitForOtherContent();
  }

  override componentWillUnmount(): void {
    this.stopWaiting();
  }

  private waitForOtherContent(): void {
    this.stopWaiting();
    const cache = queryClient.getQueryCache();
    const before = new Map(cache.getAll().map((query) => [query.queryHash, query.state.data]));
    this.stopWaiting = cache.subscribe((event) => {
      const { query } = event;
      const isAnswer = event.type === "updated" && event.action.type === "success";
      // Structural sharing keeps the object while the content is the same.
      if (isAnswer && query.state.data !== before.get(query.queryHash)) {
        this.shown();
      }
    });
  }

  private shown(): void {
    this.stopWaiting();
    this.setState({ error: null });
  }

  /** Read everything again: an answer that broke the part may still be in the cache. */
  async retry(): Promise<void> {
    queryClient.removeQueries({ type: "inactive" });
    await queryClient.refetchQueries({ type: "active" });
    this.shown();
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
