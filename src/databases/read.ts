// Reading a table or a query of any server: what the source asks for as SQL, by key ranges at the same time where the server can show one moment to
// several connections. Rows at the cursor's boundary and rows without a cursor come again; the loader leaves out what it has.
import type { Json, ReadContext, TableDelivery } from "../load/connector.ts";
import { MillraceError } from "../model/errors.ts";
import { columnName } from "../model/names.ts";
import { fillTable } from "./fill.ts";
import { selectionOf, type DatabaseOptions, type Selection } from "./options.ts";
import type { Batch, Database, FoundTable, Reader, WireColumn } from "./server.ts";

/** Ranges per reader: one that is full of rows does not hold the others up for long. */
const RANGES_PER_READER = 4;

export interface ReadRequest {
  readonly connector: string;
  readonly options: DatabaseOptions;
  readonly context: Pick<ReadContext, "since" | "cursor" | "signal" | "log">;
  connect(): Promise<Database>;
}

/** The one delivery of a table or query. */
export function databaseDelivery(request: ReadRequest): TableDelivery {
  const selection = selectionOf(request.connector, request.options);
  const name = selection.kind === "table" ? selection.table : "query";
  return {
    kind: "table",
    name,
    fill: async ({ connection, into, signal }) => {
      const database = await request.connect();
      try {
        const { columns, readers } = await readersOf(database, selection, request);
        return await fillTable({ connection, into, columns, readers, name, signal: signal ?? request.context.signal });
      } finally {
        await database.close();
      }
    },
  };
}

interface Readers {
  readonly columns: readonly WireColumn[];
  readonly readers: readonly AsyncIterable<Batch>[];
}

async function readersOf(database: Database, selection: Selection, { options, context }: ReadRequest): Promise<Readers> {
  const { cursor, since } = context;
  if (selection.kind === "query") {
    if (cursor === undefined || since === undefined) return single(database, selection.query);
    const alias = database.quote("q");
    const { columns, batches } = await database.query(`select * from (${selection.query}) ${alias} where 1 = 0`);
    for await (const _ of batches);
    return single(database, `select * from (${selection.query}) ${alias} where ${fromCursor(database, columns, cursor, since)}`);
  }
  const tables = await database.tables(selection.table);
  const [table] = tables;
  if (table === undefined) {
    throw new MillraceError({
      code: "MR4854",
      message: `there is no table ${selection.table}`,
      hint: "names may be qualified: schema.table",
    });
  }
  const from = `select ${database.selectList?.(table) ?? "*"} from ${quotedTable(database, table)}`;
  const refined = ({ columns, readers }: Readers): Readers => ({ columns: database.refine?.(table, columns) ?? columns, readers });
  if (cursor !== undefined && since !== undefined) {
    const { columns, batches } = await database.query(`${from} where 1 = 0`);
    for await (const _ of batches);
    return refined(await single(database, `${from} where ${fromCursor(database, columns, cursor, since)}`));
  }
  return refined((await inParallel(database, table, from, options.parallel)) ?? (await single(database, from)));
}

async function single(database: Database, sql: string): Promise<Readers> {
  const { columns, batches } = await database.query(sql);
  return { columns, readers: [batches] };
}

/** The table's name, each part quoted. */
export function quotedTable(database: Pick<Database, "quote">, { path }: Pick<FoundTable, "path">): string {
  return path.map((part) => database.quote(part)).join(".");
}

function fromCursor(database: Database, columns: readonly WireColumn[], cursor: string, since: Json): string {
  const wanted = cursor.toLowerCase();
  const column =
    columns.find(({ name }) => name === cursor) ??
    columns.find(({ name }) => name.toLowerCase() === wanted) ??
    columns.find(({ name }, index) => columnName(name, index, "snake") === wanted);
  if (column === undefined) {
    throw new MillraceError({
      code: "MR4854",
      message: `there is no column ${cursor} for the cursor`,
      hint: `one of: ${columns.map(({ name }) => name).join(", ")}`,
    });
  }
  const quoted = database.quote(column.name);
  return `(${quoted} >= ${database.literal(since, column)} or ${quoted} is null)`;
}

async function inParallel(database: Database, table: FoundTable, from: string, parallel: number | undefined): Promise<Readers | undefined> {
  const key = database.rangeKey?.(table);
  const count = parallel ?? 1;
  if (key === undefined || count < 2 || database.together === undefined) return undefined;
  const readers = await database.together(table, count);
  if (readers.length < 2) {
    await Promise.all(readers.map((reader) => reader.close()));
    return undefined;
  }
  const quoted = database.quote(key);
  try {
    const bounds = await firstRow(readers[0]!, `select min(${quoted}), max(${quoted}) from ${quotedTable(database, table)}`);
    if (bounds[0] === null || bounds[0] === undefined) {
      await Promise.all(readers.map((reader) => reader.close()));
      return undefined;
    }
    const conditions = ranges(quoted, BigInt(String(bounds[0])), BigInt(String(bounds[1])), readers.length * RANGES_PER_READER);
    const { columns, batches } = await readers[0]!.query(`${from} where 1 = 0`);
    for await (const _ of batches);
    const queue = [...conditions];
    return { columns, readers: readers.map((reader) => takeRanges(reader, queue, from)) };
  } catch (error) {
    await Promise.all(readers.map((reader) => reader.close()));
    throw error;
  }
}

async function* takeRanges(reader: Reader, queue: string[], from: string): AsyncGenerator<Batch> {
  try {
    for (let condition = queue.shift(); condition !== undefined; condition = queue.shift()) {
      const { batches } = await reader.query(`${from} where ${condition}`);
      yield* batches;
    }
  } finally {
    await reader.close();
  }
}

/** Conditions that meet every value once; the outermost are open, so that no value is beyond them. */
export function ranges(key: string, low: bigint, high: bigint, count: number): readonly string[] {
  const span = high - low + 1n;
  const pieces = span < BigInt(count) ? span : BigInt(count);
  const edges = Array.from({ length: Number(pieces) - 1 }, (_, index) => low + (span * BigInt(index + 1)) / pieces);
  if (edges.length === 0) return ["1 = 1"];
  return [
    `${key} < ${edges[0]}`,
    ...edges.slice(1).map((edge, index) => `${key} >= ${edges[index]} and ${key} < ${edge}`),
    `${key} >= ${edges.at(-1)}`,
  ];
}

/** All rows of a query that is small by nature. */
export async function allRows(reader: Reader, sql: string): Promise<Batch> {
  const { batches } = await reader.query(sql);
  const rows: (readonly Batch[number][number][])[] = [];
  for await (const batch of batches) rows.push(...batch);
  return rows;
}

async function firstRow(reader: Reader, sql: string): Promise<Batch[number]> {
  const [row] = await allRows(reader, sql);
  return row ?? [];
}
