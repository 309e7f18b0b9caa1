// Names for whoever writes a query: tables and views with their columns, and functions.
import type { CompletionsAnswer } from "../../model/query-answers.ts";
import { warehouseToRead } from "../functions/install.ts";
import type { Workspace } from "../workspace.ts";

const COLUMNS_MAX = 50_000;
/** Operators are functions, too. */
const WORD = /^[a-z]\w*$/;

export async function completionsOf(workspace: Workspace): Promise<CompletionsAnswer> {
  const [warehouse, project] = [await warehouseToRead(workspace), await workspace.projectWithErrors()];
  const assets = new Set(project.nodes.map(({ id }) => id));
  const { columns, functions } = await warehouse.session(async (session) => ({
    columns: await session.rows<{ name: string; columns: { name: string; type: string }[] }>(
      `select schema_name || '.' || table_name as name, list({ name: column_name, type: data_type } order by column_index) as columns
       from (from duckdb_columns() where not internal and schema_name <> 'millrace' and schema_name not like '\\_millrace%' escape '\\' and schema_name not like '%\\_\\_%' escape '\\'
             order by database_name = current_database(), schema_name, table_name, column_index limit ${COLUMNS_MAX})
       group by database_name, schema_name, table_name order by name`,
    ),
    functions: await session.rows<{ name: string }>(
      "select distinct lower(function_name) as name from duckdb_functions() where function_type in ('scalar', 'aggregate', 'macro', 'table_macro') order by 1",
    ),
  }));
  // What an environment has of its own stands in another database under the same name: one is enough.
  const tables = new Map(columns.map(({ name, columns: own }) => [name, { name, isAsset: assets.has(name), columns: own }]));
  return { tables: [...tables.values()], functions: functions.map(({ name }) => name).filter((name) => WORD.test(name)) };
}
