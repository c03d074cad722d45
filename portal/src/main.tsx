import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { queryClient } from "./api/queries";
import { startSession } from "./auth/session";
import { loadConfig, type RuntimeConfig } from "./config";
import { createRouter } from "./routes";
import { Unavailable, Welcome } from "./shell/Welcome";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/ui.css";
import "./styles/shell.css";

const root = createRoot(document.getElementById("root") as HTMLElement);

function applyBrand(config: RuntimeConfig): void {
  const { primary, primary_dark } = config.payer.colors ?? {};
  const { style } = document.documentElement;
  if (primary) {
    style.setProperty("--brand", primary);
  }
  if (primary_dark) {
    style.setProperty("--brand-dark", primary_dark);
  }
}

async function start(): Promise<void> {
  const config = await loadConfig();
  applyBrand(config);
  const session = startSession(config);
  const returnTo = await session.complete(new URL(window.location.href));
  if (returnTo !== null) {
    window.history.replaceState(null, "", returnTo);
  }
  if (!session.signedIn && session.resumable) {
    await session.signIn();
    return;
  }
  root.render(
    <StrictMode>
      {session.signedIn ? (
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={createRouter()} />
        </QueryClientProvider>
      ) : (
        <Welcome />
      )}
    </StrictMode>,
  );
}

start().catch(() => root.render(<Unavailable />));
