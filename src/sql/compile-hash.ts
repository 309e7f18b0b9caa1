// The identity of a model: what it computes and how it is kept. Comments, formatting and descriptions are no part of it (PROJECT §10).
import type { ModelSpec } from "../model/definitions/model.ts";
import { hashOf } from "./syntax-tree.ts";

/** Changes when what is built may change. `syntaxHash` is `CompiledQuery.syntaxHash`; `params` are the values of the parameters that the SQL uses. */
export function modelCodeHash(spec: ModelSpec, syntaxHash: string, params: Readonly<Record<string, string>> = {}): string {
  const types = Object.entries(spec.columns ?? {}).flatMap(([name, column]) =>
    typeof column === "object" && column.type !== undefined ? [[name, column.type] as const] : [],
  );
  const settings = {
    materialize: spec.materialize,
    key: spec.key === undefined ? [] : [spec.key].flat(),
    incremental: spec.incremental,
    types: Object.fromEntries(types),
    // Checks decide which rows are published and which go to quarantine.
    checks: spec.checks ?? [],
    params,
  };
  return hashOf(syntaxHash, stableJson(settings));
}

/** JSON with sorted keys: the order in which settings are written does not count. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
