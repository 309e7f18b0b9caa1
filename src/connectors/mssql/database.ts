// SQL Server by mssql (tedious): one connection that holds one transaction; under SNAPSHOT isolation where the database allows it.
import type { ConnectionPool, Request, Transaction } from "mssql";
import { cursorLiteral } from "../../databases/cursor.ts";
import { databaseFailure } from "../../databases/failure.ts";
import { RowQueue } from "../../databases/queue.ts";
import type { Batch, Cell, Database, FoundTable, Result, WireColumn } from "../../databases/server.ts";
import type { Json } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import type { MssqlOptions } from "./options.ts";
import { selectedOf } from "./types.ts";

const CONNECT_TIMEOUT_MS = 20_000;
/** A query may work for long before its first row. */
const REQUEST_TIMEOUT_MS = 3_600_000;
/** Deadlock, lock timeout, snapshot conflict, database restarts or throttles. */
const PASSING = [1205, 1222, 3960, 40197, 40501, 40613, 10928, 10929];

export class Mssql implements Database {
  readonly version: string;
  private readonly pool: ConnectionPool;
  private readonly options: MssqlOptions;
  private transaction: Transaction | undefined;

  private constructor(pool: ConnectionPool, options: MssqlOptions, version: string) {
    this.pool = pool;
    this.options = options;
    this.version = version;
  }

  /** @throws MR4850. */
  static async connect(options: MssqlOptions): Promise<Mssql> {
    const settings = settingsOf(options);
    const { default: library } = await import("mssql");
    const pool = new library.ConnectionPool({
      ...settings,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      arrayRowMode: true,
      pool: { max: 1, min: 0 },
      options: {
        encrypt: options.encrypt ?? true,
        trustServerCertificate: options.trustServerCertificate ?? false,
        useUTC: true,
        appName: "millrace",
      },
    });
    try {
      await pool.connect();
      const made = new Mssql(pool, options, "");
      const [row] = await made.values("select cast(serverproperty('ProductVersion') as nvarchar(60))");
      return new Mssql(pool, options, String(row?.[0]));
    } catch (error) {
      await pool.close();
      throw failure(error, options, "connect");
    }
  }

  quote(name: string): string {
    return `[${name.replaceAll("]", "]]")}]`;
  }

  literal(value: Json, column: WireColumn): string {
    const text = cursorLiteral(value, column.type);
    if (!text.startsWith("'")) return text;
    return column.type === "TIMESTAMP WITH TIME ZONE" ? `${text.slice(0, -1)} +00:00'` : `N${text}`;
  }

  /** For reading: one moment of the database where it keeps versions of rows, else what is committed as each row is read. */
  async beginReading(): Promise<"snapshot" | "read committed"> {
    const { default: library } = await import("mssql");
    const [row] = await this.values("select snapshot_isolation_state from sys.databases where database_id = db_id()");
    const isSnapshot = Number(row?.[0]) === 1;
    await this.begin(isSnapshot ? library.ISOLATION_LEVEL.SNAPSHOT : library.ISOLATION_LEVEL.READ_COMMITTED);
    return isSnapshot ? "snapshot" : "read committed";
  }

  async begin(isolation?: number): Promise<void> {
    const transaction = this.pool.transaction();
    transaction.on("rollback", () => {}); // told by the statement that failed
    await this.told(transaction.begin(isolation));
    this.transaction = transaction;
  }

  async commit(): Promise<void> {
    const { transaction } = this;
    this.transaction = undefined;
    await this.told(transaction!.commit());
  }

  async rollback(): Promise<void> {
    const { transaction } = this;
    this.transaction = undefined;
    await this.told(transaction!.rollback());
  }

  /** The columns are asked first; then each is selected in the form that loses nothing. */
  async query(sql: string): Promise<Result> {
    const described = await this.values(
      `select name, system_type_name, user_type_name, error_message from sys.dm_exec_describe_first_result_set(N'${sql.replaceAll("'", "''")}', null, 0) order by column_ordinal`,
    );
    const problem = described.find(([, , , message]) => message !== null && message !== undefined)?.[3];
    if (problem !== undefined) throw new MillraceError({ code: "MR4851", message: `mssql: ${String(problem)}` });
    const selected = described.map(([name, type, own], index) => selectedOf(String(name ?? ""), String(type ?? own), `c${index}`));
    const names = described.map((_, index) => `c${index}`).join(", ");
    const wrapped = `select ${selected.map(({ expression }) => expression).join(", ")} from (${sql}) q(${names})`;
    return { columns: selected.map(({ column }) => column), batches: this.rows(wrapped) };
  }

  private rows(sql: string): AsyncIterable<Batch> {
    const request = this.request();
    request.stream = true;
    const queue = new RowQueue({ pause: () => request.pause(), resume: () => request.resume(), stop: () => request.cancel() });
    request.on("row", (row: unknown) => queue.push(row as Cell[]));
    request.on("error", (error: unknown) => queue.fail(failure(error, this.options, "work")));
    request.on("done", () => queue.end());
    void request.query(sql);
    return queue;
  }

  private request(): Request {
    return this.transaction === undefined ? this.pool.request() : this.transaction.request();
  }

  /** A result that is small by nature. */
  async values(sql: string): Promise<Batch> {
    const rows: Batch[number][] = [];
    for await (const batch of this.rows(sql)) rows.push(...batch);
    return rows;
  }

  async run(sql: string): Promise<void> {
    await this.told(this.request().batch(sql));
  }

  private async told<Answer>(work: Promise<Answer>): Promise<Answer> {
    try {
      return await work;
    } catch (error) {
      throw failure(error, this.options, "work");
    }
  }

  async tables(name?: string): Promise<readonly FoundTable[]> {
    const which =
      name === undefined
        ? ""
        : `and o.object_id = object_id(N'${name
            .split(".")
            .map((part) => this.quote(part))
            .join(".")
            .replaceAll("'", "''")}')`;
    const rows = await this.values(
      `select s.name, o.name, c.name, t.name, c.is_nullable, coalesce(k.key_ordinal, 0),
         coalesce((select sum(p.rows) from sys.partitions p where p.object_id = o.object_id and p.index_id in (0, 1)), 0)
       from sys.objects o join sys.schemas s on s.schema_id = o.schema_id join sys.columns c on c.object_id = o.object_id
         join sys.types t on t.user_type_id = c.user_type_id
         left join sys.indexes i on i.object_id = o.object_id and i.is_primary_key = 1
         left join sys.index_columns k on k.object_id = o.object_id and k.index_id = i.index_id and k.column_id = c.column_id
       where o.type in ('U', 'V') and o.is_ms_shipped = 0 and o.name not like '[_]millrace%' ${which} order by s.name, o.name, c.column_id`,
    );
    const found = new Map<
      string,
      { path: string[]; rows: number; columns: { name: string; type: string; nullable: boolean; place: number }[] }
    >();
    for (const [schema, table, column, type, nullable, place, count] of rows) {
      const key = `${String(schema)}.${String(table)}`;
      let entry = found.get(key);
      if (entry === undefined) found.set(key, (entry = { path: [String(schema), String(table)], rows: Number(count), columns: [] }));
      entry.columns.push({ name: String(column), type: String(type), nullable: Boolean(nullable), place: Number(place) });
    }
    return [...found].map(([key, { path, columns, rows: count }]) => ({
      name: key,
      path,
      columns,
      rows: count,
      primaryKey: columns
        .filter(({ place }) => place > 0)
        .toSorted((a, b) => a.place - b.place)
        .map((column) => column.name),
    }));
  }

  async close(): Promise<void> {
    if (this.transaction !== undefined) await this.rollback().catch(() => {}); // it only read, or its error was told
    await this.pool.close();
  }
}

function failure(error: unknown, options: MssqlOptions, step: "connect" | "work"): MillraceError {
  const inUrl = options.url !== undefined && URL.canParse(options.url) ? decodeURIComponent(new URL(options.url).password) : undefined;
  return databaseFailure(error, { connector: "mssql", step, secrets: [options.password, inUrl], passing: PASSING });
}

/** @throws MR4850 for an address that is none. */
export function settingsOf(options: MssqlOptions): { server: string; port?: number; user?: string; password?: string; database?: string } {
  const { url } = options;
  if (url !== undefined && !(/^(mssql|sqlserver):\/\//.test(url) && URL.canParse(url))) {
    throw new MillraceError({ code: "MR4850", message: "mssql: url is no address of the form mssql://user:password@host:1433/database" });
  }
  const from = url === undefined ? undefined : new URL(url);
  const part = (text: string | undefined): string | undefined => (text === undefined || text === "" ? undefined : decodeURIComponent(text));
  const found = {
    server: options.host ?? part(from?.hostname) ?? "localhost",
    port: options.port ?? (part(from?.port) === undefined ? undefined : Number(from?.port)),
    user: options.user ?? part(from?.username),
    password: options.password ?? part(from?.password),
    database: options.database ?? part(from?.pathname.slice(1)),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as ReturnType<typeof settingsOf>;
}
