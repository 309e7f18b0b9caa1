// What pages show of assets besides their description: the text, rows, a profile, all checks, and what a search finds.
import { z } from "zod";
import { given, read, whole } from "../route.ts";
import { soon } from "./fields.ts";

const asset = z.string().describe("its name, `schema.name`");
/** Rows of one page, and how far into an asset a page may begin. */
const ROWS_MAX = 1_000;
const OFFSET_MAX = 10_000_000;
const FOUND_MAX = 200;
const CONDITION_MAX = 10_000;

export const lookRoutes = [
  read({
    id: "assets.graph",
    summary: "All assets with how each stands and what it reads, for pictures and lists",
    scope: "read",
    input: z.object({ soon }),
    run: (app, wish) => app.assetGraph(wish),
  }),
  read({
    id: "assets.source",
    summary: "The text an asset is defined by",
    scope: "read",
    input: z.object({ asset }),
    run: (app, input) => app.assetSource(input.asset),
  }),
  read({
    id: "assets.rows",
    summary: "Some rows of an asset as readers see it",
    scope: "read",
    input: z.object({
      asset,
      limit: whole.max(ROWS_MAX).default(100),
      offset: whole.max(OFFSET_MAX).default(0),
      order: z.string().exactOptional().describe("a column"),
      direction: z.enum(["up", "down"]).exactOptional(),
      where: z.string().max(CONDITION_MAX).exactOptional().describe("a condition in SQL"),
    }),
    run: (app, input) => app.assetRows(given(input)),
  }),
  read({
    id: "assets.profile",
    summary: "What the columns of an asset hold; a large asset is looked at by a sample",
    scope: "read",
    input: z.object({ asset }),
    run: (app, input) => app.assetProfile(input.asset),
  }),
  read({
    id: "assets.drift",
    summary: "How columns of assets changed since a time, newest first",
    scope: "read",
    input: z.object({ since: whole.describe("milliseconds since 1970") }),
    run: (app, input) => app.assetDrift(input.since),
  }),
  read({
    id: "checks.list",
    summary: "All checks with how they went, and the assets that have none",
    scope: "read",
    input: z.object({ select: z.string().exactOptional().describe("a selection") }),
    run: (app, input) => app.checkList(given(input)),
  }),
  read({
    id: "search.find",
    summary: "Finds assets, columns, checks, jobs, runs, tags, owners, tests and error codes by words",
    scope: "read",
    input: z.object({ q: z.string().max(200), limit: whole.max(FOUND_MAX).default(30) }),
    run: (app, input) => app.search(input),
  }),
] as const;
