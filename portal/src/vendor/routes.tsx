import type { RouteObject } from "react-router";

export const vendorRoutes: RouteObject[] = [
  {
    path: "vendor",
    lazy: async () => ({ Component: (await import("./Delegations")).Delegations }),
  },
  {
    path: "vendor/:requestId",
    lazy: async () => ({ Component: (await import("./Delegation")).Delegation }),
  },
];
