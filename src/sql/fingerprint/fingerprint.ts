// The fingerprint of one query: the plan is walked, and what its rows, its columns and its order rest on is written down by asset and column.
import type { FingerprintLeaf, QueryFingerprint } from "../../model/fingerprint.ts";
import { type MeaningOptions, meaningOf } from "./walk.ts";
import { rowsOf, SOME_ORDER, splitLeaf, type Term } from "./terms.ts";
import type { CompiledColumn } from "../compile/types.ts";
import { type PlanNode, UnknownPlan } from "../plan/nodes.ts";
import { hashOf } from "../syntax/tree.ts";

/** Raised when the way in which fingerprints are made changes: models are then built once more. */
const MAKING = "fingerprint-2";

interface FingerprintOptions extends MeaningOptions {
  /** DuckDB's spelling of a column's type; empty where it is not known. */
  readonly typeOf: (asset: string, column: string) => string;
}

/** The fingerprint of a query that gives `columns`; null where its plan is not understood. */
export function fingerprintOfPlan(
  plan: PlanNode,
  columns: readonly CompiledColumn[],
  options: FingerprintOptions,
): QueryFingerprint | null {
  try {
    const { out, sort, ...relation } = meaningOf(plan, options);
    if (out.length !== columns.length) return null;
    const rows = rowsOf(relation);
    const isDelicate = ({ leaves: own }: Term): boolean => [...own].some((leaf) => splitLeaf(leaf).part === "order");
    const leaves = [...new Set([rows, ...out, ...(sort === null ? [] : [sort])].flatMap((one) => [...one.leaves]))]
      .filter((leaf) => leaf !== SOME_ORDER)
      .toSorted();
    const places = new Map(leaves.map((leaf, index) => [leaf, index]));
    const restsOf = ({ leaves: own }: Term): readonly number[] =>
      [...own].flatMap((leaf) => places.get(leaf) ?? []).toSorted((a, b) => a - b);
    const names = columns.map(({ name }) => name);
    const perColumn = <Value>(value: (one: Term, index: number) => Value): Readonly<Record<string, Value>> =>
      Object.fromEntries(names.map((name, index) => [name, value(out[index]!, index)]));
    return {
      rows: hashOf(MAKING, rows.hash),
      columns: perColumn((one, index) => hashOf(MAKING, one.hash, columns[index]!.type)),
      names,
      sort: sort === null ? null : hashOf(MAKING, sort.hash),
      reads: readsOf(leaves),
      leaves: leaves.map((leaf) => leafOf(leaf, options)),
      rests: { rows: restsOf(rows), columns: perColumn(restsOf) },
      delicate: { rows: isDelicate(rows), columns: names.filter((_, index) => isDelicate(out[index]!)) },
      words: {
        rows: [...relation.sources.map(({ words }) => words), ...relation.conditions.map(({ words }) => `where ${words}`)],
        columns: perColumn(({ words }) => words),
      },
    };
  } catch (thrown) {
    if (thrown instanceof UnknownPlan) return null;
    throw thrown;
  }
}

function leafOf(key: string, { typeOf }: FingerprintOptions): FingerprintLeaf {
  const { part, asset, column } = splitLeaf(key);
  return part === "column" ? { asset, part, column, type: typeOf(asset, column) } : { asset, part };
}

function readsOf(leaves: readonly string[]): QueryFingerprint["reads"] {
  const reads = new Map<string, string[]>();
  for (const leaf of leaves) {
    const { part, asset, column } = splitLeaf(leaf);
    const list = reads.get(asset) ?? [];
    if (part === "column") list.push(column);
    reads.set(asset, list);
  }
  return Object.fromEntries(reads);
}
