// The console: queries within caps, their plans and profiles, files of their rows, names for completion.
import { z } from "zod";
import { act, given, read } from "../route.ts";

const sql = z.string().min(1).max(200_000).describe("one statement that reads the warehouse");
const query = z
  .string()
  .regex(/^q_\w{6,60}$/)
  .describe("a name of your own, to cancel it by: q_…");

export const queryRoutes = [
  read({
    id: "query.run",
    summary: "Rows of a query, its plan, or a profile of its columns; within caps of rows, bytes, time and memory",
    scope: "read",
    input: z.object({
      sql,
      what: z.enum(["rows", "plan", "analyze", "profile"]).default("rows"),
      rows: z.number().int().min(1).max(100_000).default(1_000).describe("at most; `cutBy` tells when there are more"),
      seconds: z.number().min(0.1).max(600).exactOptional().describe("after which it is canceled; default: 30"),
      query: query.exactOptional(),
    }),
    run: (app, input) => app.queryRun(given(input)),
  }),
  read({
    id: "query.export",
    summary: "Writes all rows of a query to a file, which is fetched at /query/exports/EXPORT for some minutes",
    scope: "read",
    input: z.object({ sql, format: z.enum(["csv", "json", "ndjson", "parquet"]), query: query.exactOptional() }),
    run: (app, input) => app.queryExport(given(input)),
  }),
  act({
    id: "query.cancel",
    summary: "Cancels a query that runs",
    scope: "read",
    input: z.object({ query }),
    run: async (app, input) => app.queryCancel(input),
  }),
  read({
    id: "query.personal",
    summary: "Which columns of a query's answer are personal: declared so, called so, or made of such; nothing is run",
    scope: "read",
    input: z.object({ sql }),
    run: (app, input) => app.queryPersonal(input),
  }),
  read({
    id: "query.completions",
    summary: "Tables with their columns, and functions, for whoever writes a query",
    scope: "read",
    input: z.object({}),
    run: (app) => app.queryCompletions(),
  }),
] as const;
