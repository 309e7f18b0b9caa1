// ClickHouse as a destination. It has no transactions; what takes their place:
//   H1. replace, merge and delete make the whole table anew beside the old one and exchange both in one step: readers see the old or the new one, and doing
//       it twice gives the same table.
//   H2. append is one INSERT … SELECT with the export's token: the server leaves out what it has under that token (in tables that Millrace made, which keep
//       tokens; a table made by others keeps them with `non_replicated_deduplication_window` or when it is replicated).
//   H3. `_millrace_exports` notes what is done; a second try asks it first.
import { createHash } from "node:crypto";
import { createTable, type Dialect, type Kind, type TargetColumn } from "../../databases/dialect.ts";
import { using } from "../../databases/using.ts";
import { designOf, insertRows, LEDGER } from "../../databases/write.ts";
import type { WriteContext, WriteResult } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import { Clickhouse, quotedText } from "./database.ts";
import type { ClickhouseOptions } from "./options.ts";

const TOKENS_KEPT = 1000;

function bareType(kind: Kind): string {
  switch (kind.kind) {
    case "boolean":
      return "Bool";
    case "integer":
      return `${kind.unsigned ? "U" : ""}Int${kind.bits}`;
    case "decimal":
      return `Decimal(${kind.digits},${kind.scale})`;
    case "float":
      return "Float32";
    case "double":
      return "Float64";
    case "date":
      return "Date32";
    case "timestamp":
    case "timestamptz":
      return "DateTime64(6, 'UTC')";
    case "uuid":
      return "UUID";
    case "blob":
    case "time":
    case "text":
    case "json":
    case "bit":
    case "interval":
      return "String";
    default:
      return kind satisfies never;
  }
}

const quote = (name: string): string => `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
const unused = (): never => {
  throw new Error("ClickHouse makes its tables anew");
};

export const clickhouseDialect: Dialect = {
  quote,
  columnType: ({ kind, isKey }: TargetColumn) => (isKey ? bareType(kind) : `Nullable(${bareType(kind)})`),
  quoted: (text, { kind }) =>
    kind === "blob" ? `'unhex(''' || ${text} || ''')'` : `'''' || replace(replace(${text}, '\\', '\\\\'), '''', '\\''') || ''''`,
  insertRowsMax: 20_000,
  insertCharactersMax: 1 << 22,
  same: (a, b) => `${a} = ${b}`,
  update: unused,
  remove: unused,
};

export function writeClickhouse(options: ClickhouseOptions, context: WriteContext): Promise<WriteResult> {
  return using(Clickhouse.connect(options), (database) => write(database, options, context));
}

async function write(database: Clickhouse, options: ClickhouseOptions, context: WriteContext): Promise<WriteResult> {
  if (options.table === undefined) throw new MillraceError({ code: "MR4853", message: "clickhouse: table says where the export goes" });
  const { mode, key, token } = context;
  const path = options.table.split(".");
  const beside = (name: string): string => [...path.slice(0, -1), name].map(quote).join(".");
  const ledger = beside(LEDGER);
  await database.run(
    `create table if not exists ${ledger} (token String, rows UInt64, at DateTime64(6, 'UTC')) engine = ReplacingMergeTree order by token`,
  );
  const [done] = await database.values(`select toString(any(rows)) from ${ledger} where token = ${quotedText(token)} having count() > 0`);
  if (done !== undefined) return { rows: Number(done[0]), locations: [options.table] };
  const { columns, primaryKey } = await designOf(options, context);
  const tag = createHash("sha256").update(`${options.table}\0${token}`).digest("hex").slice(0, 12);
  const stage = beside(`_millrace_${tag}`);
  const made = beside(`_millrace_${tag}_new`);
  const table = beside(path.at(-1)!);
  const suffix = engineOf(options, primaryKey);
  const create = (name: string): Promise<void> =>
    database.run(createTable({ table: name, columns, primaryKey: [] }, { ...clickhouseDialect, tableSuffix: suffix }));
  const drop = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) await database.run(`drop table if exists ${name}`);
  };
  await drop(stage, made);
  try {
    const [known] = await database.tables(options.table);
    await create(stage);
    const rows = await insertRows(
      {
        dialect: clickhouseDialect,
        execute: (sql) => database.run(sql, { insert_deduplicate: 0 }),
        scalar: (sql) => scalar(database, sql),
      },
      stage,
      columns,
      context,
    );
    context.signal.throwIfAborted();
    if (mode === "replace") await exchange(database, { made: stage, table, exists: known !== undefined });
    else {
      if (known === undefined) await create(table);
      else await addColumns(database, table, new Set(known.columns.map(({ name }) => name)), columns);
      if (mode === "append") await appendOnce(database, table, stage, columns, token);
      else {
        await database.run(`create table ${made} as ${table}`);
        const keys = `(${key.map(quote).join(", ")})`;
        await database.run(
          `insert into ${made} select * from ${table} where ${keys} not in (select ${key.map(quote).join(", ")} from ${stage})`,
          {
            transform_null_in: 1,
            insert_deduplicate: 0,
          },
        );
        if (mode === "merge") await appendOnce(database, made, stage, columns, token);
        await exchange(database, { made, table, exists: true });
      }
    }
    await database.run(`insert into ${ledger} values (${quotedText(token)}, ${rows}, now64(6))`);
    return { rows, locations: [options.table] };
  } finally {
    await drop(stage, made).catch(() => {}); // the server may be gone; the next try drops them
  }
}

function engineOf({ orderBy }: ClickhouseOptions, primaryKey: readonly string[]): string {
  const order = orderBy === undefined ? primaryKey : [orderBy].flat();
  const by = order.length === 0 ? "tuple()" : `(${order.map(quote).join(", ")})`;
  return ` engine = MergeTree order by ${by} settings non_replicated_deduplication_window = ${TOKENS_KEPT}`;
}

/** H2. */
function appendOnce(database: Clickhouse, table: string, stage: string, columns: readonly TargetColumn[], token: string): Promise<void> {
  const names = columns.map(({ name }) => quote(name)).join(", ");
  return database.run(`insert into ${table} (${names}) select ${names} from ${stage}`, {
    insert_deduplication_token: token,
    insert_deduplicate: 1,
    max_threads: 1,
    max_insert_threads: 1,
  });
}

/** H1. */
async function exchange(database: Clickhouse, { made, table, exists }: { made: string; table: string; exists: boolean }): Promise<void> {
  await database.run(exists ? `exchange tables ${made} and ${table}` : `rename table ${made} to ${table}`);
}

async function addColumns(
  database: Clickhouse,
  table: string,
  existing: ReadonlySet<string>,
  columns: readonly TargetColumn[],
): Promise<void> {
  for (const column of columns)
    if (!existing.has(column.name))
      await database.run(
        `alter table ${table} add column ${quote(column.name)} ${column.declared ?? clickhouseDialect.columnType(column)}`,
      );
}

async function scalar(database: Clickhouse, sql: string): Promise<string | null> {
  const [row] = await database.values(sql);
  return row?.[0] === null || row?.[0] === undefined ? null : String(row[0]);
}
