// What a query that comes over the API may read: what stands in the warehouse, nothing else of the machine.
//   G1. One statement that reads. Files, other systems and calls that only running would tell are refused, inside `query('…')` as well, and in the forms in which
//       DuckDB takes a table's name for a file: `from data.csv`.
//   G3. What the warehouse says of itself (texts of views, settings) may hold a secret: it is shown with secrets taken out, and never exported.
//   G2. Functions that make rows are refused unless they are known to read nothing but the warehouse, or are the project's own macros.
import { MillraceError } from "../../model/errors.ts";
import type { Session } from "../../sql/session.ts";
import { analysisCopy } from "../../sql/syntax/copy.ts";
import { findReferences, type References } from "../../sql/syntax/references.ts";
import { childrenOf, isNode, parseSql, textOf, type TreeNode } from "../../sql/syntax/tree.ts";
import { refuseUnbounded } from "./bounded-functions.ts";

const NESTING_MAX = 5;
const EXPLAIN = /^\s*explain(\s+analyze)?\s+/i;
const FILE_NAME = /\.(csv|tsv|txt|parquet|json|jsonl|ndjson|xlsx|arrow|avro|shp|gpkg|db|duckdb)(\.\w+)?$|[/\\*]/i;
const READING =
  /^(range|generate_series|unnest|repeat|repeat_row|json_each|json_tree|summary|query|histogram|histogram_values|pragma_(table_info|show|version|database_size|storage_info|metadata_info)|duckdb_\w+|icu_calendar_names|pg_timezone_names|test_all_types|now|today)$/;

/** G3. */
const ITSELF = /^(duckdb_\w*|pragma_\w+|sqlite_\w+|current_setting|getvariable|current_query)$/i;

/** @throws MR8140 for what reads elsewhere, MR8002 for what is no query, MR8185 for functions whose results have no bound */
export async function refuseOutside(session: Session, sql: string, itself: "shown" | "refused"): Promise<void> {
  let open: readonly string[] = [sql.replace(EXPLAIN, "")];
  for (let round = 0; open.length > 0; round++) {
    if (round >= NESTING_MAX) throw outside("queries inside each other's texts this deep");
    const next: string[] = [];
    for (const text of open) {
      const statements = await statementsOf(session, text);
      if (statements === null) continue; // what is wrong with it is told by whoever runs it
      if (statements.length > 1)
        throw new MillraceError({
          code: "MR8002",
          message: `these are ${statements.length} statements; the API takes one query at a time`,
        });
      refuseUnbounded(statements);
      const references = findReferences(statements);
      if (itself === "refused" && readsItself(references)) throw outside("what it says of itself, into a file");
      await refuseReferences(session, references, statements);
      next.push(...references.nested.map(({ sql: inner }) => inner));
    }
    open = next;
  }
}

/** Null: DuckDB cannot read it as a query. @throws MR8002 for a statement of another kind */
async function statementsOf(session: Session, sql: string): Promise<readonly TreeNode[] | null> {
  const [parsed] = await parseSql(session.connection, [sql]);
  if (parsed!.ok) return parsed!.statements;
  if (/\bpivot/i.test(sql)) {
    const [filled] = await parseSql(session.connection, [analysisCopy(sql, { pivots: "fill" }).text]);
    if (filled!.ok) return filled!.statements;
  }
  if (parsed!.type === "parser") return null;
  throw new MillraceError({
    code: "MR8002",
    message: "a query reads; this is a statement of another kind",
    hint: "what is to be kept belongs into a model or an export",
  });
}

async function refuseReferences(session: Session, references: References, statements: readonly TreeNode[]): Promise<void> {
  const [external] = references.externals;
  if (external !== undefined) throw outside(external.kind === "file" ? `the file ${external.what}` : `${external.what}()`);
  const [opaque] = references.opaque;
  if (opaque !== undefined) throw outside(opaque);
  for (const { catalog, schema, name } of references.tables) {
    const path = [catalog, schema, name].filter((part) => part !== "").join(".");
    if (FILE_NAME.test(path) && !(await isRelation(session, schema, name))) throw outside(`the file ${path}`);
  }
  for (const name of rowFunctions(statements)) if (!READING.test(name) && !(await isOwnMacro(session, name))) throw outside(`${name}()`);
}

function readsItself({ calls, tables }: References): boolean {
  return (
    calls.some((name) => ITSELF.test(name)) ||
    tables.some(({ schema, name }) => ITSELF.test(name) || /^(information_schema|pg_catalog)$/i.test(schema))
  );
}

/** Names of functions that stand where tables do. */
function rowFunctions(statements: readonly TreeNode[]): ReadonlySet<string> {
  const names = new Set<string>();
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(walk);
    if (!isNode(value)) return;
    if (value["type"] === "TABLE_FUNCTION" && isNode(value["function"])) {
      const call = value["function"];
      names.add(textOf(call["function_name"]).toLowerCase());
      for (const child of childrenOf(call["children"])) walk(child);
    }
    for (const inner of Object.values(value)) walk(inner);
  };
  walk(statements);
  return names;
}

async function isRelation(session: Session, schema: string, name: string): Promise<boolean> {
  const found = await session.row(
    `select 1 as found from (select schema_name, table_name as name from duckdb_tables() union all select schema_name, view_name from duckdb_views())
     where lower(name) = lower($1) and ($2 = '' or lower(schema_name) = lower($2))`,
    [name, schema],
  );
  return found !== undefined;
}

/** The project's, or Millrace's own. */
async function isOwnMacro(session: Session, name: string): Promise<boolean> {
  const found = await session.row(
    "select 1 as found from duckdb_functions() where lower(function_name) = $1 and function_type = 'table_macro' and not internal",
    [name],
  );
  return found !== undefined;
}

function outside(what: string): MillraceError {
  return new MillraceError({
    code: "MR8140",
    message: `a query of the API reads the warehouse, not ${what}`,
    hint: "make a source of it, and read its asset",
  });
}
