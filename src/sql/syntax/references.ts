// What a query reads, from its syntax tree: tables, files and functions, with the places where they are named.
//   R1. A name is a CTE only after its definition, inside the query that defines it; inside its own definition only in the recursive part.
//   R2. Qualified names are never CTEs, except `recurring.name` in a recursive part.
import { CALENDAR_FUNCTIONS, FUNCTIONS_SCHEMA } from "../functions/millrace.ts";
import { childrenOf, constantText, isNode, textOf, type TreeNode } from "./tree.ts";

export interface TableReference {
  readonly catalog: string;
  readonly schema: string;
  readonly name: string;
  /** Bytes from the start of the text; -1 where DuckDB gives none. */
  readonly at: number;
}

/** Something outside the project that a query reads directly. */
export interface ExternalRead {
  readonly kind: "file" | "function";
  /** The path or URL, or the function's name. */
  readonly what: string;
  readonly at: number;
}

/** A query inside `query('…')`; its text is parsed in a second round. */
export interface NestedQuery {
  readonly sql: string;
  readonly scope: ReadonlySet<string>;
  readonly at: number;
}

export interface References {
  readonly tables: readonly TableReference[];
  readonly externals: readonly ExternalRead[];
  readonly nested: readonly NestedQuery[];
  /** Functions whose value changes although nothing that is read does. */
  readonly volatile: readonly string[];
  /** Reads that only running the query would tell: `query_table($x)`. */
  readonly opaque: readonly string[];
  /** Reads `_millrace.rows('…')`. */
  readonly rowOrigins: boolean;
  /** Asks for days of the project's calendars. */
  readonly calendars: boolean;
  /** Names of everything that it calls, in lower case; a name before a dot may be a column or a schema, and is left out. */
  readonly calls: readonly string[];
}

/** Functions that read files or other systems; a first text argument says which. */
const READERS = /^(read_\w+|parquet_\w+|sniff_csv|glob|\w+_scan|\w+_query|st_read\w*)$/;
const FILE_NAME = /\.(csv|tsv|txt|parquet|json|jsonl|ndjson|xlsx|arrow|avro|shp|gpkg|db|duckdb)(\.(gz|zst))?$|[/\\*]/i;
const VOLATILE_FUNCTIONS = new Set(
  `random uuid uuidv4 uuidv7 gen_random_uuid nextval currval now today current_date get_current_time get_current_timestamp current_localtime
   current_localtimestamp transaction_timestamp txid_current current_transaction_id current_query current_query_id current_connection_id getvariable
   getenv setseed sleep_ms age_now`.split(/\s+/),
);
/** DuckDB's own catalogue and Millrace's ledger: what they hold changes with the warehouse. */
export const SYSTEM_SCHEMAS = new Set(["information_schema", "pg_catalog", "_millrace", "_millrace_data", "_millrace_rows", "millrace"]);
const SYSTEM_FUNCTION = /^(duckdb_|pragma_)/;
/** Written without parentheses they are parsed as columns. */
const VOLATILE_WORDS = new Set(["current_date", "current_timestamp", "current_time", "localtime", "localtimestamp"]);

/** Reads of the statements, CTEs in `scope` left out. */
export function findReferences(statements: readonly TreeNode[], scope: ReadonlySet<string> = new Set()): References {
  const tables: TableReference[] = [];
  const externals: ExternalRead[] = [];
  const nested: NestedQuery[] = [];
  const volatile = new Set<string>();
  const opaque = new Set<string>();
  const calls = new Set<string>();
  let rowOrigins = false;
  let calendars = false;

  const table = (catalog: string, schema: string, name: string, at: number, names: ReadonlySet<string>): void => {
    const key = name.toLowerCase();
    const unqualified = catalog === "" && (schema === "" || schema.toLowerCase() === "recurring");
    if (unqualified && names.has(key)) return;
    if (catalog === "" && schema === "" && FILE_NAME.test(name)) externals.push({ kind: "file", what: name, at });
    else tables.push({ catalog, schema, name, at });
    if (SYSTEM_SCHEMAS.has(schema.toLowerCase())) volatile.add(`${schema}.${name}`.toLowerCase());
  };

  const tableFunction = (node: TreeNode, names: ReadonlySet<string>): void => {
    const call = node["function"];
    if (!isNode(call)) return;
    const name = textOf(call["function_name"]).toLowerCase();
    const at = placeOf(node);
    const [first] = childrenOf(call["children"]);
    const text = constantText(first);
    calls.add(name);
    if (SYSTEM_FUNCTION.test(name)) volatile.add(`${name}()`);
    if (name === "query") {
      if (text === undefined) opaque.add("query()");
      else nested.push({ sql: text, scope: names, at });
    } else if (name === "query_table") {
      const list = text === undefined ? childrenOf(first?.["children"]).map(constantText) : [text];
      if (list.length === 0 || list.includes(undefined)) opaque.add("query_table()");
      for (const entry of list) {
        const parts = splitName(entry ?? "");
        if (entry !== undefined) table(parts.at(-3) ?? "", parts.at(-2) ?? "", parts.at(-1) ?? "", at, names);
      }
    } else if (name === "rows" && textOf(call["schema"]).toLowerCase() === "_millrace") {
      rowOrigins = true;
      const parts = splitName(text ?? "");
      if (text === undefined) opaque.add("_millrace.rows()");
      else table("", parts.at(-2) ?? "", parts.at(-1) ?? "", at, new Set());
    } else if (READERS.test(name)) {
      const files = text === undefined ? childrenOf(first?.["children"]).map(constantText) : [text];
      const known = files.filter((file) => file !== undefined);
      if (known.length === 0) externals.push({ kind: "function", what: name, at });
      for (const file of known) externals.push({ kind: "file", what: file, at });
    }
  };

  const query = (node: TreeNode, outer: ReadonlySet<string>): void => {
    let names = outer;
    if (isNode(node["cte_map"])) {
      for (const entry of childrenOf(node["cte_map"]["map"])) {
        walk(entry["value"], names);
        names = new Set([...names, textOf(entry["key"]).toLowerCase()]);
      }
    }
    const recursive = node["type"] === "RECURSIVE_CTE_NODE" ? new Set([...names, textOf(node["cte_name"]).toLowerCase()]) : names;
    for (const [key, value] of Object.entries(node)) if (key !== "cte_map") walk(value, key === "right" ? recursive : names);
  };

  const walk = (value: unknown, names: ReadonlySet<string>): void => {
    if (Array.isArray(value)) {
      for (const child of value) walk(child, names);
      return;
    }
    if (!isNode(value)) return;
    if (isNode(value["sample"]) && (value["sample"]["seed"] === -1 || value["sample"]["seed"] === null)) volatile.add("sample");
    if (value["cte_map"] !== undefined) return query(value, names);
    switch (value["type"]) {
      case "BASE_TABLE":
        table(textOf(value["catalog_name"]), textOf(value["schema_name"]), textOf(value["table_name"]), placeOf(value), names);
        break;
      case "TABLE_FUNCTION":
        tableFunction(value, names);
        break;
      case "SHOW_REF":
        // What DESCRIBE and SUMMARIZE look at stands inside it as a query; SHOW looks at the warehouse.
        if (!isNode(value["query"])) volatile.add("show");
        break;
      case "FUNCTION": {
        const name = textOf(value["function_name"]).toLowerCase();
        if (value["is_operator"] !== true) calls.add(name);
        if (VOLATILE_FUNCTIONS.has(name)) volatile.add(`${name}()`);
        if (CALENDAR_FUNCTIONS.has(name) && textOf(value["schema"]).toLowerCase() === FUNCTIONS_SCHEMA) calendars = true;
        break;
      }
      case "COLUMN_REF": {
        const parts = value["column_names"];
        const word = Array.isArray(parts) && parts.length === 1 ? textOf(parts[0]).toLowerCase() : "";
        if (VOLATILE_WORDS.has(word)) volatile.add(word);
        break;
      }
    }
    for (const child of Object.values(value)) if (typeof child === "object") walk(child, names);
  };

  for (const statement of statements) walk(statement, scope);
  const sorted = (set: ReadonlySet<string>): readonly string[] => [...set].toSorted();
  return { tables, externals, nested, volatile: sorted(volatile), opaque: sorted(opaque), rowOrigins, calendars, calls: sorted(calls) };
}

function placeOf(node: TreeNode): number {
  return typeof node["query_location"] === "number" ? node["query_location"] : -1;
}

/** Parts of a qualified name in a text: `raw."my table"` is two. */
function splitName(text: string): readonly string[] {
  return [...text.matchAll(/"((?:[^"]|"")*)"|[^."]+/g)].map((match) =>
    match[1] === undefined ? match[0].trim() : match[1].replaceAll('""', '"'),
  );
}
