// The page begins: theme, session of the link, shell with routes.
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/kit.css";
import "./styles/shell.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startLive } from "./data/live.ts";
import { queryClient, readAhead } from "./data/read.ts";
import { beginFromAddress } from "./data/session.ts";
import { startAppearance } from "./data/appearance.ts";
import { router } from "./routes.tsx";

/** Pages that are drawn from the graph of all assets. */
const ofGraph: readonly string[] = ["/graph", "/assets"];

/** What the page that is opened first needs is on its way before anything is drawn: its script, and the answers that it waits for. */
function beginReading(): void {
  const { pathname, search } = location;
  for (const route of router.getMatchedRoutes(pathname)[0]) void router.loadRouteChunk(route);
  const environment = new URLSearchParams(search).get("env") ?? undefined;
  const run = /^\/r\/([\w-]+)$/.exec(pathname)?.[1];
  if (run !== undefined) readAhead("runs.show", { run }, environment);
  if (ofGraph.includes(pathname)) readAhead("assets.graph", { soon: true }, environment);
  readAhead("status.show", { soon: true }, environment);
  readAhead("project.show", {}, environment);
}

startAppearance();
void beginFromAddress();
beginReading();
startLive(queryClient);
createRoot(document.querySelector("#page")!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
