// The columns of a query's result that tell its rows apart because the query groups by them: found in DuckDB's bound plan, from the top down.
//   G1. The answer is a proof: what this walk does not know has no key, and the reason says what it is.
import { nodesOf, numbersOf, type PlanNode } from "./plan.ts";
import { type Session } from "../session.ts";
import { analysisCopy } from "../syntax/copy.ts";
import { isNode, textOf, type TreeNode } from "../syntax/tree.ts";

export type GroupKey =
  /** Positions in the result, from 0. */
  { readonly positions: readonly number[] } | { readonly none: string };

/** Binds the query in the session, whose tables it reads; nothing is run. `paramTypes`: those of `$param.x`. */
export async function groupKeyOf(session: Session, sql: string): Promise<GroupKey> {
  const { text } = analysisCopy(sql, { parameters: "computed" });
  const row = await session.row<{ plan: string }>("select json_serialize_plan($1::varchar)::varchar as plan", [text]);
  const answer = JSON.parse(row?.plan ?? "{}") as TreeNode;
  if (answer["error"] === true) return { none: "DuckDB cannot show its plan" };
  const plans = nodesOf(answer["plans"]);
  const plan = plans.at(-1);
  return plan === undefined ? { none: "DuckDB cannot show its plan" } : keyIn(plan, new Map());
}

const STANDS_ABOVE: Readonly<Record<string, string>> = {
  LOGICAL_WINDOW: "window functions",
  LOGICAL_LIMIT: "a limit",
  LOGICAL_UNION: "a union",
  LOGICAL_EXCEPT: "except",
  LOGICAL_INTERSECT: "intersect",
  LOGICAL_RECURSIVE_CTE: "a recursive query",
  LOGICAL_SAMPLE: "a sample",
  LOGICAL_UNNEST: "unnest",
  LOGICAL_PIVOT: "a pivot",
  LOGICAL_COMPARISON_JOIN: "it joins what it has grouped, or does not group",
  LOGICAL_ANY_JOIN: "it joins what it has grouped, or does not group",
  LOGICAL_ASOF_JOIN: "it joins what it has grouped, or does not group",
  LOGICAL_DELIM_JOIN: "a subquery that depends on each row",
  LOGICAL_CROSS_PRODUCT: "it joins what it has grouped, or does not group",
  LOGICAL_GET: "it does not group its rows",
  LOGICAL_EXPRESSION_GET: "it does not group its rows",
};

function keyIn(node: PlanNode, ctes: Map<number, GroupKey>): GroupKey {
  const children = nodesOf(node["children"]);
  const [child] = children;
  const type = textOf(node["type"]);
  switch (type) {
    case "LOGICAL_AGGREGATE_AND_GROUP_BY": {
      const groups = nodesOf(node["groups"]);
      const sets = Array.isArray(node["grouping_sets"]) ? node["grouping_sets"] : [];
      if (sets.length > 1) return { none: "grouping sets" };
      if (groups.length === 0) return { none: "one row of all rows: no groups" };
      return { positions: groups.map((_, index) => index) };
    }
    case "LOGICAL_PROJECTION":
      return child === undefined ? unknown(type) : projected(nodesOf(node["expressions"]), keyIn(child, ctes));
    case "LOGICAL_FILTER":
    case "LOGICAL_ORDER_BY": {
      if (child === undefined) return unknown(type);
      const map = numbersOf(node["projection_map"] ?? node["projections"]);
      const below = keyIn(child, ctes);
      if ("none" in below || map.length === 0) return below;
      const positions = below.positions.map((position) => map.indexOf(position));
      return positions.includes(-1) ? unknown(type) : { positions };
    }
    case "LOGICAL_DISTINCT": {
      if (child === undefined || node["distinct_type"] !== "DISTINCT") return { none: "distinct on" };
      const below = keyIn(child, ctes);
      if (!("none" in below)) return below;
      const columns = textOf(child["type"]) === "LOGICAL_PROJECTION" ? nodesOf(child["expressions"]) : [];
      return columns.length === 0 ? below : { positions: columns.map((_, index) => index) };
    }
    case "LOGICAL_MATERIALIZED_CTE":
    case "LOGICAL_CTE": {
      const [definition, rest] = children;
      if (definition === undefined || rest === undefined) return unknown(type);
      ctes.set(Number(node["table_index"]), keyIn(definition, ctes));
      return keyIn(rest, ctes);
    }
    case "LOGICAL_CTE_REF":
      return ctes.get(Number(node["cte_index"])) ?? unknown(type);
    default:
      return { none: STANDS_ABOVE[type] ?? `what its plan has above its groups is not understood (${type})` };
  }
}

/** Every group must be passed on as it is. */
function projected(expressions: readonly PlanNode[], below: GroupKey): GroupKey {
  if ("none" in below) return below;
  const positions = below.positions.map((position) =>
    expressions.findIndex((each) => isNode(each) && each["expression_class"] === "BOUND_REF" && Number(each["index"]) === position),
  );
  return positions.includes(-1) ? { none: "a column that it groups by is not in its result" } : { positions };
}

function unknown(type: string): GroupKey {
  return { none: `what its plan has above its groups is not understood (${type})` };
}
