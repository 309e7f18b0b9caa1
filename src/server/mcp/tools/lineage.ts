// `lineage`: what is made of what, by table and by column.
import { z } from "zod";
import { firstOf, lines, plural } from "../text.ts";
import { tool } from "../tool.ts";

const SHOWN = 150;

export const lineage = tool({
  name: "lineage",
  title: "What depends on what",
  description:
    "What an asset, or one column of it (`clean.sales.price`), is made of (`direction: up`), what is made of it (`down`), with `depth` hops. `impact: true` tells what a change would reach and what would break: use it before you change or drop something.",
  input: z.object({
    target: z.string().min(1).max(300).describe("an asset, or asset.column"),
    direction: z.enum(["up", "down", "both"]).default("both"),
    depth: z.number().int().min(1).max(50).default(1),
    impact: z.boolean().default(false),
  }),
  does: "reads",
  run: async ({ target, direction, depth, impact }, { ask }) => {
    const [up, down] = [direction === "down" ? 0 : depth, direction === "up" ? 0 : depth];
    const [graph, reached] = await Promise.all([
      ask("lineage.graph", { target, up, down }),
      impact ? ask("lineage.impact", { target }) : null,
    ]);
    const column = ({ asset, column: name }: { readonly asset: string; readonly column: string }): string => `${asset}.${name}`;
    const text = lines(
      `${target}: ${plural(graph.assets.length, "asset")} within ${depth}`,
      "reads (from → to):",
      firstOf(graph.reads, SHOWN, ({ from, to }) => `- ${from} → ${to}`, "edges: ask with a smaller depth"),
      graph.edges.length === 0 ? "" : "columns (from → to · how):",
      firstOf(graph.edges, SHOWN, ({ from, to, kind }) => `- ${column(from)} → ${column(to)} · ${kind}`, "columns: ask for one column"),
      reached === null
        ? ""
        : [
            `a change reaches ${plural(reached.totals.assets, "asset")}; ${reached.totals.breaks} would break; ${plural(reached.totals.exports, "export")}, ${plural(reached.totals.checks, "check")}, ${plural(reached.totals.tests, "test")}; owners ${reached.totals.owners.join(", ") || "none"}`,
            ...firstOf(
              reached.assets,
              SHOWN,
              ({ asset, effect, file, owner }) => `- ${asset}: ${effect} · ${file}:1 · ${owner ?? "no owner"}`,
              "assets",
            ),
          ],
    );
    return { text, data: { graph, ...(reached === null ? {} : { impact: reached }) } };
  },
});
