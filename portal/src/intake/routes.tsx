import type { RouteObject } from "react-router";

export const intakeRoutes: RouteObject[] = [
  { path: "intake", lazy: async () => ({ Component: (await import("./Register")).Register }) },
  {
    path: "intake/requests",
    lazy: async () => ({ Component: (await import("./RegisteredList")).RegisteredList }),
  },
  {
    path: "intake/requests/:requestId",
    lazy: async () => ({ Component: (await import("./Registered")).Registered }),
  },
];
