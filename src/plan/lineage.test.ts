import { describe, expect, it } from "vitest";
import type { AssetLineage, LineageKind } from "../model/lineage.ts";
import { buildGraph } from "./graph.ts";
import { lineageAnswer } from "./lineage.ts";
import type { LineageInput } from "./lineage-flow.ts";
import { model, share, source } from "./nodes.fixture.ts";

/** `raw.a.price` is asset raw.a, path price; a kind stands behind a colon. */
function sources(...texts: readonly string[]): AssetLineage["influences"] {
  return texts.map((text) => {
    const [name, kind = "identity"] = text.split(":");
    const [schema, table, ...path] = name!.split(".");
    return { asset: `${schema}.${table}`, path: path.join("."), kind: kind as LineageKind };
  });
}

const input: LineageInput = {
  graph: buildGraph({
    nodes: [source("raw.a"), model("clean.a"), model("final.a"), model("final.unknown"), share("out.a", "final.a")],
    dependencies: new Map([
      ["clean.a", ["raw.a"]],
      ["final.a", ["clean.a"]],
      ["final.unknown", ["clean.a"]],
    ]),
  }).graph,
  lineage: new Map([
    [
      "clean.a",
      {
        columns: {
          price: sources("raw.a.price:transform"),
          attrs: sources("raw.a.attrs"),
          plan: sources("raw.a.attrs.plan"),
          rank: sources("raw.a.day:condition"),
        },
        influences: sources("raw.a.status:condition"),
      },
    ],
    [
      "final.a",
      {
        columns: { total: sources("clean.a.price:aggregate"), p: sources("clean.a.attrs.plan") },
        influences: sources("clean.a.plan:condition"),
      },
    ],
    ["final.unknown", null],
  ]),
  columns: new Map([
    ["raw.a", ["price", "attrs", "day", "status"]],
    ["final.unknown", ["x"]],
  ]),
};

describe("lineage", () => {
  it("goes one hop: values up and down, influences apart", () => {
    expect(lineageAnswer(input, { target: "clean.a", up: 1, down: 1 })).toEqual({
      asset: "clean.a",
      columns: {
        price: { upstream: ["raw.a.price"], downstream: ["final.a.total"], influences: ["raw.a.status"] },
        attrs: { upstream: ["raw.a.attrs"], downstream: ["final.a.p"], influences: ["raw.a.status"] },
        plan: { upstream: ["raw.a.attrs.plan"], downstream: [], influences: ["raw.a.status"] },
        rank: { upstream: [], downstream: [], influences: ["raw.a.day", "raw.a.status"] },
      },
      upstream: ["raw.a"],
      downstream: ["final.a", "final.unknown"],
    });
  });

  it("goes all the way, through exports and fields of structs", () => {
    const up = lineageAnswer(input, { target: "out.a.p", up: Number.POSITIVE_INFINITY, down: 0 });
    expect(up.columns).toEqual({
      p: {
        upstream: ["clean.a.attrs.plan", "final.a.p", "raw.a.attrs.plan"],
        downstream: [],
        influences: ["clean.a.plan", "raw.a.status"],
      },
    });
    expect(up.upstream).toEqual(["clean.a", "final.a", "raw.a"]);
    const down = lineageAnswer(input, { target: "raw.a.attrs.plan", up: 1, down: Number.POSITIVE_INFINITY });
    expect(down.columns["attrs.plan"]).toEqual({
      upstream: [],
      downstream: ["clean.a.attrs.plan", "clean.a.plan", "final.a.p", "out.a.p"],
      influences: [],
    });
  });

  it("tells the columns of a source, and of an asset whose lineage is known by tables only", () => {
    expect(Object.keys(lineageAnswer(input, { target: "RAW.A", up: 1, down: 1 }).columns)).toEqual(["price", "attrs", "day", "status"]);
    expect(lineageAnswer(input, { target: "final.unknown", up: 1, down: 1 })).toMatchObject({
      columns: { x: { upstream: [], downstream: [], influences: [] } },
      upstream: ["clean.a"],
    });
  });

  it("knows no asset and no column that are not there", () => {
    expect(() => lineageAnswer(input, { target: "clean.b", up: 1, down: 1 })).toThrow(
      expect.objectContaining({ code: "MR2020", hint: 'did you mean "clean.a"?' }),
    );
    expect(() => lineageAnswer(input, { target: "clean.a.prize", up: 1, down: 1 })).toThrow(
      expect.objectContaining({ code: "MR2020", hint: "it has price, attrs, plan, rank" }),
    );
  });
});
