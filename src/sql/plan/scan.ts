// Scans of tables, and functions that give rows.
import { inputOf, listOf, nodesOf, numbersOf, only, type PlanNode, stringsOf, UnknownPlan } from "./nodes.ts";
import { isNode, textOf } from "../syntax/tree.ts";

export interface Scan {
  readonly kind: "scan";
  readonly table: number;
  /** `schema.table`; undefined for a function. */
  readonly from: string | undefined;
  /** Of the function. */
  readonly name: string;
  readonly names: readonly string[];
  readonly types: readonly unknown[];
  /** Positions among `names` that are read, in the order in which they come; what has no name there is the place of the row. */
  readonly columns: readonly number[];
  /** Of those, the ones that are passed on; none: all. */
  readonly passed: readonly number[];
  /** What the function is given besides rows. */
  readonly settings: readonly unknown[];
  /** A function over rows: those, and the positions in them that stand behind its own columns. */
  readonly below: PlanNode | null;
  readonly beside: readonly number[];
  /** Why not simply all rows of whole columns are read; null where they are. */
  readonly limited: string | null;
}

const KNOWN =
  `table_index returned_types names projection_ids table_filters name column_indexes extra_info function_data projected_input parameters
   named_parameters input_table_types input_table_names ordinality_idx arguments original_arguments catalog_name schema_name
   has_serialize`.split(/\s+/);
/** 2^64 - 1 as JSON.parse reads it: "none" for an index. */
const NO_INDEX = 2 ** 64;

/** @throws UnknownPlan */
export function readScan(node: PlanNode): Scan {
  only(node, KNOWN);
  const names = stringsOf(node["names"]);
  const indexes = nodesOf(node["column_indexes"]).map((entry) => Number(entry["index"]));
  const from = tableIn(node["function_data"]);
  if (from !== undefined && Number(node["ordinality_idx"]) !== NO_INDEX) throw new UnknownPlan("ordinality of a table");
  return {
    kind: "scan",
    table: Number(node["table_index"]),
    from,
    name: textOf(node["name"]),
    names,
    types: listOf(node["returned_types"]),
    columns: indexes.length > 0 ? indexes : [...names.keys()],
    passed: numbersOf(node["projection_ids"]),
    settings: [node["named_parameters"], node["parameters"], node["function_data"] ?? null, String(node["ordinality_idx"])],
    below: nodesOf(node["children"]).length === 0 ? null : inputOf(node),
    beside: numbersOf(node["projected_input"]),
    limited: limitOf(node),
  };
}

function tableIn(data: unknown): string | undefined {
  return isNode(data) && typeof data["table"] === "string" && typeof data["schema"] === "string"
    ? `${data["schema"]}.${data["table"]}`
    : undefined;
}

function limitOf({ extra_info: extra, table_filters: filters, column_indexes: columns }: PlanNode): string | null {
  if (isNode(extra) && extra["sample_options"] !== null) return "a sample";
  if (isNode(filters) && nodesOf(filters["filters"]).length > 0) return "filters inside a scan";
  const isPart = nodesOf(columns).some((entry) => nodesOf(entry["child_indexes"]).length > 0 || entry["index_type"] !== "FULL_READ");
  return isPart ? "a part of a column" : null;
}
