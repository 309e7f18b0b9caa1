import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { IndexAsset, PageAsset, PageColumn, PageSource } from "./data.ts";
import { layOut, type LayoutEdge, type LayoutNode } from "./page/layout.ts";
import { type Filter, searchAssets } from "./page/search.ts";
import { ASSETS_MAX, traceColumn } from "./page/trace.ts";

const box = (id: string): LayoutNode => ({ id, width: 200, height: 40 });

/** A graph without circles: edges go from smaller to larger numbers. */
const graphs = fc.integer({ min: 1, max: 30 }).chain((size) =>
  fc
    .uniqueArray(fc.tuple(fc.integer({ min: 0, max: size - 1 }), fc.integer({ min: 0, max: size - 1 })), {
      maxLength: 60,
      selector: String,
    })
    .map((pairs) => ({
      nodes: Array.from({ length: size }, (_, index) => ({ ...box(String(index)), height: 20 + ((index * 7) % 50) })),
      edges: pairs.filter(([a, b]) => a < b).map(([a, b]): LayoutEdge => ({ from: String(a), to: String(b) })),
    })),
);

it("the page stands alone: it imports nothing but its own files and the types of the data", () => {
  const folder = new URL("page/", import.meta.url);
  const imports = readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) =>
      [...readFileSync(new URL(name, folder), "utf8").matchAll(/^import (.*) from "(.*)";$/gm)].map(
        ([, what, from]) => [what!, from!] as const,
      ),
    );
  expect(imports.length).toBeGreaterThan(10);
  expect(imports.filter(([what, from]) => !(from.startsWith("./") || (from === "../data.ts" && what.startsWith("type "))))).toEqual([]);
});

describe("the layout of a picture", () => {
  it("lets no boxes overlap, leads every edge to the right, and is the same for the same graph", () => {
    fc.assert(
      fc.property(graphs, ({ nodes, edges }) => {
        const layout = layOut(nodes, edges);
        const corner = (id: string): { readonly x: number; readonly y: number } => layout.nodes.get(id)!;
        for (const { id, height } of nodes) {
          expect(corner(id).x).toBeGreaterThanOrEqual(0);
          expect(corner(id).y).toBeGreaterThanOrEqual(0);
          expect(corner(id).y + height).toBeLessThanOrEqual(layout.height + 0.001);
          for (const other of nodes) {
            if (other.id === id || corner(other.id).x !== corner(id).x) continue;
            const [upper, lower] = corner(id).y < corner(other.id).y ? [{ id, height }, other] : [other, { id, height }];
            expect(corner(lower.id).y).toBeGreaterThanOrEqual(corner(upper.id).y + upper.height);
          }
        }
        for (const [index, { from, to }] of edges.entries()) {
          const xs = [corner(from).x + 200, ...layout.routes[index]!.map(({ x }) => x), corner(to).x];
          expect(xs).toEqual(xs.toSorted((a, b) => a - b));
        }
        expect(layOut(nodes, edges)).toEqual(layout);
      }),
      { seed: 6, numRuns: 200 },
    );
  });

  it("crosses no edges where none need to cross, and puts a chain in one line", () => {
    const two = layOut(["a", "b", "c", "d"].map(box), [
      { from: "a", to: "d" },
      { from: "b", to: "c" },
    ]);
    const order = (left: string, right: string): number => two.nodes.get(left)!.y - two.nodes.get(right)!.y;
    expect(Math.sign(order("a", "b"))).toBe(Math.sign(order("d", "c")));
    const chain = layOut(["a", "b", "c"].map(box), [
      { from: "a", to: "b" },
      { from: "b", to: "c" },
    ]);
    expect(new Set([...chain.nodes.values()].map(({ y }) => y)).size).toBe(1);
    expect(layOut([], [])).toMatchObject({ width: 0, height: 0 });
  });
});

const asset = (id: string, more: Partial<IndexAsset> = {}): IndexAsset => ({
  id,
  kind: "model",
  materialize: "table",
  status: "current",
  description: null,
  owner: null,
  tags: [],
  columns: 0,
  rows: null,
  updatedAt: null,
  checks: { passed: 0, warned: 0, failed: 0, unknown: 0 },
  reads: [],
  ...more,
});
const NONE: Filter = { kind: "", status: "", owner: "", tag: "" };

describe("the search", () => {
  const assets = [
    asset("clean.sales", { description: "Paid orders" }),
    asset("final.orders"),
    asset("raw.orders_old", { kind: "source", tags: ["old"] }),
  ];
  const columns = [[["price", "in dollars"]], [["price_net", ""]], [["id", ""]]] as const;
  const ids = (text: string, filter: Partial<Filter> = {}): readonly string[] =>
    searchAssets(assets, columns, text, { ...NONE, ...filter }).map(({ place }) => assets[place]!.id);

  it("puts names before columns and columns before what is said", () => {
    expect(ids("orders")).toEqual(["final.orders", "raw.orders_old", "clean.sales"]);
    expect(ids("price")).toEqual(["clean.sales", "final.orders"]);
    expect(ids("dollars")).toEqual(["clean.sales"]);
  });

  it("wants every word, and only what passes the filter", () => {
    expect(ids("paid price")).toEqual(["clean.sales"]);
    expect(ids("paid net")).toEqual([]);
    expect(ids("", { kind: "source" })).toEqual(["raw.orders_old"]);
    expect(ids("orders", { tag: "old" })).toEqual(["raw.orders_old"]);
    expect(searchAssets(assets, undefined, "price", NONE)).toEqual([]);
  });
});

describe("the way of a column", () => {
  const step = (place: number, column: string, kind: PageSource["kind"] = "identity"): PageSource => ({ asset: place, column, kind });
  const column = (name: string, sources: readonly PageSource[], users: readonly PageSource[]): PageColumn => ({
    name,
    type: "INTEGER",
    description: null,
    descriptionFrom: null,
    origin: null,
    isKey: false,
    personal: null,
    sources,
    users,
  });
  const page = (columns: readonly PageColumn[]): PageAsset => ({ id: "", columns }) as unknown as PageAsset;

  it("follows values to their ends both ways, fields of structs too, and no condition", async () => {
    const pages = [
      page([column("s", [], [step(1, "s")]), column("c", [], [step(1, "x", "condition")])]),
      page([column("s", [step(0, "s")], [step(2, "y", "transform")]), column("x", [step(0, "c", "condition")], [])]),
      page([column("y", [step(1, "s.field", "transform")], [])]),
    ];
    const trace = await traceColumn(async (place) => pages[place]!, 2, "y");
    expect(trace.columns.map((each) => `${each.asset} ${each.column}`)).toEqual(["2 y", "1 s.field", "0 s.field"]);
    const decided = await traceColumn(async (place) => pages[place]!, 1, "x");
    expect(decided.edges.map(({ kind }) => kind)).toEqual(["condition"]);
  });

  it("stops where a picture would be too large, and says so", async () => {
    const endless = async (place: number): Promise<PageAsset> => page([column("x", [], [step(place + 1, "x")])]);
    const trace = await traceColumn(endless, 0, "x");
    expect([trace.isCut, trace.columns.length]).toEqual([true, ASSETS_MAX]);
  });
});
