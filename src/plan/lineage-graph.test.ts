import { describe, expect, it } from "vitest";
import type { AssetLineage, LineageKind } from "../model/lineage.ts";
import { inheritDescriptions } from "./descriptions.ts";
import { buildGraph } from "./graph.ts";
import { type ImpactInput, impactAnswer } from "./lineage-impact.ts";
import type { LineageInput } from "./lineage-flow.ts";
import { lineageGraph } from "./lineage-graph.ts";
import { model, share, source } from "./nodes.fixture.ts";

/** `raw.a.price` is asset raw.a, path price; a kind stands behind a colon. */
function sources(...texts: readonly string[]): AssetLineage["influences"] {
  return texts.map((text) => {
    const [name, kind = "identity"] = text.split(":");
    const [schema, table, ...path] = name!.split(".");
    return { asset: `${schema}.${table}`, path: path.join("."), kind: kind as LineageKind };
  });
}

// raw.a → clean.a → final.a → out.a; final.count counts rows of clean.a; final.unknown is known by tables only.
const input: LineageInput = {
  graph: buildGraph({
    nodes: [
      source("raw.a"),
      model("clean.a"),
      model("clean.copy"),
      model("final.a"),
      model("final.count"),
      model("final.unknown"),
      share("out.a", "final.a"),
    ],
    dependencies: new Map([
      ["clean.a", ["raw.a"]],
      ["clean.copy", ["raw.a"]],
      ["final.a", ["clean.a"]],
      ["final.count", ["clean.a"]],
      ["final.unknown", ["clean.a"]],
    ]),
  }).graph,
  lineage: new Map<string, AssetLineage | null>([
    [
      "clean.a",
      {
        columns: { price: sources("raw.a.price"), plan: sources("raw.a.attrs.plan"), rank: sources("raw.a.day:condition") },
        influences: sources("raw.a.status:condition"),
      },
    ],
    [
      "clean.copy",
      {
        columns: {
          price: sources("raw.a.price"),
          attrs: sources("raw.a.attrs"),
          day: sources("raw.a.day"),
          status: sources("raw.a.status"),
        },
        influences: [],
      },
    ],
    [
      "final.a",
      {
        columns: { total: sources("clean.a.price:aggregate"), plan: sources("clean.a.plan") },
        influences: sources("clean.a.plan:condition"),
      },
    ],
    ["final.count", { columns: { n: [] }, influences: [] }],
    ["final.unknown", null],
  ]),
  columns: new Map([
    ["raw.a", ["price", "attrs", "day", "status"]],
    ["final.unknown", ["x"]],
  ]),
};
const all = { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY };
const edge = (text: string): unknown => {
  const [from, to, kind] = text.split(" ");
  const place = (name: string): unknown => ({ asset: name.split(".").slice(0, 2).join("."), column: name.split(".").slice(2).join(".") });
  return { from: place(from!), to: place(to!), kind };
};

describe("the graph of lineage", () => {
  it("of a column has the assets that its values pass, and what decides about it on the way", () => {
    const graph = lineageGraph(input, { target: "clean.a.price", ...all });
    expect(graph.assets.map(({ asset, hops, columns }) => [asset, hops, columns])).toEqual([
      ["raw.a", -1, ["price", "status"]],
      ["clean.a", 0, ["price"]],
      ["final.a", 1, ["total"]],
      ["out.a", 2, ["total"]],
    ]);
    expect(graph.edges).toEqual(
      ["clean.a.price final.a.total aggregate", "final.a.total out.a.total identity", "raw.a.price clean.a.price identity"].map(edge),
    );
    expect(graph.influences).toEqual([{ from: { asset: "raw.a", column: "status" }, to: "clean.a" }]);
  });

  it("of an asset has all that it reads and that reads it, within the hops that are asked for", () => {
    const graph = lineageGraph(input, { target: "clean.a", up: 1, down: 1 });
    expect(graph.assets.map(({ asset }) => asset)).toEqual(["raw.a", "clean.a", "final.a", "final.count", "final.unknown"]);
    expect(graph.reads.map(({ from, to }) => `${from} ${to}`)).toEqual([
      "raw.a clean.a",
      "clean.a final.a",
      "clean.a final.count",
      "clean.a final.unknown",
    ]);
  });

  it("follows a field of a struct, and shows what only decides about a column without following it", () => {
    expect(lineageGraph(input, { target: "raw.a.attrs.plan", ...all }).edges).toEqual(
      [
        "clean.a.plan final.a.plan identity",
        "final.a.plan out.a.plan identity",
        "raw.a.attrs.plan clean.a.plan identity",
        "raw.a.attrs.plan clean.copy.attrs.plan identity",
      ].map(edge),
    );
    expect(lineageGraph(input, { target: "raw.a.day", ...all }).edges).toEqual(
      ["raw.a.day clean.a.rank condition", "raw.a.day clean.copy.day identity"].map(edge),
    );
  });
});

describe("the impact", () => {
  const impact: ImpactInput = {
    ...input,
    checks: new Map([
      ["clean.a", [{ name: "notNull(price)", severity: "error", columns: ["price"], needs: [], isExact: true }]],
      ["final.a", [{ name: "own query", severity: "warn", columns: [], needs: [], isExact: false }]],
      ["raw.a", [{ name: "notNull(day)", severity: "error", columns: ["day"], needs: [], isExact: true }]],
    ]),
    tests: [
      { name: "t1", model: "clean.a", file: "tests/t1.yaml", columns: new Map([["raw.a", new Set(["price"])]]) },
      { name: "t2", model: "clean.copy", file: "tests/t2.yaml", columns: new Map([["raw.a", new Set(["day"])]]) },
    ],
  };
  const effects = (target: string): unknown =>
    impactAnswer(impact, target).assets.map(({ asset, effect, rows }) => `${asset} ${effect}${rows ? " rows" : ""}`);

  it("of a column is what is computed from it, with checks, tests and exports; direct readers would break", () => {
    const answer = impactAnswer(impact, "raw.a.price");
    expect(effects("raw.a.price")).toEqual([
      "clean.a breaks",
      "clean.copy breaks",
      "final.a values",
      "final.unknown reads rows",
      "out.a values",
    ]);
    expect(answer.assets[0]!.columns).toEqual([{ column: "price", kind: "identity", from: { asset: "raw.a", column: "price" } }]);
    expect(answer.assets.flatMap(({ checks }) => checks.map(({ check }) => check))).toEqual(["notNull(price)", "own query"]);
    expect(answer.tests).toEqual([
      { test: "t1", model: "clean.a", file: "tests/t1.yaml", names: true },
      { test: "t2", model: "clean.copy", file: "tests/t2.yaml", names: false },
    ]);
    expect(answer.totals).toEqual({ assets: 5, breaks: 2, exports: 1, checks: 2, tests: 2, owners: [] });
    expect(answer.checks).toEqual([]);
  });

  it("of a condition are the rows, and with them everything below, also where no column is read or only tables are known", () => {
    expect(effects("raw.a.status")).toEqual([
      "clean.a breaks rows",
      "clean.copy breaks",
      "final.a values rows",
      "final.count rows rows",
      "final.unknown reads rows",
      "out.a values rows",
    ]);
  });

  it("of an asset is everything below it", () => {
    expect(effects("clean.a")).toEqual([
      "final.a breaks rows",
      "final.count breaks rows",
      "final.unknown breaks rows",
      "out.a values rows",
    ]);
    expect(effects("final.unknown")).toEqual([]);
  });
});

describe("descriptions", () => {
  const written = {
    "raw.a": { asset: "Rows of A", columns: { price: "In dollars", DAY: "Day of sale", status: "Paid or not", attrs: "More" } },
    "clean.a": { asset: undefined, columns: { rank: "Place of the day" } },
  } as const;
  const found = inheritDescriptions(input, (id) => written[id as keyof typeof written] ?? { asset: undefined, columns: {} });

  it("are inherited by what is passed on unchanged, over all hops, with where they were written", () => {
    expect([...found.get("clean.a")!.columns]).toEqual([
      ["rank", { text: "Place of the day", from: null }],
      ["price", { text: "In dollars", from: "raw.a.price" }],
    ]);
    expect(found.get("clean.copy")!.columns.get("day")).toEqual({ text: "Day of sale", from: "raw.a.day" });
    expect(found.get("final.a")!.columns.size).toBe(0);
  });

  it("of an asset go to what is that asset again", () => {
    expect(found.get("clean.copy")!.asset).toEqual({ text: "Rows of A", from: "raw.a" });
    expect(found.get("clean.a")!.asset).toBe(null);
  });

  it("are inherited from several sources only where all of them say the same", () => {
    const union = (second: string): unknown =>
      inheritDescriptions(
        {
          graph: buildGraph({
            nodes: [source("raw.a"), source("raw.b"), model("clean.u")],
            dependencies: new Map([["clean.u", ["raw.a", "raw.b"]]]),
          }).graph,
          lineage: new Map([["clean.u", { columns: { x: sources("raw.a.x", "raw.b.x") }, influences: [] }]]),
          columns: new Map(),
        },
        (id) => ({ asset: undefined, columns: id === "raw.a" ? { x: "Same" } : id === "raw.b" ? { x: second } : {} }),
      )
        .get("clean.u")!
        .columns.get("x");
    expect(union("Same")).toEqual({ text: "Same", from: "raw.a.x" });
    expect(union("Other")).toBeUndefined();
  });
});
