// Lineage: where an asset or a column comes from, where it goes, what a change of it reaches.
import { z } from "zod";
import { read } from "../route.ts";

const target = z.string().min(1).describe("an asset, or a column of one: clean.sales.price");
const hops = z
  .preprocess((text) => (text === "all" ? Number.MAX_SAFE_INTEGER : text), z.coerce.number().int().min(0))
  .default(1)
  .describe("hops, or all");

const hopWords = ({ up, down }: { readonly up: number; readonly down: number }): readonly string[] => [
  "--up",
  word(up),
  "--down",
  word(down),
];

export const lineageRoutes = [
  read({
    id: "lineage.show",
    summary: "What an asset or a column is made of, and what is made of it",
    scope: "read",
    input: z.object({ target, up: hops, down: hops }),
    cli: (input) => ["lineage", input.target, ...hopWords(input)],
    run: (app, { target: of, ...far }) => app.lineage(of, far),
  }),
  read({
    id: "lineage.graph",
    summary: "The same as nodes and edges, with the columns",
    scope: "read",
    input: z.object({ target, up: hops, down: hops }),
    run: (app, { target: of, ...far }) => app.lineageGraph(of, far),
  }),
  read({
    id: "lineage.impact",
    summary: "What a change of an asset or a column reaches: assets, checks, exports, tests; what breaks without it",
    scope: "read",
    input: z.object({ target }),
    cli: (input) => ["lineage", input.target, "--impact"],
    run: (app, input) => app.impact(input.target),
  }),
  read({
    id: "lineage.events",
    summary: "OpenLineage events, of one asset or the whole project",
    scope: "read",
    input: z.object({ target: target.exactOptional(), up: hops, down: hops }),
    run: async (app, { target: of, ...far }) => ({ events: await app.lineageEvents({ target: of, ...far, now: Date.now() }) }),
  }),
] as const;

function word(many: number): string {
  return many === Number.MAX_SAFE_INTEGER ? "all" : String(many);
}
