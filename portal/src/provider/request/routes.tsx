import type { RouteObject } from "react-router";

export const requestRoutes: RouteObject[] = [
  {
    path: "check",
    lazy: async () => ({ Component: (await import("../check/CheckScreen")).CheckScreen }),
  },
  {
    path: "drafts/new",
    lazy: async () => ({ Component: (await import("./NewFrom")).NewFrom }),
  },
  {
    path: "drafts/:draftId",
    lazy: async () => ({ Component: (await import("./DraftScreen")).DraftScreen }),
  },
];
