import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildGraph } from "./graph.ts";
import { model, sampleGraph, share, source, task } from "./nodes.fixture.ts";

describe("the graph of a project", () => {
  it("puts needs before what needs them, otherwise by name", () => {
    expect(sampleGraph().order).toEqual(["raw.a", "raw.b", "clean.a", "clean.ab", "final.x", "out.x", "task:train"]);
  });

  it("knows needs and dependents, also those that definitions name", () => {
    const graph = sampleGraph();
    expect(graph.needs.get("out.x")).toEqual(["final.x"]);
    expect(graph.dependents.get("final.x")).toEqual(["out.x", "task:train"]);
  });

  it("keeps the order for any graph without circles, and finds every node once, however the files were found", () => {
    const graphs = fc.integer({ min: 1, max: 40 }).chain((size) =>
      fc.record({
        edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 120 }),
        names: fc.shuffledSubarray([...Array(size).keys()], { minLength: size, maxLength: size }),
        shuffle: fc.shuffledSubarray([...Array(size).keys()], { minLength: size, maxLength: size }),
      }),
    );
    fc.assert(
      fc.property(graphs, ({ edges, names, shuffle }) => {
        const id = (index: number): string => `m.n${names[index]}`;
        const dependencies = new Map<string, string[]>();
        for (const [a, b] of edges)
          if (a !== b) dependencies.set(id(Math.max(a, b)), [...(dependencies.get(id(Math.max(a, b))) ?? []), id(Math.min(a, b))]);
        const straight = buildGraph({ nodes: names.map((_, index) => model(id(index))), dependencies });
        const shuffled = buildGraph({ nodes: shuffle.map((index) => model(id(index))), dependencies });
        expect(straight.errors).toEqual([]);
        expect(shuffled.graph.order).toEqual(straight.graph.order);
        const place = new Map(straight.graph.order.map((node, index) => [node, index]));
        expect(place.size).toBe(names.length);
        for (const [node, needs] of dependencies) for (const need of needs) expect(place.get(need)!).toBeLessThan(place.get(node)!);
      }),
    );
  });

  it("tells a circle by its path, also one that goes through a transform", () => {
    const transform = {
      ...task("t", []),
      id: "clean.t",
      kind: "transform" as const,
      needs: ["clean.m"],
      key: [],
      checks: [],
      module: "pipelines/t.ts",
      exportName: "t",
    };
    const { errors } = buildGraph({
      nodes: [model("clean.m"), transform, source("raw.a")],
      dependencies: new Map([["clean.m", ["clean.t", "raw.a"]]]),
    });
    expect(errors.map(({ code, message }) => [code, message])).toEqual([
      ["MR2004", "These assets depend on each other in a circle: clean.m → clean.t → clean.m (each needs the next)"],
    ]);
  });

  it("tells a need that is not there, with what was meant", () => {
    const { errors } = buildGraph({
      nodes: [source("raw.sales"), share("out.x", "raw.sale"), task("t", ["out.x", "nothing.here"])],
      dependencies: new Map(),
    });
    expect(errors.map(({ message, hint }) => [message, hint])).toEqual([
      ["out.x needs raw.sale, which is no asset or task of this project", 'did you mean "raw.sales"?'],
      ["task:t needs nothing.here, which is no asset or task of this project", "`millrace ls` lists what there is"],
    ]);
  });

  it("lets checks wait for what they compare with, unless that waits for them", () => {
    const nodes = [model("m.a"), model("m.b"), model("m.c")];
    const { graph, errors } = buildGraph({
      nodes,
      dependencies: new Map([["m.b", ["m.a"]]]),
      checkNeeds: new Map([
        ["m.a", ["m.b", "m.c"]],
        ["m.c", ["m.a"]],
      ]),
    });
    expect(errors).toEqual([]);
    expect(graph.needs.get("m.a")).toEqual(["m.c"]);
    expect(graph.needs.get("m.c")).toEqual([]);
    expect(graph.reads.get("m.a")).toEqual([]);
  });
});
