// Nodes for the tests of this folder, with the keys that a test does not care about filled in.
import { modelSpec } from "../model/definitions/model.ts";
import { sourceSpec } from "../model/definitions/source.ts";
import { exportSpec } from "../model/definitions/export.ts";
import type { NodeId, ProjectNode } from "../model/graph.ts";
import { buildGraph, type Graph } from "./graph.ts";

interface Common {
  readonly tags?: readonly string[];
  readonly owner?: string;
  readonly file?: string;
  readonly codeHash?: string;
}

function common(id: NodeId, folder: string, { tags = [], owner, file, codeHash = "code" }: Common) {
  const path = file ?? `${folder}/${id.replace(/^task:/, "").replace(".", "/")}`;
  return { id, file: path, description: undefined, tags, owner, retry: undefined, timeout: undefined, codeHash };
}

export function source(id: NodeId, more: Common = {}): ProjectNode {
  return {
    ...common(id, "sources", more),
    kind: "source",
    spec: sourceSpec.parse({ from: { files: {} } }),
    connector: "files",
    options: {},
    checks: [],
  };
}

export function model(id: NodeId, more: Common & { readonly materialize?: string } = {}): ProjectNode {
  const spec = modelSpec.parse({ materialize: more.materialize ?? "table" });
  return { ...common(id, "models", more), kind: "model", spec, sql: "select 1", sqlOffset: 0, text: "select 1", checks: [] };
}

export function share(id: NodeId, select: NodeId, more: Common = {}): ProjectNode {
  return {
    ...common(id, "exports", more),
    kind: "export",
    spec: exportSpec.parse({ select, to: { files: {} } }),
    connector: "files",
    options: {},
  };
}

export function task(name: string, after: readonly NodeId[], more: Common = {}): ProjectNode {
  return {
    ...common(`task:${name}`, "pipelines", more),
    kind: "task",
    after,
    action: { kind: "typescript", module: "pipelines/x.ts", exportName: name },
  };
}

/** raw.a, raw.b → clean.a (a), clean.ab (a, b) → final.x (clean.a, clean.ab) → out.x; task:train after final.x. */
export function sampleGraph(): Graph {
  const nodes = [
    source("raw.a", { tags: ["county", "slow"], owner: "data@team" }),
    source("raw.b", { owner: "@ana" }),
    model("clean.a", { tags: ["county"], materialize: "view" }),
    model("clean.ab"),
    model("final.x", { file: "models/final/deep/x.sql" }),
    share("out.x", "final.x"),
    task("train", ["final.x"]),
  ];
  const dependencies = new Map([
    ["clean.a", ["raw.a"]],
    ["clean.ab", ["raw.a", "raw.b"]],
    ["final.x", ["clean.a", "clean.ab"]],
  ]);
  return buildGraph({ nodes, dependencies }).graph;
}
