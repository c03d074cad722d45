import type { RouteObject } from "react-router";

export const officeRoutes: RouteObject[] = [
  { path: "home", lazy: async () => ({ Component: (await import("./Home")).Home }) },
];
