// Small changes of queries, as syntax trees: most change what a query gives, some do not, many do not bind. Data tell which is which.
import type { TreeNode } from "../src/sql/syntax/tree.ts";

export interface Mutation {
  readonly what: string;
  readonly tree: TreeNode;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Tree = { readonly [key: string]: Json };

/** Every single change of `tree` that this file knows. `names`: columns and tables that may stand in for others. */
export function mutationsOf(
  tree: TreeNode,
  names: { readonly columns: readonly string[]; readonly tables: readonly string[] },
): readonly Mutation[] {
  const found: Mutation[] = [];
  const qualifiers = [...new Set(qualifiersIn(tree as Tree))];
  const walk = (value: Json, put: (next: Json) => Json): void => {
    if (Array.isArray(value)) {
      value.forEach((inner: Json, index) => walk(inner, (next) => put(value.map((old: Json, place) => (place === index ? next : old)))));
      return;
    }
    if (!isTree(value)) return;
    for (const [what, next] of changesOf(value, names, qualifiers)) found.push({ what, tree: put(next) as Tree });
    for (const [key, inner] of Object.entries(value)) walk(inner, (next) => put({ ...value, [key]: next }));
  };
  walk(tree as Tree, (next) => next);
  return found;
}

function isTree(value: Json): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function qualifiersIn(value: Json): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(qualifiersIn);
  if (!isTree(value)) return [];
  const own = value["class"] === "COLUMN_REF" && list(value["column_names"]).length === 2 ? [String(list(value["column_names"])[0])] : [];
  return [...own, ...Object.values(value).flatMap(qualifiersIn)];
}

const COMPARISONS = [
  "COMPARE_EQUAL",
  "COMPARE_NOTEQUAL",
  "COMPARE_LESSTHAN",
  "COMPARE_LESSTHANOREQUALTO",
  "COMPARE_GREATERTHAN",
  "COMPARE_GREATERTHANOREQUALTO",
  "COMPARE_DISTINCT_FROM",
  "COMPARE_NOT_DISTINCT_FROM",
];
const TURNED: Readonly<Record<string, string>> = {
  COMPARE_LESSTHAN: "COMPARE_GREATERTHAN",
  COMPARE_LESSTHANOREQUALTO: "COMPARE_GREATERTHANOREQUALTO",
  COMPARE_GREATERTHAN: "COMPARE_LESSTHAN",
  COMPARE_GREATERTHANOREQUALTO: "COMPARE_LESSTHANOREQUALTO",
};
const FUNCTIONS: readonly (readonly string[])[] = [
  ["sum", "avg", "min", "max", "count", "any_value"],
  ["list", "first", "last", "string_agg"],
  ["+", "-", "*", "%"],
  ["upper", "lower", "reverse"],
  ["greatest", "least", "coalesce"],
  ["row_number", "rank", "dense_rank", "ntile"],
  ["lag", "lead", "first_value", "last_value"],
  ["quantile_cont", "quantile_disc"],
  ["arg_max", "arg_min"],
  ["mode", "median"],
];
const JOINS = ["INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"];
const EDGES = [
  "UNBOUNDED_PRECEDING",
  "UNBOUNDED_FOLLOWING",
  "CURRENT_ROW_RANGE",
  "CURRENT_ROW_ROWS",
  "EXPR_PRECEDING_ROWS",
  "EXPR_FOLLOWING_ROWS",
];

type Change = readonly [string, Json];

function changesOf(node: Tree, names: Parameters<typeof mutationsOf>[1], qualifiers: readonly string[]): readonly Change[] {
  const changes: Change[] = [];
  const add = (what: string, fields: { readonly [key: string]: Json }): void => void changes.push([what, { ...node, ...fields }]);
  const others = (what: string, key: string, all: readonly string[]): void => {
    if (all.includes(String(node[key]))) for (const other of all) if (other !== node[key]) add(what, { [key]: other });
  };
  switch (String(node["class"])) {
    case "CONSTANT":
      changes.push(...constants(node));
      break;
    case "COLUMN_REF": {
      const path = list(node["column_names"]).map(String);
      for (const column of names.columns)
        if (path.length <= 2 && column !== path.at(-1)) add("column", { column_names: [...path.slice(0, -1), column] });
      if (path.length === 2)
        for (const qualifier of qualifiers) if (qualifier !== path[0]) add("qualifier", { column_names: [qualifier, path[1]!] });
      add("coalesced", coalesced(node));
      break;
    }
    case "COMPARISON":
      others("comparison", "type", COMPARISONS);
      add("comparison turned", { type: TURNED[String(node["type"])] ?? node["type"]!, left: node["right"]!, right: node["left"]! });
      add("sides swapped", { left: node["right"]!, right: node["left"]! });
      break;
    case "CONJUNCTION": {
      const children = list(node["children"]);
      add("and for or", { type: node["type"] === "CONJUNCTION_AND" ? "CONJUNCTION_OR" : "CONJUNCTION_AND" });
      add("conjuncts turned", { children: children.toReversed() });
      add("a conjunct twice", { children: [...children, children[0]!] });
      children.forEach((_, index) => add("a conjunct less", { children: children.filter((__, place) => place !== index) }));
      break;
    }
    case "FUNCTION": {
      const children = list(node["children"]);
      for (const group of FUNCTIONS) others("function", "function_name", group);
      if (children.length > 1) add("arguments turned", { children: children.toReversed() });
      add("distinct", { distinct: node["distinct"] !== true });
      if (node["filter"] !== null && node["filter"] !== undefined) add("no filter", { filter: null });
      break;
    }
    case "WINDOW": {
      for (const group of FUNCTIONS) others("function", "function_name", group);
      others("frame", "start", EDGES);
      others("frame", "end", EDGES);
      others("exclusion", "exclude_clause", ["NO_OTHER", "CURRENT_ROW", "GROUP", "TIES"]);
      add("ignore nulls", { ignore_nulls: node["ignore_nulls"] !== true });
      if (list(node["partitions"]).length > 0) add("no partition", { partitions: [] });
      if (list(node["orders"]).length > 0) add("no order", { orders: [] });
      break;
    }
    case "CASE":
      add("branches turned", { case_checks: list(node["case_checks"]).toReversed() });
      break;
    case "CAST":
      add("try_cast", { try_cast: node["try_cast"] !== true });
      changes.push(["no cast", { ...(node["child"] as Tree), alias: node["alias"] ?? "" }]);
      break;
    case "SUBQUERY":
      others("subquery", "subquery_type", ["EXISTS", "NOT_EXISTS"]);
      others("comparison", "comparison_type", COMPARISONS);
      break;
    case "LAMBDA":
      break;
  }
  changes.push(...ofQuery(node, others, names));
  return changes;
}

function ofQuery(
  node: Tree,
  others: (what: string, key: string, all: readonly string[]) => void,
  { tables }: { readonly tables: readonly string[] },
): readonly Change[] {
  const changes: Change[] = [];
  const add = (what: string, fields: { readonly [key: string]: Json }): void => void changes.push([what, { ...node, ...fields }]);
  switch (String(node["type"])) {
    case "JOIN":
      others("join", "join_type", JOINS);
      others("join", "ref_type", ["REGULAR", "ASOF"]);
      add("sides swapped", { left: node["right"]!, right: node["left"]! });
      break;
    case "BASE_TABLE":
      for (const table of tables)
        if (table !== node["table_name"] && tables.includes(String(node["table_name"])))
          add("table", { table_name: table, alias: node["alias"] === "" ? node["table_name"]! : node["alias"]! });
      break;
    case "SET_OPERATION_NODE":
      others("set operation", "setop_type", ["UNION", "EXCEPT", "INTERSECT"]);
      add("all", { setop_all: node["setop_all"] !== true });
      if (node["left"] !== undefined) add("branches swapped", { left: node["right"]!, right: node["left"]! });
      if (Array.isArray(node["children"])) add("branches swapped", { children: list(node["children"]).toReversed() });
      break;
    case "SELECT_NODE": {
      const [items, modifiers] = [list(node["select_list"]), list(node["modifiers"])];
      const swapped = items.length > 1 ? swappedItems(items) : items;
      if (items.length > 1) {
        add("items swapped under their names", { select_list: swapped });
        add("items in another order", { select_list: items.toReversed() });
        add("an item less", { select_list: items.slice(0, -1) });
      }
      if (node["where_clause"] !== null) add("no where", { where_clause: null });
      if (node["having"] !== null) add("no having", { having: null });
      if (node["qualify"] !== null) add("no qualify", { qualify: null });
      const isDistinct = modifiers.some((one) => isTree(one) && one["type"] === "DISTINCT_MODIFIER");
      if (!isDistinct) add("distinct", { modifiers: [{ type: "DISTINCT_MODIFIER", distinct_on_targets: [] }, ...modifiers] });
      modifiers.forEach((_, index) => add("a modifier less", { modifiers: modifiers.filter((__, place) => place !== index) }));
      const sets = list(node["group_sets"]);
      if (sets.length > 1) add("a grouping set less", { group_sets: sets.slice(1) });
      break;
    }
    case "LIMIT_MODIFIER":
      if (node["offset"] === null) break;
      add("no offset", { offset: null });
      break;
    case "ORDER_MODIFIER":
      add("order turned", { orders: list(node["orders"]).toReversed() });
      break;
    case "ASCENDING":
    case "DESCENDING":
    case "ORDER_DEFAULT":
      if (node["null_order"] === undefined) break;
      others("direction", "type", ["ORDER_DEFAULT", "DESCENDING"]);
      others("nulls", "null_order", ["ORDER_DEFAULT", "NULLS_FIRST", "NULLS_LAST"]);
      break;
  }
  if (node["sample_size"] === undefined && node["null_order"] !== undefined && node["type"] === "DESCENDING")
    add("direction", { type: "ASCENDING" });
  return changes;
}

function swappedItems(items: readonly Json[]): readonly Json[] {
  const [first, second, ...rest] = items as readonly [Tree, Tree, ...Tree[]];
  const nameOf = (item: Tree): string => String(item["alias"] ?? "") || String(list(item["column_names"]).at(-1) ?? "");
  return [{ ...second, alias: nameOf(first) }, { ...first, alias: nameOf(second) }, ...rest];
}

function coalesced(node: Tree): Tree {
  const constant = {
    class: "CONSTANT",
    type: "VALUE_CONSTANT",
    alias: "",
    query_location: 0,
    value: { type: { id: "INTEGER", type_info: null }, is_null: false, value: 7 },
  };
  return {
    class: "OPERATOR",
    type: "OPERATOR_COALESCE",
    alias: node["alias"] ?? "",
    query_location: 0,
    children: [{ ...node, alias: "" }, constant],
  };
}

function constants(node: Tree): readonly Change[] {
  const value = node["value"];
  if (value === undefined || !isTree(value) || value["is_null"] === true) return [];
  const inner = value["value"];
  const put = (next: Json): Tree => ({ ...node, value: { ...value, value: next } });
  if (typeof inner === "number")
    return [
      ["constant", put(inner + 1)],
      ["constant", put(inner - 1)],
    ];
  if (typeof inner === "string")
    return [
      ["constant", put(`${inner}0`)],
      ["constant", put(inner.slice(0, -1))],
    ];
  if (typeof inner === "boolean") return [["constant", put(!inner)]];
  return [];
}
