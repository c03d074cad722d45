/** The address of each screen. Each area is loaded when it is opened first. */
import { createBrowserRouter, type RouteObject } from "react-router";
import { intakeRoutes } from "./intake/routes";
import { officeRoutes } from "./office/routes";
import { operationsRoutes } from "./operations/routes";
import { reviewRoutes } from "./review/routes";
import { NotFound, RouteError } from "./shell/NotFound";
import { Shell } from "./shell/Shell";
import { vendorRoutes } from "./vendor/routes";

const routes: RouteObject[] = [
  {
    path: "/",
    element: <Shell />,
    errorElement: <RouteError />,
    hydrateFallbackElement: <></>,
    children: [
      ...officeRoutes,
      ...reviewRoutes,
      ...operationsRoutes,
      ...intakeRoutes,
      ...vendorRoutes,
      { path: "*", element: <NotFound /> },
    ],
  },
];

export function createRouter() {
  return createBrowserRouter(routes);
}
