import type { RouteObject } from "react-router";

export const requestRoutes: RouteObject[] = [
  {
    path: "check",
    lazy: async () => ({ Component: (await import("../check/CheckScreen")).CheckScreen }),
  },
];
