/** The address of each screen. Each area is loaded when it is opened first. */
import { createBrowserRouter, type RouteObject } from "react-router";
import { intakeRoutes } from "./intake/routes";
import { operationsRoutes } from "./operations/routes";
import { providerRoutes } from "./provider/routes";
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
      ...providerRoutes,
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
