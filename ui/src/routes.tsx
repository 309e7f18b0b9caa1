// The table of pages: one line each, loaded when it is first opened. A page is a component without props in `pages/<page>/page.tsx`, exported as `Page`; its path
// parameters come from `useParams({ strict: false })`, the rest of its address from `usePageSearch`. Addresses to link to: links.ts.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { parseSearch, stringifySearch } from "./data/search.ts";
import { NotThere, Shell, Stumbled } from "./shell/shell.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: NotThere });

function page(path: string, load: () => Promise<{ readonly Page: ComponentType }>) {
  return createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load, "Page"), errorComponent: Stumbled });
}

const pages = [
  page("/", () => import("./pages/home/page.tsx")),
  page("/inbox", () => import("./pages/inbox/page.tsx")),
  page("/runs", () => import("./pages/runs/page.tsx")),
  page("/r/$run", () => import("./pages/run/page.tsx")),
  page("/graph", () => import("./pages/graph/page.tsx")),
  page("/assets", () => import("./pages/catalog/page.tsx")),
  page("/a/$asset", () => import("./pages/asset/page.tsx")),
  page("/a/$asset/$tab", () => import("./pages/asset/page.tsx")),
  page("/partitions", () => import("./pages/partitions/page.tsx")),
  page("/backfills", () => import("./pages/backfills/page.tsx")),
  page("/backfills/$backfill", () => import("./pages/backfills/page.tsx")),
  page("/automations", () => import("./pages/automations/page.tsx")),
  page("/quality", () => import("./pages/quality/page.tsx")),
  page("/quarantine", () => import("./pages/quarantine/page.tsx")),
  page("/quarantine/$asset", () => import("./pages/quarantine/page.tsx")),
  page("/sql", () => import("./pages/console/page.tsx")),
  page("/changes", () => import("./pages/changes/page.tsx")),
  page("/settings", () => import("./pages/settings/page.tsx")),
  page("/settings/$part", () => import("./pages/settings/page.tsx")),
];

export const router = createRouter({
  routeTree: root.addChildren(pages),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  scrollRestoration: true,
});
