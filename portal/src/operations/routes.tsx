import type { RouteObject } from "react-router";

export const operationsRoutes: RouteObject[] = [
  {
    path: "operations",
    lazy: async () => ({ Component: (await import("./Queues")).Queues }),
  },
  {
    path: "operations/requests/:requestId",
    lazy: async () => ({ Component: (await import("./RequestPage")).RequestPage }),
  },
];
