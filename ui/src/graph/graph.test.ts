// The graph's picture without a browser: layers, crossings, overlap, what stays where it was, groups, ways, keys.
import { describe, expect, it } from "vitest";
import type { GraphNodeAnswer } from "../../../src/model/graph-answers.ts";
import type { AssetChangeAnswer } from "../../../src/model/change-answers.ts";
import { cameraText, fit, parseCamera, toView, toWorld, zoomAt } from "./canvas/camera.ts";
import { isInside } from "./canvas/lasso.ts";
import { spatialIndex } from "./canvas/spatial.ts";
import { layOut } from "./layout/layout.ts";
import { LAYER_GAP, type Layout, type LayoutEdge, NODE_GAP } from "./layout/types.ts";
import { type ChangeKind, changesWords, itemMarks, marksOf } from "./marks.ts";
import { between, graphModel, longestChain, reach, worstStatus } from "./model.ts";
import { moved, typedTo } from "./moves.ts";
import { placesOfWords, toggled, withNeighbours, wordsOfPlaces } from "./picks.ts";
import { sceneOf } from "./scene.ts";

const size = { width: 200, height: 40 };
const boxes = (count: number) => Array.from({ length: count }, (_, place) => ({ id: `n${place}`, ...size }));

/** A pipeline of `layers` layers; the same seed gives the same one. */
function pipeline(count: number, layers: number, seed: number): LayoutEdge[] {
  let state = seed;
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) & 0x7f_ff_ff_ff) / 0x7f_ff_ff_ff;
  const per = Math.ceil(count / layers);
  const edges = new Map<string, LayoutEdge>();
  for (let to = per; to < count; to++)
    for (let n = random() < 0.4 ? 2 : 1; n > 0; n--) {
      const back = random() < 0.8 ? 1 : 2;
      const layer = Math.max(0, Math.floor(to / per) - back);
      const from = layer * per + Math.floor(random() * per);
      if (from < to) edges.set(`${from} ${to}`, { from, to });
    }
  return [...edges.values()];
}

function overlaps({ x, y }: Layout): number {
  let count = 0;
  for (const a of x.keys())
    for (const b of x.keys()) if (a < b && Math.abs(x[a]! - x[b]!) < size.width && Math.abs(y[a]! - y[b]!) < size.height) count++;
  return count;
}

describe("a layout", () => {
  it("puts each node right of what it reads, and nothing on top of another", () => {
    const edges = pipeline(300, 8, 5);
    const layout = layOut({ nodes: boxes(300), edges });
    for (const { from, to } of edges) expect(layout.x[to]! - layout.x[from]!).toBeGreaterThanOrEqual(size.width + LAYER_GAP);
    expect(overlaps(layout)).toBe(0);
  });

  it("draws a chain as one straight line", () => {
    const layout = layOut({ nodes: boxes(4), edges: [0, 1, 2].map((from) => ({ from, to: from + 1 })) });
    expect(new Set(layout.y)).toEqual(new Set([0]));
    expect(layout.crossings).toBe(0);
  });

  it("finds the order without crossings where there is one", () => {
    // Two trees whose leaves are given in turns: crossed as given, plain when they are sorted.
    const edges = [2, 4, 6].flatMap((to) => [
      { from: 0, to },
      { from: 1, to: to + 1 },
    ]);
    expect(layOut({ nodes: boxes(8), edges }).crossings).toBe(0);
  });

  it("has far fewer crossings than the order that the nodes were given in", () => {
    const edges = pipeline(400, 10, 3);
    const { crossings, layer } = layOut({ nodes: boxes(400), edges });
    let given = 0;
    for (const [at, a] of edges.entries())
      for (const b of edges.slice(at + 1))
        if (layer[a.from] === layer[b.from] && layer[a.to] === layer[b.to] && (a.from - b.from) * (a.to - b.to) < 0) given++;
    expect(given).toBeGreaterThan(0);
    expect(crossings).toBeLessThan(given * 0.7);
  });

  it("gives the same picture for the same graph", () => {
    const input = { nodes: boxes(200), edges: pipeline(200, 6, 9) };
    expect(layOut(input).y).toEqual(layOut(input).y);
  });

  it("leaves everything where it stood when a node is added to it", () => {
    const edges = pipeline(200, 6, 9);
    const first = layOut({ nodes: boxes(200), edges });
    const before = new Map(boxes(200).map(({ id }, place) => [id, { x: first.x[place]!, y: first.y[place]! }]));
    const second = layOut({ nodes: boxes(201), edges: [...edges, { from: 3, to: 200 }], before });
    const far = boxes(200).filter((_, place) => Math.abs(second.y[place]! - first.y[place]!) > size.height + NODE_GAP);
    expect(far).toEqual([]);
    expect(overlaps(second)).toBe(0);
  });

  it("draws circles of folded groups without an end", () => {
    const layout = layOut({
      nodes: boxes(3),
      edges: [
        { from: 0, to: 1 },
        { from: 1, to: 2 },
        { from: 2, to: 0 },
        { from: 1, to: 1 },
      ],
    });
    expect([...layout.x].every(Number.isFinite)).toBe(true);
    expect(layout.routes).toHaveLength(4);
    // The edge that closes the circle leads from the right of the last to the left of the first.
    expect(layout.routes[2]![0]).toBe(layout.x[2]);
  });

  it("takes nothing, one node, and nodes without edges", () => {
    expect(layOut({ nodes: [], edges: [] }).width).toBe(0);
    expect([...layOut({ nodes: boxes(1), edges: [] }).y]).toEqual([0]);
    expect(overlaps(layOut({ nodes: boxes(50), edges: [] }))).toBe(0);
  });

  it("lays out 2,000 nodes with routes for all edges", () => {
    const edges = pipeline(2_000, 16, 7);
    const layout = layOut({ nodes: boxes(2_000), edges });
    expect(layout.routes.every((route) => route.length >= 4 && route.every(Number.isFinite))).toBe(true);
  });
});

const node = (asset: string, needs: readonly number[], rest: Partial<GraphNodeAnswer> = {}): GraphNodeAnswer => ({
  asset,
  kind: "model",
  materialize: "table",
  group: asset.split(".")[0]!,
  status: "current",
  needs,
  owner: null,
  tags: [],
  rows: null,
  updatedAt: null,
  seconds: 1,
  checks: { passed: 0, warned: 0, failed: 0, unknown: 0 },
  quarantined: 0,
  columns: 0,
  description: null,
  ...rest,
});

//  raw.a ─ clean.b ─ out.d        raw.c ─ out.e        clean.f alone
const model = graphModel({
  nodes: [
    node("raw.a", []),
    node("clean.b", [0], { seconds: 9 }),
    node("raw.c", [], { status: "failed", quarantined: 3 }),
    node("out.d", [1]),
    node("out.e", [2]),
    node("clean.f", []),
  ],
});
const all = new Set(model.nodes.keys());

describe("a graph", () => {
  it("knows what is above and below, and every node on the way between two", () => {
    expect([...reach(3, model.needs).keys()].toSorted((a, b) => a - b)).toEqual([0, 1]);
    expect([...reach(0, model.readers, 1).keys()]).toEqual([1]);
    expect([...between(model, 3, 0)].toSorted((a, b) => a - b)).toEqual([0, 1, 3]);
    expect(between(model, 0, 4).size).toBe(0);
  });

  it("knows the chain that takes longest", () => {
    expect(longestChain(model, all)).toEqual([0, 1, 3]);
  });

  it("folds a group into one item that stands as its worst asset does, with one edge for many", () => {
    const scene = sceneOf({ model, shown: all, isFolded: (group) => group === "raw" || group === "out" });
    const groups = scene.items.filter(({ kind }) => kind === "group");
    expect(
      groups.map((each) => [each.key, each.kind === "group" ? each.status : "", each.kind === "group" ? each.quarantined : 0]),
    ).toEqual([
      ["group:out", "current", 0],
      ["group:raw", "failed", 3],
    ]);
    const named = scene.edges.map(({ from, to }) => `${scene.items[from]!.key} ${scene.items[to]!.key}`);
    expect(named.toSorted(([a], [b]) => (a! < b! ? -1 : 1))).toEqual(["clean.b group:out", "group:raw clean.b", "group:raw group:out"]);
    expect(worstStatus(["current", "stale", "missing"])).toBe("stale");
  });

  it("is walked by the arrows along its edges and by typing names", () => {
    const scene = sceneOf({ model, shown: all, isFolded: () => false });
    const layout = layOut({ nodes: scene.items.map(({ key }) => ({ id: key, ...size })), edges: scene.edges });
    const placed = { scene, layout, tookMs: 0, isHeld: false };
    expect(moved(placed, 0, "right")).toBe(1);
    expect(moved(placed, 1, "right")).toBe(3);
    expect(moved(placed, 3, "right")).toBe(3);
    expect(moved(placed, 3, "left")).toBe(1);
    expect(moved(placed, -1, "first")).toBeGreaterThanOrEqual(0);
    expect(typedTo(placed, 0, "out.e")).toBe(4);
    expect(typedTo(placed, 0, "d")).toBe(3);
    expect(typedTo(placed, 0, "zzz")).toBe(0);
  });
});

describe("a selection", () => {
  const places = (...assets: readonly string[]): ReadonlySet<number> => new Set(assets.map((asset) => model.placeOf.get(asset)!));

  it("is told in the fewest words of the grammar, and found again by them", () => {
    const some = places("raw.a", "raw.c", "out.d");
    expect(wordsOfPlaces(model, some)).toEqual(["out.d", "raw.*"]);
    expect(placesOfWords(model, ["out.d", "raw.*", "gone.x", "gone.*"])).toEqual(some);
    expect(wordsOfPlaces(model, new Set())).toEqual([]);
  });

  it("widens by a step on both sides, and what is selected already leaves when it is meant again", () => {
    expect(withNeighbours(model, places("clean.b"))).toEqual(places("clean.b", "raw.a", "out.d"));
    expect(toggled(places("raw.a"), [...places("raw.a", "raw.c")])).toEqual(places("raw.a", "raw.c"));
    expect(toggled(places("raw.a", "raw.c"), [...places("raw.a", "raw.c")])).toEqual(new Set());
  });

  it("is what lies inside of a loop, also of one that is bent", () => {
    const bent = [
      [0, 0],
      [100, 0],
      [100, 100],
      [50, 40],
      [0, 100],
    ].map(([x, y]) => ({ x: x!, y: y! }));
    expect(isInside(bent, { x: 50, y: 20 })).toBe(true);
    expect(isInside(bent, { x: 50, y: 80 })).toBe(false);
    expect(isInside(bent, { x: 120, y: 20 })).toBe(false);
    expect(isInside([], { x: 0, y: 0 })).toBe(false);
  });
});

describe("changes beside another state", () => {
  const change = (asset: string, kind: ChangeKind): AssetChangeAnswer => ({
    asset,
    kind: "model",
    change: kind,
    rows: true,
    columns: [],
    settings: [],
    reasons: [],
  });
  const assets = [change("clean.b", "breaking"), change("out.d", "indirect"), change("raw.c", "added"), change("raw.gone", "removed")];

  it("mark what they touch; a folded group is marked by what matters most, with how many", () => {
    const marks = marksOf(model, { assets });
    expect([...marks].map(([place, mark]) => [model.nodes[place]!.asset, mark.change])).toEqual([
      ["clean.b", "breaking"],
      ["out.d", "indirect"],
      ["raw.c", "added"],
    ]);
    const scene = sceneOf({ model, shown: all, isFolded: (group) => group === "clean" || group === "out" });
    const named = [...itemMarks(scene, marks)].map(([item, { change: what, word }]) => [scene.items[item]!.key, what, word]);
    expect(named.toSorted(([a], [b]) => (a! < b! ? -1 : 1))).toEqual([
      ["group:clean", "breaking", "1 changed"],
      ["group:out", "indirect", "1 changed"],
      ["raw.c", "added", "added"],
    ]);
  });

  it("are told in a sentence that names what is gone", () => {
    expect(changesWords({ assets })).toBe("1 breaking, 1 removed: raw.gone, 1 added, 1 changed indirectly");
    expect(changesWords({ assets: [] })).toBe("nothing differs");
  });
});

describe("the view", () => {
  it("finds the box at a point and those in a rectangle, as looking at all of them does", () => {
    const layout = layOut({ nodes: boxes(120), edges: pipeline(120, 5, 2) });
    const index = spatialIndex({ x: layout.x, y: layout.y, width: () => size.width, height: () => size.height });
    for (let place = 0; place < 120; place++) expect(index.at(layout.x[place]! + 1, layout.y[place]! + 1)).toBe(place);
    expect(index.at(layout.x[0]! - 5, layout.y[0]! - 5)).toBe(-1);
    const [left, top, right, bottom] = [150, 100, 700, 900];
    const within = [...layout.x.keys()].filter(
      (place) =>
        layout.x[place]! <= right &&
        layout.x[place]! + size.width >= left &&
        layout.y[place]! <= bottom &&
        layout.y[place]! + size.height >= top,
    );
    expect([...index.within(left, top, right, bottom)].toSorted((a, b) => a - b)).toEqual(within);
  });

  it("keeps the point under the pointer while it zooms, and stands in the address", () => {
    const view = { width: 800, height: 600 };
    const camera = fit({ left: 0, top: 0, right: 4_000, bottom: 1_000 }, view);
    const [before, zoomed] = [toWorld(camera, view, 100, 50), zoomAt(camera, view, { x: 100, y: 50, factor: 3 })];
    const point = toView(zoomed, view, before.x, before.y);
    expect([Math.round(point.x), Math.round(point.y)]).toEqual([100, 50]);
    expect(parseCamera(cameraText({ x: 12, y: -7, zoom: 0.5 }))).toEqual({ x: 12, y: -7, zoom: 0.5 });
    for (const bad of ["", "1,2", "a,b,c", "1,2,0", "1,2,3,4"]) expect(parseCamera(bad)).toBeUndefined();
  });
});
