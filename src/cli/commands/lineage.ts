// `millrace lineage`: where an asset or a column comes from, where it goes, and what a change of it reaches.
import { MillraceError } from "../../model/errors.ts";
import type { ImpactAnswer } from "../../model/lineage-answers.ts";
import { type Command, text } from "../command.ts";
import { dot, mermaid } from "../lineage-pictures.ts";
import { lineageTree } from "../lineage-tree.ts";
import type { Output } from "../output.ts";
import { printable, renderTable } from "../table.ts";
import { plural } from "../words.ts";

const FORMATS = ["tree", "mermaid", "dot", "json", "openlineage"] as const;
type Format = (typeof FORMATS)[number];

export const lineage: Command = {
  name: "lineage",
  summary: "Where an asset or a column comes from, where it goes, and what a change of it reaches",
  arguments: "[asset]",
  examples: [
    "millrace lineage clean.sales",
    "millrace lineage clean.sales.sale_price --up all",
    "millrace lineage raw.sales.price --impact",
    "millrace lineage clean.sales --format mermaid",
    "millrace lineage --format openlineage   # every asset",
    "millrace lineage raw.sales --down 2 --json",
  ],
  options: [
    ["--up <n>", "hops upstream, or all (default: 1)"],
    ["--down <n>", "hops downstream, or all (default: 1)"],
    ["--format <format>", `${FORMATS.join(", ")} (default: tree)`],
    ["--impact", "what a change reaches: assets, checks, exports, tests; what breaks without it"],
  ],
  async run({ app, output }, [target], options) {
    const hops = { up: hopsOf("--up", text(options["up"])), down: hopsOf("--down", text(options["down"])) };
    const asked = formatOf(text(options["format"]));
    const format = asked ?? (output.mode === "json" ? "json" : "tree");
    if (format === "openlineage") {
      const events = await (await app()).lineageEvents({ target, ...hops, now: Date.now() });
      for (const event of events) output.data(JSON.stringify(event));
      return;
    }
    if (target === undefined)
      throw new MillraceError({ code: "MR7001", message: "lineage of what?", hint: "millrace lineage clean.sales" });
    if (options["impact"] === true) {
      if (asked !== undefined && asked !== "json" && asked !== "tree")
        throw new MillraceError({ code: "MR7001", message: `--impact has no format ${asked}`, hint: "--format json, or none" });
      const answer = await (await app()).impact(target);
      return format === "json" ? output.json(answer) : tellImpact(output, answer);
    }
    if (format === "json") return output.json(await (await app()).lineage(target, hops));
    const graph = await (await app()).lineageGraph(target, hops);
    switch (format) {
      case "tree":
        return output.data(lineageTree(graph, output.colors.bold).join("\n"));
      case "mermaid":
        return output.data(mermaid(graph));
      case "dot":
        return output.data(dot(graph));
      default:
        return format satisfies never;
    }
  },
};

function tellImpact(output: Output, { asset, column, assets, checks, tests, totals }: ImpactAnswer): void {
  const name = printable(column === null ? asset : `${asset}.${column}`);
  output.data(output.colors.bold(name));
  if (assets.length === 0) output.data("  nothing is made from it");
  else
    output.data(
      renderTable(
        ["asset", "kind", "hops", "effect", "columns", "checks", "owner"],
        assets.map((each) => [
          each.asset,
          each.kind,
          each.hops,
          each.rows && each.effect !== "rows" ? `${each.effect}, rows` : each.effect,
          each.columns.map(({ column: at, kind }) => `${at} (${kind})`).join(", "),
          each.checks.map(({ check }) => check).join(", "),
          each.owner,
        ]),
      ),
    );
  if (checks.length > 0) output.data(printable(`\nits own checks: ${checks.map(({ check }) => check).join(", ")}`));
  for (const { test, file, names } of tests)
    output.data(printable(`test ${test}  ${file}${names ? `  writes rows of ${asset}: to be changed` : ""}`));
  const told = [
    plural(totals.assets, "asset"),
    plural(totals.exports, "export"),
    plural(totals.checks, "check"),
    plural(totals.tests, "test"),
  ].join(", ");
  const owners = totals.owners.length === 0 ? "" : `, owned by ${totals.owners.join(", ")}`;
  output.note(printable(`\na change of ${name} reaches ${told}${owners}; without it ${plural(totals.breaks, "asset")} would break`));
}

function formatOf(asked: string | undefined): Format | undefined {
  if (asked === undefined) return undefined;
  const format = FORMATS.find((each) => each === asked);
  if (format === undefined) throw new MillraceError({ code: "MR7001", message: `--format ${asked} is none`, hint: FORMATS.join(", ") });
  return format;
}

function hopsOf(flag: string, asked: string | undefined): number {
  if (asked === undefined) return 1;
  if (asked === "all") return Number.MAX_SAFE_INTEGER; // what goes to an engine is JSON, which has no infinity
  const number = Number(asked);
  if (!Number.isInteger(number) || number < 0)
    throw new MillraceError({ code: "MR7001", message: `${flag} ${asked} is no number of hops`, hint: `${flag} 2, or ${flag} all` });
  return number;
}
