// DuckDB's bound plan of a query, before optimisation, and where that fails why and where.
import type { DuckDBConnection, DuckDBPreparedStatement } from "@duckdb/node-api";
import type { DuckdbFailure } from "./errors.ts";
import { textOf, type TreeNode } from "../syntax/tree.ts";

export type PlanAnswer = { readonly plan: TreeNode } | { readonly failure: DuckdbFailure };

export async function planOf(connection: DuckDBConnection, text: string): Promise<PlanAnswer> {
  return (await openPlanner(connection))(text);
}

/** Asks for one plan after the other, by one prepared statement: preparing it takes as long as a small plan. */
export async function openPlanner(connection: DuckDBConnection): Promise<(text: string) => Promise<PlanAnswer>> {
  const statement = await connection.prepare("select json_serialize_plan($1::varchar)::varchar");
  return (text) => planBy(statement, text);
}

async function planBy(statement: DuckDBPreparedStatement, text: string): Promise<PlanAnswer> {
  statement.bindVarchar(1, text);
  const json = String((await statement.runAndReadAll()).getRows()[0]![0]);
  const answer = JSON.parse(exactNumbers(json)) as TreeNode;
  if (answer["error"] !== true) {
    const plans = answer["plans"];
    return { plan: (Array.isArray(plans) ? plans.at(-1) : {}) as TreeNode };
  }
  const at = Number(answer["position"]);
  const type = String(answer["error_type"]);
  return {
    failure: {
      type,
      subtype: textOf(answer["error_subtype"]),
      message: String(answer["error_message"]),
      position:
        answer["position"] === undefined || !Number.isSafeInteger(at) ? null : { unit: type === "parser" ? "characters" : "bytes", at },
    },
  };
}

/** Numbers that JSON.parse would round, and those that JSON has not, become texts. Inside of texts the quotes around a key would be escaped. */
function exactNumbers(json: string): string {
  const plain = json.replace(/"query_location":18446744073709551615/g, '"query_location":-1');
  return plain.replace(/"(value|upper|lower|constant_integer)":(-?(?:\d{16,}|Infinity|NaN|nan|inf))(?=[,}])/g, '"$1":"$2"');
}
