// Scans of CSV and JSON files do not serialise into a plan: for lineage the query is rewritten to read an empty table of the same columns.
// The rewritten text is never run on data, and places in it mean nothing: it is only planned.
import type { ShadowCatalogue } from "./shadow.ts";
import { messageOf } from "../../model/errors.ts";
import { ident } from "../text.ts";
import { isNode, parseSql, textOf, type TreeNode } from "../syntax/tree.ts";

const STUB_SCHEMA = "__stub";
const STUBBED = /^(read_(csv|json|ndjson|text|blob|xlsx)\w*|sniff_csv)$/;

export interface StubbedQuery {
  readonly text: string;
  /** `schema.table` of a stub → what it stands for. */
  readonly names: ReadonlyMap<string, string>;
}

/** The query with its file scans replaced; undefined when one of them cannot be understood. */
export async function stubFiles(shadow: ShadowCatalogue, text: string): Promise<StubbedQuery | undefined> {
  const [parsed] = await parseSql(shadow.connection, [text]);
  if (parsed === undefined || !parsed.ok) return undefined;
  const names = new Map<string, string>();
  await shadow.connection.run(`create schema if not exists ${ident(STUB_SCHEMA)}`);
  try {
    const statements = await Promise.all(parsed.statements.map((statement) => replace(shadow, statement, names)));
    return { text: await deserialize(shadow, { error: false, statements }), names };
  } catch (thrown) {
    // Lineage is a help, not a truth that building needs: where the copy does not work out, tables are told instead of columns.
    if (/Error/.test(messageOf(thrown))) return undefined;
    throw thrown;
  }
}

async function replace(shadow: ShadowCatalogue, value: unknown, names: Map<string, string>): Promise<unknown> {
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(await replace(shadow, item, names));
    return items;
  }
  if (!isNode(value)) return value === -1 ? 0 : value;
  const file = fileOf(value);
  if (file !== undefined) {
    const table = `s${names.size}`;
    const scan = await deserialize(shadow, { error: false, statements: [selectAll({ ...value, alias: "" })] });
    await shadow.connection.run(
      `create or replace table ${ident(STUB_SCHEMA)}.${ident(table)} as from (${scan.replace(/;\s*$/, "")}) limit 0`,
    );
    names.set(`${STUB_SCHEMA}.${table}`, file.what);
    return {
      type: "BASE_TABLE",
      alias: textOf(value["alias"]) || file.alias,
      sample: value["sample"] ?? null,
      query_location: 0,
      schema_name: STUB_SCHEMA,
      table_name: table,
      column_name_alias: value["column_name_alias"] ?? [],
      catalog_name: "",
      at_clause: null,
    };
  }
  const copy: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) copy[key] = await replace(shadow, inner, names);
  return copy;
}

function fileOf(node: TreeNode): { readonly what: string; readonly alias: string } | undefined {
  if (node["type"] === "BASE_TABLE") {
    const name = textOf(node["table_name"]);
    if (textOf(node["schema_name"]) !== "" || !/\.(csv|tsv|txt|json|jsonl|ndjson)(\.(gz|zst))?$/i.test(name)) return undefined;
    return { what: name, alias: name.replace(/^.*\//, "").replace(/\..*$/, "") };
  }
  const call = node["function"];
  if (node["type"] !== "TABLE_FUNCTION" || !isNode(call)) return undefined;
  const name = textOf(call["function_name"]);
  if (!STUBBED.test(name)) return undefined;
  const path = /"value":"([^"]*)"/.exec(JSON.stringify(call["children"]))?.[1];
  return { what: path ?? `${name}()`, alias: name };
}

function selectAll(from: TreeNode): TreeNode {
  return {
    node: {
      type: "SELECT_NODE",
      modifiers: [],
      cte_map: { map: [] },
      select_list: [
        {
          class: "STAR",
          type: "STAR",
          alias: "",
          query_location: 0,
          relation_name: "",
          exclude_list: [],
          replace_list: [],
          columns: false,
          expr: null,
        },
      ],
      from_table: from,
      where_clause: null,
      group_expressions: [],
      group_sets: [],
      aggregate_handling: "STANDARD_HANDLING",
      having: null,
      sample: null,
      qualify: null,
    },
    named_param_map: [],
  };
}

async function deserialize(shadow: ShadowCatalogue, tree: unknown): Promise<string> {
  const statement = await shadow.connection.prepare("select json_deserialize_sql($1::json)");
  statement.bindVarchar(
    1,
    JSON.stringify(tree, (key, value: unknown) => (key === "query_location" && value === -1 ? 0 : value)),
  );
  return String((await statement.runAndReadAll()).getRows()[0]![0]);
}
