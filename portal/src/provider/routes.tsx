import type { RouteObject } from "react-router";
import { requestRoutes } from "./request/routes";

export const providerRoutes: RouteObject[] = [
  ...requestRoutes,
  { path: "home", lazy: async () => ({ Component: (await import("./home/Home")).Home }) },
  {
    path: "patients",
    lazy: async () => ({ Component: (await import("./patients/PatientSearch")).PatientSearch }),
  },
  {
    path: "patients/current",
    lazy: async () => ({ Component: (await import("./patients/Patient")).Patient }),
  },
  {
    path: "requests",
    lazy: async () => ({ Component: (await import("./requests/Requests")).Requests }),
  },
  {
    path: "requests/:requestId",
    lazy: async () => ({ Component: (await import("./requests/details/Details")).Details }),
  },
  {
    path: "messages",
    lazy: async () => ({ Component: (await import("./messages/Messages")).Messages }),
  },
];
