import type { RouteObject } from "react-router";

export const reviewRoutes: RouteObject[] = [
  { path: "review", lazy: async () => ({ Component: (await import("./Worklist")).Worklist }) },
  {
    path: "review/:requestId",
    lazy: async () => ({ Component: (await import("./Case")).Case }),
  },
];
