// The identity of a model: what it computes and how it is kept. Comments, formatting and descriptions are no part of it (PROJECT §10).
import type { ModelSpec } from "../../model/definitions/model.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import { writeCodeHash } from "../../model/code-hash.ts";
import { incrementalIdentity } from "../../model/incremental.ts";
import { partitionIdentity } from "../../model/partition.ts";
import type { CompiledQuery } from "./types.ts";
import { hashOf } from "../syntax/tree.ts";

/** Changes when what is built may change. `params` are the values of the parameters that the SQL uses. Empty while the SQL cannot be read. */
export function modelCodeHash(
  spec: ModelSpec,
  query: Pick<CompiledQuery, "syntaxHash" | "shape" | "fingerprint">,
  params: Readonly<Record<string, string>> = {},
): string {
  if (query.shape === null) return "";
  const types = Object.entries(spec.columns ?? {}).flatMap(([name, column]) =>
    typeof column === "object" && column.type !== undefined ? [[name, column.type] as const] : [],
  );
  const settings = stableJson({
    materialize: spec.materialize,
    key: spec.key === undefined ? [] : [spec.key].flat(),
    incremental: spec.materialize === "incremental" ? incrementalIdentity(spec) : spec.incremental,
    snapshot: spec.snapshot,
    external: spec.external,
    types: Object.fromEntries(types),
    // Checks decide which rows are published and which go to quarantine.
    checks: spec.checks ?? [],
    partition: spec.partition === undefined ? undefined : partitionIdentity(spec.partition),
    params,
  });
  const text = hashOf(query.syntaxHash, settings);
  const { fingerprint } = query;
  if (fingerprint === null) return writeCodeHash({ whole: text, rest: hashOf(query.shape.body, settings), items: query.shape.items });
  const { rows, sort, names, columns } = fingerprint;
  const rest = hashOf(rows, sort ?? "", settings);
  const items = names.map((name) => ({ hash: hashOf(name, columns[name]!), plain: true }));
  const whole = hashOf(rest, ...items.map(({ hash }) => hash));
  return writeCodeHash({ whole, rest, items, meaning: { text, kept: keptHash(spec, { types: Object.fromEntries(types), params }) } });
}

/** What takes part in the contents besides the query: types that values are turned to, checks that take rows out, values of parameters. */
function keptHash({ checks = [] }: ModelSpec, rest: Readonly<Record<string, unknown>>): string {
  const taking = checks.filter((check) => JSON.stringify(check).includes("quarantine"));
  return hashOf(stableJson({ ...rest, checks: taking }));
}

/** What queries are given from outside of their text. */
export interface QueryInputs {
  /** Of the run. */
  readonly params?: Readonly<Record<string, string>> | undefined;
  /** Identity of the project's calendars. */
  readonly calendars?: string | undefined;
}

/** The nodes with the code hashes of their compiled SQL; others stay as they are. */
export function withCodeHashes(
  nodes: readonly ProjectNode[],
  compiled: ReadonlyMap<NodeId, CompiledQuery>,
  { params = {}, calendars = "" }: QueryInputs = {},
): readonly ProjectNode[] {
  return nodes.map((node) => {
    const query = compiled.get(node.id);
    if (node.kind !== "model" || query === undefined) return node;
    const used = query.parameters.flatMap((name) => {
      const value = name.startsWith("param.") ? params[name.slice("param.".length)] : undefined;
      return value === undefined ? [] : [[name, value] as const];
    });
    if (query.calendars) used.push(["calendars", calendars]);
    // What a text means to another engine is not known here: its words are its identity.
    if (node.engine !== undefined) return used.length === 0 ? node : { ...node, codeHash: hashOf(node.codeHash, stableJson(used)) };
    return { ...node, codeHash: modelCodeHash(node.spec, query, Object.fromEntries(used)) };
  });
}

/** Per model that can never be reused why: its result may differ although nothing that Millrace sees did. */
export function rebuildReasons(compiled: Iterable<CompiledQuery>): ReadonlyMap<NodeId, string> {
  const reasons = new Map<NodeId, string>();
  for (const { id, volatile, externals, opaque } of compiled) {
    const [external] = externals;
    if (volatile.length > 0) reasons.set(id, `it uses ${volatile.join(", ")}, which differs at each run`);
    else if (external !== undefined)
      reasons.set(id, `it reads ${external.kind === "file" ? `the file ${external.what}` : `${external.what}()`} itself`);
    else if (opaque.length > 0) reasons.set(id, `what it reads is computed (${opaque.join(", ")})`);
  }
  return reasons;
}

/** JSON with sorted keys: the order in which settings are written does not count. */
function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
