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
import { queryClient } from "./data/read.ts";
import { beginFromAddress } from "./data/session.ts";
import { startAppearance } from "./data/appearance.ts";
import { router } from "./routes.tsx";

startAppearance();
void beginFromAddress();
startLive(queryClient);
createRoot(document.querySelector("#page")!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
