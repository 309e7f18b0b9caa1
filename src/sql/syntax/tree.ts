// The syntax trees of queries, as DuckDB writes them (`json_serialize_sql`). All queries of a project are parsed in one call.
//   T1. `query_location` may be 2^64 - 1 ("no place"), which JSON.parse would round: it becomes -1. Places count bytes; those of parse errors count characters.
//   T2. Never `getTableNames` (it answers [] for queries it does not understand) and never `skip_default`.
import { createHash } from "node:crypto";
import { type DuckDBConnection, LIST, VARCHAR, listValue } from "@duckdb/node-api";

export type TreeNode = Readonly<Record<string, unknown>>;

export type ParsedSql =
  | {
      readonly ok: true;
      readonly statements: readonly TreeNode[];
      /** Of the tree without places: the same for texts that differ in comments, white space and the case of keywords. */
      readonly hash: string;
    }
  | {
      readonly ok: false;
      /** DuckDB's kind of error: `parser`, `not implemented` … */
      readonly type: string;
      readonly message: string;
      /** In characters (code points) from the start of the text, where it is known. */
      readonly position: number | null;
    };

/** Parses every text; the answers stand in the order of the texts. */
export async function parseSql(connection: DuckDBConnection, texts: readonly string[]): Promise<readonly ParsedSql[]> {
  if (texts.length === 0) return [];
  const statement = await connection.prepare("select json_serialize_sql(s)::varchar from (select unnest($1::varchar[]) s)");
  statement.bindList(1, listValue([...texts]), LIST(VARCHAR));
  const rows = (await statement.runAndReadAll()).getRows();
  return rows.map(([json]) => readTree(String(json)));
}

function readTree(json: string): ParsedSql {
  // Numbers that JSON has no word for (1e400) are as infinite when JSON.parse reads them.
  // Inside a string literal the quotes before and after the key would be escaped, so that this can never match there.
  const tree = JSON.parse(
    json
      .replace(/"query_location":18446744073709551615/g, '"query_location":-1')
      .replace(/"value":(-?)(?:Infinity|inf)(?=[,}])/g, '"value":$11e999')
      .replace(/"value":-?nan(?=[,}])/gi, '"value":null'),
  ) as TreeNode;
  if (tree["error"] === true) {
    const position = Number(tree["position"]);
    return {
      ok: false,
      type: String(tree["error_type"]),
      message: String(tree["error_message"]),
      position: Number.isSafeInteger(position) ? position : null,
    };
  }
  return { ok: true, statements: childrenOf(tree["statements"]), hash: hashOf(json.replace(/"query_location":\d+,?/g, "")) };
}

/** The first 32 hex digits of SHA-256. */
export function hashOf(...parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 32);
}

export function isNode(value: unknown): value is TreeNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function childrenOf(value: unknown): readonly TreeNode[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The text of a constant, or undefined when the expression is anything else. */
export function constantText(node: unknown): string | undefined {
  if (!isNode(node) || node["class"] !== "CONSTANT" || !isNode(node["value"])) return undefined;
  const value = node["value"]["value"];
  return typeof value === "string" ? value : undefined;
}
