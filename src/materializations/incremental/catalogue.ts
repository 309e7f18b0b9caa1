// What a model's query reads, as a database of its own that holds no rows: inputs as tables of their columns, views as themselves over what they read, and the
// project's macros that any of these call.
import type { DuckDBConnection } from "@duckdb/node-api";
import type { SqlUnit } from "../../sql/compile/errors.ts";
import { FUNCTIONS_SCHEMA, functionsSql } from "../../sql/functions/millrace.ts";
import { createMacroSql, type Macro } from "../../sql/functions/macros.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import { scanSql } from "../../sql/syntax/scan.ts";
import { ident, qualified } from "../../sql/text.ts";

export interface Question {
  readonly unit: SqlUnit;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The model's own columns, where they are known. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Everything that readers see, of which its inputs are used. */
  readonly live: ReadonlyMap<string, LiveVersion>;
  readonly inputs: readonly string[];
  /** All that the project's queries may call; left out: none. */
  readonly macros?: readonly Macro[] | undefined;
}

/** In the database that is in use. @throws DuckDB's error */
export async function makeCatalogue(connection: DuckDBConnection, question: Question): Promise<void> {
  if (textsOf(question).some((text) => text.includes(`${FUNCTIONS_SCHEMA}.`))) await connection.run(functionsSql());
  const adding: Adding = { connection, live: question.live, seen: new Set(), macros: [...macrosIn(question)] };
  for (const asset of question.inputs) await addRelation(adding, asset);
  await addMacros(adding);
}

/** Those that the query or a view on the way to its tables calls, also through others: all whose name stands there. */
export function macrosIn(question: Question): readonly Macro[] {
  const { macros = [] } = question;
  if (macros.length === 0) return [];
  const found = new Set<Macro>();
  const texts = textsOf(question);
  for (let text = texts.pop(); text !== undefined; text = texts.pop()) {
    const words = text.toLowerCase();
    for (const macro of macros) {
      if (found.has(macro) || !words.includes(macro.name)) continue;
      found.add(macro);
      texts.push(macro.unit.sql);
    }
  }
  return [...found];
}

/** The query and the views that it reads, in their users' words. */
function textsOf({ unit, inputs, live }: Question): string[] {
  const texts = new Map<string, string>();
  const add = (asset: string): void => {
    const { kind, viewSql, inputs: read } = live.get(asset) ?? {};
    if (kind !== "view" || viewSql == null || texts.has(asset)) return;
    texts.set(asset, viewSql);
    for (const input of Object.keys(read ?? {})) add(input);
  };
  for (const asset of inputs) add(asset);
  return [unit.sql, ...texts.values()];
}

interface Adding {
  readonly connection: DuckDBConnection;
  readonly live: Question["live"];
  readonly seen: Set<string>;
  /** Those that are not there yet. */
  readonly macros: Macro[];
}

async function addRelation(adding: Adding, asset: string): Promise<void> {
  const { connection, live, seen } = adding;
  const version = live.get(asset);
  if (version === undefined || seen.has(asset)) return;
  seen.add(asset);
  const dot = asset.indexOf(".");
  const [schema, name] = [asset.slice(0, dot), asset.slice(dot + 1)];
  await connection.run(`create schema if not exists ${ident(schema)}`);
  if (version.kind === "view" && version.viewSql !== null) {
    for (const input of Object.keys(version.inputs)) await addRelation(adding, input);
    await addMacros(adding);
    await connection.run(`create or replace view ${qualified(schema, name)} as ${withoutEnd(version.viewSql)}\n`);
    return;
  }
  const columns = version.columns.map((column) => `${ident(column.name)} ${column.type}`).join(", ");
  await connection.run(`create table ${qualified(schema, name)} (${columns})`);
}

/** Those that can be made by now: one may call another, or read what is not there yet. */
async function addMacros({ connection, macros }: Adding): Promise<void> {
  for (let before = -1; macros.length > 0 && macros.length !== before;) {
    before = macros.length;
    for (const macro of macros.splice(0)) {
      const isMade = await connection.run(createMacroSql(macro)).then(
        () => true,
        () => false, // the query that calls it says what is wrong
      );
      if (!isMade) macros.push(macro);
    }
  }
}

/** The user's query as it stands, without the semicolon that ends it. */
export function withoutEnd(sql: string): string {
  const end = scanSql(sql).at(-1);
  return end?.text === ";" ? sql.slice(0, end.start) + sql.slice(end.end) : sql;
}
