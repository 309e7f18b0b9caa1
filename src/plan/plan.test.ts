import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LiveInput, SourceState } from "./decide.ts";
import { buildGraph } from "./graph.ts";
import { model, sampleGraph, source, task } from "./nodes.fixture.ts";
import { type PlanInput, planRun, toPlanAnswer } from "./plan.ts";

const graph = sampleGraph();

/** Everything built by run r_1 from the versions that are live now. */
function built(): Map<string, LiveInput> {
  return new Map(
    graph.order
      .filter((node) => !node.startsWith("task:"))
      .map((id) => [
        id,
        {
          version: `v_${id}`,
          codeHash: "code",
          inputs: Object.fromEntries(graph.needs.get(id)!.map((need) => [need, `v_${need}`])),
          sourceState: "s1",
          run: "r_1",
        },
      ]),
  );
}

const quiet: ReadonlyMap<string, SourceState> = new Map([
  ["raw.a", { token: "s1", detail: "" }],
  ["raw.b", { token: "s1", detail: "" }],
]);

function plan(more: Partial<PlanInput>): Readonly<Record<string, string>> {
  const { plan } = planRun({ graph, live: built(), sources: quiet, ...more });
  return Object.fromEntries(plan.nodes.map(({ id, action, reason, change }) => [id, `${action} (${change}): ${reason}`]));
}

function id(index: number): string {
  return `m.n${index}`;
}

function change(live: Map<string, LiveInput>, id: string, to: Partial<LiveInput>): Map<string, LiveInput> {
  return new Map([...live, [id, { ...live.get(id)!, ...to }]]);
}

describe("a plan", () => {
  it("builds everything the first time", () => {
    expect(new Set(Object.values(plan({ live: new Map(), selection: "not kind:task" })))).toEqual(
      new Set(["build (nonBreaking): never built"]),
    );
  });

  it("reuses everything when nothing changed, and runs tasks every time", () => {
    expect(plan({})).toEqual({
      "raw.a": "reuse (none): unchanged since r_1",
      "raw.b": "reuse (none): unchanged since r_1",
      "clean.a": "reuse (none): unchanged since r_1",
      "clean.ab": "reuse (none): unchanged since r_1",
      "final.x": "reuse (none): unchanged since r_1",
      "out.x": "reuse (none): unchanged since r_1",
      "task:train": "build (none): tasks run every time",
    });
  });

  it("builds what a changed source reaches, with the source's own words", () => {
    const sources = new Map([...quiet, ["raw.b", { token: "s2", detail: "files changed: 2 new, 1 changed" }]]);
    expect(plan({ sources, selection: "not kind:task" })).toEqual({
      "raw.a": "reuse (none): unchanged since r_1",
      "raw.b": "build (none): files changed: 2 new, 1 changed",
      "clean.a": "reuse (none): unchanged since r_1",
      "clean.ab": "build (none): raw.b is refreshed before it",
      "final.x": "build (none): clean.ab is refreshed before it",
      "out.x": "build (none): final.x is refreshed before it",
    });
  });

  it("asks a source each time that only tells by reading", () => {
    expect(plan({ sources: new Map([...quiet, ["raw.a", { token: null, detail: "" }]]) })["raw.a"]).toBe(
      "build (none): its source is asked at each run",
    );
    expect(plan({ sources: new Map() })["raw.b"]).toBe("build (none): its source is asked at each run");
  });

  it("says when SQL changed, and how far that reaches", () => {
    const live = change(built(), "clean.a", { codeHash: "other" });
    expect(plan({ live, selection: "clean.a+ and not kind:task" })).toEqual({
      "clean.a": "build (breaking): its SQL or its settings changed",
      "final.x": "build (indirect): clean.a is rebuilt",
      "out.x": "build (indirect): final.x is rebuilt",
    });
  });

  it("knows columns that were only added", () => {
    const added = buildGraph({ nodes: [model("m.a", { codeHash: "h2:rest:aa,bb,cc" })], dependencies: new Map() }).graph;
    const reason = (codeHash: string): string => {
      const live = new Map([["m.a", { version: "v", codeHash, inputs: {}, sourceState: null, run: null }]]);
      return planRun({ graph: added, live, sources: new Map() }).plan.nodes[0]!.change;
    };
    expect(reason("h1:rest:aa,bb")).toBe("nonBreaking");
    expect(reason("h1:other:aa,bb")).toBe("breaking");
    expect(reason("h1:rest:aa,xx")).toBe("breaking");
    expect(reason("h1:rest:bb,cc")).toBe("breaking");
    expect(reason("h1")).toBe("breaking");
  });

  it("notices an input that moved on by itself", () => {
    const live = change(built(), "raw.b", { version: "v_2" });
    expect(plan({ live })["clean.ab"]).toBe("build (none): raw.b changed (version v_2)");
    expect(plan({ live: change(built(), "clean.ab", { inputs: { "raw.a": "v_raw.a" } }) })["clean.ab"]).toBe(
      "build (none): it did not read raw.b before",
    );
  });

  it("never reuses what differs at each run", () => {
    const alwaysBuild = new Map([["clean.a", "it uses now(), which differs at each run"]]);
    expect(plan({ alwaysBuild })["clean.a"]).toBe("build (none): it uses now(), which differs at each run");
    expect(plan({ alwaysBuild })["final.x"]).toBe("build (none): clean.a is refreshed before it");
  });

  it("builds what is selected when forced to", () => {
    expect(plan({ fullRefresh: true, selection: "clean.a raw.b" })).toEqual({
      "raw.b": "build (none): forced by --full-refresh",
      "clean.a": "build (none): forced by --full-refresh",
    });
  });

  it("runs nothing outside the selection, and says what is read as it is", () => {
    const live = change(change(built(), "clean.ab", { codeHash: "other" }), "final.x", { codeHash: "other" });
    expect(plan({ live, selection: "final.x" })).toEqual({
      "final.x": "build (breaking): its SQL or its settings changed; reads clean.ab as it is",
    });
    expect(planRun({ graph, live, sources: quiet, selection: "final.x" }).plan.nodes[0]!.needs).toEqual([]);
  });

  it("tells nodes that cannot work because what they read was never built and is not selected", () => {
    const { plan: partial, missing } = planRun({ graph, live: new Map(), sources: quiet, selection: "clean.a+1" });
    expect(missing).toEqual([
      { node: "clean.a", needs: "raw.a" },
      { node: "final.x", needs: "clean.ab" },
    ]);
    expect(partial.nodes[0]!.reason).toBe("never built; reads raw.a, which was never built and is not selected");
  });

  it("reports assets that no file defines any more, only when everything is asked for", () => {
    const live = new Map([...built(), ["clean.gone", built().get("clean.a")!]]);
    expect(toPlanAnswer(planRun({ graph, live, sources: quiet })).nodes.at(-1)).toEqual({
      asset: "clean.gone",
      action: "remove",
      reason: "no file of the project defines it any more; its data is kept",
      change: "breaking",
      partitions: [],
    });
    expect(planRun({ graph, live, sources: quiet, selection: "clean.*" }).removed).toEqual([]);
  });

  it("does not rebuild for what only a check reads, unless that is built too", () => {
    const checked = buildGraph({
      nodes: [source("raw.a"), model("m.a")],
      dependencies: new Map(),
      checkNeeds: new Map([["m.a", ["raw.a"]]]),
    }).graph;
    const live = new Map([
      ["raw.a", { version: "v2", codeHash: "code", inputs: {}, sourceState: "s1", run: null }],
      ["m.a", { version: "v", codeHash: "code", inputs: {}, sourceState: null, run: null }],
    ]);
    const actions = (token: string): string[] =>
      planRun({ graph: checked, live, sources: new Map([["raw.a", { token, detail: "" }]]) }).plan.nodes.map(({ action }) => action);
    expect(actions("s1")).toEqual(["reuse", "reuse"]);
    expect(actions("s2")).toEqual(["build", "build"]);
  });

  it("carries retries and times: the node's own, the job's, the project's, the product's", () => {
    const own = { ...model("m.a"), retry: { attempts: 5, delay: "2s" }, timeout: "10m" };
    const graph = buildGraph({ nodes: [own, task("t", [])], dependencies: new Map() }).graph;
    const { plan } = planRun({
      graph,
      live: new Map(),
      sources: new Map(),
      job: { name: "nightly", retry: { attempts: 2, factor: 3 }, timeout: "1h" },
      defaults: { retry: { jitter: false, factor: 9 }, timeout: "5m" },
      concurrency: 2,
      params: { region: "north" },
    });
    expect(plan).toMatchObject({ job: "nightly", concurrency: 2, timeoutMs: 3_600_000, params: { region: "north" } });
    expect(plan.nodes.map(({ retry, timeoutMs }) => ({ ...retry, timeoutMs }))).toEqual([
      { attempts: 5, delayMs: 2_000, factor: 3, maxDelayMs: 60_000, jitter: false, timeoutMs: 600_000 },
      { attempts: 2, delayMs: 1_000, factor: 3, maxDelayMs: 60_000, jitter: false, timeoutMs: 300_000 },
    ]);
  });

  it("keeps needs before what needs them and inside itself, and never reuses what reads something that is built, for any graph and selection", () => {
    const cases = fc.integer({ min: 1, max: 30 }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 90 }),
        changed: fc.uniqueArray(fc.nat(size - 1)),
        chosen: fc.uniqueArray(fc.nat(size - 1), { minLength: 1 }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ size, edges, changed, chosen }) => {
        const dependencies = new Map<string, string[]>();
        for (const [a, b] of edges) if (a < b) dependencies.set(id(b), [...(dependencies.get(id(b)) ?? []), id(a)]);
        const { graph } = buildGraph({ nodes: Array.from({ length: size }, (_, index) => model(id(index))), dependencies });
        const live = new Map(
          graph.order.map((node, index) => [
            node,
            {
              version: node,
              codeHash: changed.includes(index) ? "old" : "code",
              inputs: Object.fromEntries(graph.needs.get(node)!.map((need) => [need, need])),
              sourceState: null,
              run: null,
            },
          ]),
        );
        const { plan } = planRun({ graph, live, sources: new Map(), selection: chosen.map(id).join(" ") });
        const seen = new Map<string, string>();
        for (const node of plan.nodes) {
          for (const need of node.needs) expect(seen.has(need)).toBe(true);
          if (node.needs.some((need) => seen.get(need) === "build")) expect(node.action).toBe("build");
          seen.set(node.id, node.action);
        }
        expect([...seen.keys()].toSorted()).toEqual(chosen.map(id).toSorted());
      }),
    );
  });
});
