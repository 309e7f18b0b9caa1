// The columns of a query's result that tell its rows apart because the query groups by them: found in DuckDB's bound plan, from the top down.
//   G1. The answer is a proof: what this walk does not know has no key, and the reason says what it is.
import type { Session } from "../session.ts";
import { nodesOf, type PlanNode, UnknownPlan } from "../plan/nodes.ts";
import { type Operator, readOperator } from "../plan/operator.ts";
import { analysisCopy } from "../syntax/copy.ts";
import type { TreeNode } from "../syntax/tree.ts";

export type GroupKey =
  /** Positions in the result, from 0. */
  { readonly positions: readonly number[] } | { readonly none: string };

/** Binds the query in the session, whose tables it reads; nothing is run. `paramTypes`: those of `$param.x`. */
export async function groupKeyOf(session: Session, sql: string): Promise<GroupKey> {
  const { text } = analysisCopy(sql, { parameters: "computed" });
  const row = await session.row<{ plan: string }>("select json_serialize_plan($1::varchar)::varchar as plan", [text]);
  const answer = JSON.parse(row?.plan ?? "{}") as TreeNode;
  const plan = answer["error"] === true ? undefined : nodesOf(answer["plans"]).at(-1);
  if (plan === undefined) return { none: "DuckDB cannot show its plan" };
  try {
    return keyIn(plan, new Map());
  } catch (thrown) {
    if (thrown instanceof UnknownPlan) return { none: `what its plan has above its groups is not understood (${thrown.message})` };
    throw thrown;
  }
}

const JOINED = "it joins what it has grouped, or does not group";
const UNGROUPED = "it does not group its rows";

function keyIn(node: PlanNode, ctes: Map<number, GroupKey>): GroupKey {
  const operator = readOperator(node);
  switch (operator.kind) {
    case "group":
      if (operator.sets.length > 1) return { none: "grouping sets" };
      if (operator.keys.length === 0) return { none: "one row of all rows: no groups" };
      return { positions: [...operator.keys.keys()] };
    case "project":
      return projected(operator.expressions, keyIn(operator.below, ctes));
    case "filter":
    case "sort":
      return chosen(operator.passed, keyIn(operator.below, ctes));
    case "distinct":
      return operator.isOn ? { none: "distinct on" } : distinctKey(operator.below, ctes);
    case "cte":
      ctes.set(operator.table, keyIn(operator.definition, ctes));
      return keyIn(operator.rest, ctes);
    case "named":
      return ctes.get(operator.cte) ?? { none: "it reads a CTE before its definition" };
    default:
      return { none: reasonOf(operator) };
  }
}

function reasonOf(operator: Exclude<Operator, { kind: "group" | "project" | "filter" | "sort" | "distinct" | "cte" | "named" }>): string {
  switch (operator.kind) {
    case "join":
      return operator.correlation === null ? JOINED : "a subquery that depends on each row";
    case "pairs":
    case "beside":
      return JOINED;
    case "set":
      return { LOGICAL_UNION: "a union", LOGICAL_EXCEPT: "except", LOGICAL_INTERSECT: "intersect" }[operator.type];
    case "window":
      return "window functions";
    case "limit":
      return "a limit";
    case "recursion":
      return "a recursive query";
    case "sample":
      return "a sample";
    case "unnest":
      return "unnest";
    case "scan":
    case "values":
    case "outer":
    case "constant":
      return UNGROUPED;
    default:
      return operator satisfies never;
  }
}

/** Every group must be passed on as it is. */
function projected(expressions: readonly PlanNode[], below: GroupKey): GroupKey {
  if ("none" in below) return below;
  const positions = below.positions.map((position) =>
    expressions.findIndex((each) => each["expression_class"] === "BOUND_REF" && Number(each["index"]) === position),
  );
  return positions.includes(-1) ? { none: "a column that it groups by is not in its result" } : { positions };
}

function chosen(passed: readonly number[], below: GroupKey): GroupKey {
  if ("none" in below || passed.length === 0) return below;
  const positions = below.positions.map((position) => passed.indexOf(position));
  return positions.includes(-1) ? { none: "a column that it groups by is not in its result" } : { positions };
}

/** What is distinct as a whole tells its rows apart by all columns. */
function distinctKey(node: PlanNode, ctes: Map<number, GroupKey>): GroupKey {
  const below = keyIn(node, ctes);
  if (!("none" in below)) return below;
  const operator = readOperator(node);
  return operator.kind === "project" && operator.expressions.length > 0 ? { positions: [...operator.expressions.keys()] } : below;
}
