import { Component, type ErrorInfo, type ReactNode, Suspense } from "react";
import { text } from "../text";
import { requestId } from "./errors";
import { Loading } from "./parts";

interface State {
  error: unknown;
}

/** A part of a page: what breaks inside is caught here, and the rest of the page goes on. */
export class Region extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    // Tests fail on this event. It holds no data of patients.
    const detail = { name: error instanceof Error ? error.name : "Error", at: info.componentStack };
    window.dispatchEvent(new CustomEvent("precert-error", { detail }));
  }

  override render(): ReactNode {
    if (this.state.error === null) {
      return <Suspense fallback={<Loading />}>{this.props.children}</Suspense>;
    }
    const id = requestId(this.state.error);
    return (
      <div className="banner banner-error" role="alert">
        <p>{text.common.failed}</p>
        {id && <p className="small">{text.common.reference(id)}</p>}
        <button
          type="button"
          className="button button-secondary"
          onClick={() => this.setState({ error: null })}
        >
          {text.common.retry}
        </button>
      </div>
    );
  }
}
