// What is too much to be told at once: logs by windows, partitions as runs of equal status, runs as a strip.
import { z } from "zod";
import { given, read, whole, words } from "../route.ts";

const cursor = z.string().max(1_000);

export const windowRoutes = [
  read({
    id: "runs.logs",
    summary: "A window on what a run logged: its last lines, those from a line on, or those before or after another window",
    scope: "read",
    input: z.object({
      run: z.string().describe("its id, or the beginning of it"),
      node: z.string().exactOptional().describe("an asset or a task; its partitions and items count"),
      attempt: whole.exactOptional(),
      level: z.enum(["debug", "info", "warn", "error"]).exactOptional().describe("this one and worse"),
      grep: z.string().max(1_000).exactOptional().describe("text, whatever the case, or /a regular expression/"),
      line: whole.exactOptional().describe("number of the first line, from 0 by time"),
      before: cursor.exactOptional().describe("`previous` of another window"),
      after: cursor.exactOptional().describe("`next` of another window"),
      limit: whole.max(5_000).default(500),
    }),
    run: (app, input) => app.logWindow(given(input)),
  }),
  read({
    id: "runs.strip",
    summary: "How the runs of the last hours went, step by step, and what schedules start in the coming ones",
    scope: "read",
    input: z.object({ hours: whole.min(1).max(720).default(24), ahead: whole.max(48).default(6) }),
    run: (app, input) => app.runStrip(input),
  }),
  read({
    id: "partitions.grid",
    summary: "How the partitions of assets stand, as runs of equal status on shared axes",
    scope: "read",
    input: z.object({
      assets: words.exactOptional(),
      limit: whole.min(1).max(100_000).default(10_000).describe("newest places of an axis"),
    }),
    run: (app, input) => app.partitionGrid(given(input)),
  }),
] as const;
