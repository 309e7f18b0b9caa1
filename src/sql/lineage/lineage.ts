// Column lineage of one query: the plan is walked, and its tables become assets again.
import type { AssetLineage, LineageSource } from "../../model/lineage.ts";
import { isHidden, kindOf, type Sources, splitKey, waysOf } from "./sources.ts";
import { walkPlan } from "./walk.ts";
import { type PlanNode, UnknownPlan } from "../plan/nodes.ts";

/** Lineage of the columns `names`, which stand in the plan's order; null when the plan holds something this version does not know. */
export function lineageOfPlan(plan: PlanNode, names: readonly string[], assetOf: (table: string) => string): AssetLineage | null {
  try {
    const { columns, influences } = walkPlan(plan);
    if (columns.length !== names.length) return null;
    return {
      columns: Object.fromEntries(names.map((name, index) => [name, sourcesList(columns[index]!, assetOf)])),
      influences: sourcesList(influences, assetOf),
    };
  } catch (thrown) {
    if (thrown instanceof UnknownPlan) return null;
    throw thrown;
  }
}

function sourcesList(sources: Sources, assetOf: (table: string) => string): readonly LineageSource[] {
  return [...sources]
    .map(([key, bits]): LineageSource => {
      const { table, path } = splitKey(key);
      const [kind, ways] = [kindOf(bits), waysOf(bits)];
      const source = { asset: assetOf(table), path, kind, ...(isHidden(bits) ? { hides: true as const } : {}) };
      return ways.length === 1 && ways[0] === kind ? source : { ...source, ways };
    })
    .toSorted((a, b) => compare(a.asset, b.asset) || compare(a.path, b.path));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
