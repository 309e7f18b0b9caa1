// The table of the API: every read and act, one definition each. Types for those who ask (`millrace/client`, the page) come from it, too.
import type { z } from "zod";
import type { Route } from "./route.ts";
import { accessRoutes } from "./routes/access.ts";
import { assetRoutes } from "./routes/assets.ts";
import { backfillRoutes } from "./routes/backfills.ts";
import { changeRoutes } from "./routes/changes.ts";
import { confirmationRoutes } from "./routes/confirmations.ts";
import { connectionRoutes } from "./routes/connections.ts";
import { contractRoutes } from "./routes/contracts.ts";
import { decisionRoutes } from "./routes/decisions.ts";
import { helpRoutes } from "./routes/help.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { lineageRoutes } from "./routes/lineage.ts";
import { lookRoutes } from "./routes/looks.ts";
import { projectRoutes } from "./routes/project.ts";
import { qualityRoutes } from "./routes/quality.ts";
import { quarantineRoutes } from "./routes/quarantine.ts";
import { queryRoutes } from "./routes/query.ts";
import { runRoutes } from "./routes/runs.ts";
import { windowRoutes } from "./routes/windows.ts";

export const routes = [
  ...projectRoutes,
  ...assetRoutes,
  ...contractRoutes,
  ...lookRoutes,
  ...lineageRoutes,
  ...backfillRoutes,
  ...runRoutes,
  ...decisionRoutes,
  ...confirmationRoutes,
  ...quarantineRoutes,
  ...qualityRoutes,
  ...jobRoutes,
  ...changeRoutes,
  ...helpRoutes,
  ...accessRoutes,
  ...queryRoutes,
  ...connectionRoutes,
  ...windowRoutes,
] as const;

type Table = (typeof routes)[number];
type Of<Id extends Table["id"]> = Extract<Table, { readonly id: Id }>;

/** What each route takes and answers, by its name. */
export type Api = {
  readonly [Id in Table["id"]]: {
    readonly input: z.input<Of<Id>["input"]>;
    readonly answer: Awaited<ReturnType<Of<Id>["run"]>>;
    readonly kind: Of<Id>["kind"];
  };
};

/** The same table where no single route is meant. */
export const anyRoutes = routes as readonly unknown[] as readonly Route[];
