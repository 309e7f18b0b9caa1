// Writing into a server with transactions. Rows go into a table beside the destination first; one transaction then changes the destination and notes
// the export's token in `_millrace_exports`.
//   W1. Nobody sees half an export: readers have the old rows until the swap or the commit.
//   W2. An export whose token is noted is done: a commit of unknown outcome is decided by reading it. A second try writes nothing again.
//   W3. Rows in the table beside are as many as DuckDB sent.
import { createHash } from "node:crypto";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { WriteContext, WriteResult } from "../load/connector.ts";
import { MillraceError } from "../model/errors.ts";
import { ident, literal } from "../sql/text.ts";
import { createTable, type Dialect, kindOf, sameKeys, type TargetColumn, tupleQuery } from "./dialect.ts";
import { type DatabaseOptions, indexesOf } from "./options.ts";

export const LEDGER = "_millrace_exports";

/** One connection that writes. */
export interface Destination {
  readonly dialect: Dialect;
  execute(sql: string): Promise<void>;
  /** The first value of the first row as text; null for NULL and where there is no row. */
  scalar(sql: string): Promise<string | null>;
  /** Names of a table's columns; undefined when it is not there. */
  columnsOf(path: readonly string[]): Promise<readonly string[] | undefined>;
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Puts `stage` in the place of `table`, and notes it, in one step where the server can. */
  swap(swap: Swap): Promise<void>;
  /** Makes the ledger's table when it is not there. */
  createLedger(table: string): Promise<void>;
  close(): Promise<void>;
}

export interface Swap {
  /** All quoted. */
  readonly stage: string;
  readonly table: string;
  /** A name for the table that goes. */
  readonly old: string;
  readonly exists: boolean;
  /** Notes the token. */
  readonly note: string;
  /** Unquoted last part of the table's name. */
  readonly bare: string;
}

type Written = Pick<WriteContext, "connection" | "query" | "mode" | "key" | "token" | "signal">;

/** @throws MR4853 without a table, MR4855 for a key that is there twice, MR4857, what the server refuses. */
export async function writeTable(
  destination: Destination,
  options: DatabaseOptions,
  context: Written,
  connector: string,
): Promise<WriteResult> {
  if (options.table === undefined) throw new MillraceError({ code: "MR4853", message: `${connector}: table says where the export goes` });
  const { dialect } = destination;
  const path = options.table.split(".");
  const bare = path.at(-1)!;
  const beside = (name: string): string => [...path.slice(0, -1), name].map((part) => dialect.quote(part)).join(".");
  const design = await designOf(options, context);
  const ledger = beside(LEDGER);
  await destination.createLedger(ledger);
  const done = await destination.scalar(
    `select ${dialect.quote("rows")} from ${ledger} where ${dialect.quote("token")} = ${literal(context.token)}`,
  );
  if (done !== null) return { rows: Number(done), locations: [options.table] };
  const tag = createHash("sha256").update(`${options.table}\0${context.token}`).digest("hex").slice(0, 12);
  const stage = beside(`_millrace_${tag}`);
  const table = beside(bare);
  await destination.execute(`drop table if exists ${stage}`);
  try {
    const existing = await destination.columnsOf(path);
    const isNew = existing === undefined || context.mode === "replace";
    const primaryKey = design.primaryKey;
    await destination.execute(
      createTable({ table: stage, columns: design.columns, primaryKey: context.mode === "replace" ? primaryKey : [] }, dialect),
    );
    const rows = await insertRows(destination, stage, design.columns, context);
    if (context.mode !== "replace" && context.key.length > 0) {
      const keys = context.key.map((key) => dialect.quote(key)).join(", ");
      await destination.execute(`create index ${dialect.quote(`_millrace_${tag}_key`)} on ${stage} (${keys})`);
    }
    const note = `insert into ${ledger} (${["token", "rows", "at"].map((name) => dialect.quote(name)).join(", ")}) values (${literal(context.token)}, ${rows}, current_timestamp)`;
    const index = async (on: string): Promise<void> => {
      for (const [at, { columns, unique }] of design.indexes.entries()) {
        const name = dialect.quote(`${bare.slice(0, 30)}_${tag}_${at + 1}`);
        await destination.execute(
          `create ${unique ? "unique " : ""}index ${name} on ${on} (${columns.map((column) => dialect.quote(column)).join(", ")})`,
        );
      }
    };
    if (context.mode === "replace") {
      await index(stage);
      context.signal.throwIfAborted();
      await destination.swap({ stage, table, old: beside(`_millrace_${tag}_old`), exists: existing !== undefined, note, bare });
      return { rows, locations: [options.table] };
    }
    if (isNew) {
      await destination.execute(createTable({ table, columns: design.columns, primaryKey }, dialect));
      await index(table);
    } else await addColumns(destination, table, existing, design.columns);
    context.signal.throwIfAborted();
    await destination.begin();
    try {
      for (const statement of statementsOf(dialect, context, table, stage, design.columns)) await destination.execute(statement);
      await destination.execute(note);
      await destination.commit();
    } catch (error) {
      await destination.rollback().catch(() => {}); // the first error is the one to tell
      throw error;
    }
    return { rows, locations: [options.table] };
  } finally {
    await destination.execute(`drop table if exists ${stage}`).catch(() => {}); // the connection may be gone; the next try drops it
  }
}

function statementsOf(
  dialect: Dialect,
  { mode, key }: Pick<Written, "mode" | "key">,
  table: string,
  stage: string,
  columns: readonly TargetColumn[],
): readonly string[] {
  const names = columns.map(({ name }) => dialect.quote(name)).join(", ");
  const insert = `insert into ${table} (${names}) select ${names} from ${stage} s`;
  switch (mode) {
    case "replace":
    case "append":
      return [insert];
    case "delete":
      return [dialect.remove(table, stage, key)];
    case "merge": {
      const others = columns.map(({ name }) => name).filter((name) => !key.includes(name));
      const missing = `${insert} where not exists (select 1 from ${table} t where ${sameKeys(dialect, "t", "s", key)})`;
      return others.length === 0 ? [missing] : [dialect.update(table, stage, key, others), missing];
    }
    default:
      return mode satisfies never;
  }
}

interface Design {
  readonly columns: readonly TargetColumn[];
  readonly primaryKey: readonly string[];
  readonly indexes: ReturnType<typeof indexesOf>;
}

/** The table that the export wants. @throws MR4855, MR4854. */
export async function designOf(options: DatabaseOptions, { connection, query, mode, key }: Written): Promise<Design> {
  const described = await connection.runAndReadAll(`describe ${query}`);
  const found = described.getRowObjects().map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }));
  const declaredKey = [options.primaryKey ?? []].flat();
  const indexes = indexesOf(options);
  const inKeys = new Set([...key, ...declaredKey, ...indexes.flatMap(({ columns }) => columns)]);
  for (const name of inKeys) {
    if (found.some((column) => column.name === name)) continue;
    throw new MillraceError({
      code: "MR4854",
      message: `the export has no column ${name}`,
      hint: `it has ${found.map((column) => column.name).join(", ")}`,
    });
  }
  if ((mode === "merge" || mode === "delete") && key.length === 0) {
    throw new MillraceError({ code: "MR4853", message: `load: ${mode} needs a key` });
  }
  const hasNull = await checkKey(connection, query, mode === "merge" ? key : []);
  const lengths = await lengthsOf(connection, query, found, inKeys);
  return {
    columns: found.map(({ name, type }) => ({
      name,
      kind: kindOf(type),
      isKey: inKeys.has(name),
      lengthMax: lengths.get(name) ?? 0,
      declared: options.types?.[name],
    })),
    primaryKey: declaredKey.length > 0 ? declaredKey : mode === "merge" && !hasNull ? key : [],
    indexes,
  };
}

/** Is a null among the keys? @throws MR4855 when one is there twice. */
async function checkKey(connection: DuckDBConnection, query: string, key: readonly string[]): Promise<boolean> {
  if (key.length === 0) return false;
  const names = key.map(ident);
  const twice = await connection.runAndReadAll(`select ${names.join(", ")} from (${query}) group by all having count(*) > 1 limit 1`);
  const [row] = twice.getRowsJson();
  if (row !== undefined) {
    const shown = key.map((name, index) => `${name} = ${JSON.stringify(row[index])}`).join(", ");
    throw new MillraceError({ code: "MR4855", message: `two rows of the export have the same key: ${shown}` });
  }
  const nulls = await connection.runAndReadAll(
    `select count(*) from (${query}) where ${names.map((name) => `${name} is null`).join(" or ")}`,
  );
  return Number(nulls.getRows()[0]?.[0]) > 0;
}

async function lengthsOf(
  connection: DuckDBConnection,
  query: string,
  found: readonly { readonly name: string; readonly type: string }[],
  inKeys: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number>> {
  const texts = found.filter(({ name, type }) => inKeys.has(name) && kindOf(type).kind === "text").map(({ name }) => name);
  if (texts.length === 0) return new Map();
  const longest = await connection.runAndReadAll(
    `select ${texts.map((name) => `max(length(${ident(name)}::varchar))`).join(", ")} from (${query})`,
  );
  const row = longest.getRows()[0] ?? [];
  return new Map(texts.map((name, index) => [name, Number(row[index] ?? 0)]));
}

/** Columns that the table lacks are added to it. */
async function addColumns(
  destination: Destination,
  table: string,
  existing: readonly string[],
  columns: readonly TargetColumn[],
): Promise<void> {
  const { dialect } = destination;
  const known = new Set(existing.map((name) => name.toLowerCase()));
  for (const column of columns) {
    if (known.has(column.name.toLowerCase())) continue;
    await destination.execute(`alter table ${table} add ${dialect.quote(column.name)} ${column.declared ?? dialect.columnType(column)}`);
  }
}

/** W3. @returns the rows sent. */
export async function insertRows(
  destination: Pick<Destination, "dialect" | "execute" | "scalar">,
  table: string,
  columns: readonly TargetColumn[],
  { connection, query, signal }: Written,
): Promise<number> {
  const { dialect } = destination;
  const names = columns.map(({ name }) => dialect.quote(name)).join(", ");
  const head = `insert into ${table} (${names}) values `;
  let tuples: string[] = [];
  let characters = 0;
  let rows = 0;
  const flush = async (): Promise<void> => {
    if (tuples.length === 0) return;
    signal.throwIfAborted();
    await destination.execute(head + tuples.join(","));
    tuples = [];
    characters = 0;
  };
  const result = await connection.stream(tupleQuery(query, columns, dialect));
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    for (const tuple of chunk.getColumnValues(0) as readonly string[]) {
      if (tuples.length >= dialect.insertRowsMax || characters + tuple.length > dialect.insertCharactersMax) await flush();
      tuples.push(tuple);
      characters += tuple.length;
      rows += 1;
    }
  }
  await flush();
  const arrived = Number(await destination.scalar(`select count(*) from ${table}`));
  if (arrived !== rows) throw new MillraceError({ code: "MR4857", message: `${table}: ${rows} rows were sent, but ${arrived} arrived` });
  return rows;
}
