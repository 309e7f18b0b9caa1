// MySQL and MariaDB by mysql2: one connection as a Database. The session speaks UTC and utf8mb4; rows stream and the server waits for us.
import type { Connection, SslOptions } from "mysql2";
import { cursorLiteral } from "../../databases/cursor.ts";
import { databaseFailure } from "../../databases/failure.ts";
import { RowQueue } from "../../databases/queue.ts";
import type { Cell, Database, FoundTable, Reader, Result, WireColumn } from "../../databases/server.ts";
import { allRows } from "../../databases/read.ts";
import type { Json } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import type { MysqlOptions } from "./options.ts";
import { bitText, columnOf, type Field, wkb } from "./types.ts";

const CONNECT_TIMEOUT_MS = 20_000;
const LOCK_WAIT_SECONDS = 5;
/** Lock wait, deadlock, server goes down, too many connections, connection killed or lost. */
const PASSING = [1205, 1213, 1053, 1040, 1203, 1927, 2006, 2013];
/** What a value is depends on no setting of the server. */
const SQL_MODE = "NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION";

const SYSTEM = "('mysql', 'information_schema', 'performance_schema', 'sys')";

/** One connection. */
export class Mysql implements Database {
  readonly version: string;
  private readonly connection: Connection;
  private readonly options: MysqlOptions;
  private isBroken = false;
  private lost: (error: unknown) => void = () => {};

  private constructor(connection: Connection, options: MysqlOptions, version: string) {
    this.connection = connection;
    this.options = options;
    this.version = version;
    connection.on("error", (error) => this.lost(error)); // the driver tells a lost connection here only, not to the query under way
  }

  /** @throws MR4850. */
  static async connect(options: MysqlOptions): Promise<Mysql> {
    const { createConnection } = await import("mysql2");
    try {
      const connection = createConnection({
        ...addressOf(options),
        charset: "utf8mb4_general_ci",
        connectTimeout: CONNECT_TIMEOUT_MS,
        supportBigNumbers: true,
        bigNumberStrings: true,
        dateStrings: true,
        jsonStrings: true,
        multipleStatements: false,
        ...(options.ssl === undefined ? {} : { ssl: options.ssl === true ? {} : (options.ssl as SslOptions) }),
      });
      await new Promise<void>((resolve, reject) => {
        connection.connect((error) => (error === null ? resolve() : reject(error)));
      });
      const made = new Mysql(connection, options, "");
      await made.run(`set session time_zone = '+00:00', sql_mode = ${quotedText(SQL_MODE)}`);
      const [row] = await allRows(made, "select version()");
      return new Mysql(connection, options, String(row?.[0]));
    } catch (error) {
      throw failure(error, options, "connect");
    }
  }

  quote(name: string): string {
    return `\`${name.replaceAll("`", "``")}\``;
  }

  literal(value: Json, column: WireColumn): string {
    return cursorLiteral(value, column.type);
  }

  query(sql: string): Promise<Result> {
    const command = this.connection.query({ sql, rowsAsArray: true, typeCast: castCell });
    const queue = new RowQueue({
      pause: () => this.connection.pause(),
      resume: () => this.connection.resume(),
      stop: () => {
        this.isBroken = true;
        this.connection.destroy();
      },
    });
    return new Promise((resolve, reject) => {
      command.on("fields", (fields: unknown) => {
        if (fields === undefined) return;
        resolve({ columns: (fields as readonly Field[]).map(columnOf), batches: queue });
      });
      command.on("result", (row: unknown) => {
        if (Array.isArray(row)) queue.push(row as Cell[]);
        else resolve({ columns: [], batches: queue }); // a statement without rows
      });
      const fail = (error: unknown): void => {
        const told = failure(error, this.options, "work");
        queue.fail(told);
        reject(told);
      };
      this.lost = (error) => {
        this.isBroken = true;
        fail(error);
      };
      command.on("error", fail);
      command.on("end", () => queue.end());
    });
  }

  /** Rows changed. */
  run(sql: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.connection.query(sql, (error, result) => {
        if (error !== null) reject(failure(error, this.options, "work"));
        else resolve((result as { readonly affectedRows?: number }).affectedRows ?? 0);
      });
    });
  }

  async tables(name?: string): Promise<readonly FoundTable[]> {
    const parts = name?.split(".") ?? [];
    const schema = parts.length === 2 ? quotedText(parts[0]!) : "database()";
    const where =
      name === undefined
        ? `(c.table_schema = database() or (database() is null and c.table_schema not in ${SYSTEM}))`
        : `(c.table_schema = ${schema} and c.table_name = ${quotedText(parts.at(-1)!)}) or (c.table_schema = database() and c.table_name = ${quotedText(name)})`;
    const rows = await allRows(
      this,
      `select c.table_schema, c.table_name, c.column_name, c.column_type, c.is_nullable, c.column_key, t.table_rows,
         coalesce((select min(k.seq_in_index) from information_schema.statistics k where k.table_schema = c.table_schema
           and k.table_name = c.table_name and k.column_name = c.column_name and k.index_name = 'PRIMARY'), 0)
       from information_schema.columns c join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
       where (${where}) and c.table_name not like '\\_millrace\\_%' order by c.table_schema, c.table_name, c.ordinal_position`,
    );
    const found = new Map<
      string,
      { path: string[]; rows: number; columns: { name: string; type: string; nullable: boolean; place: number }[] }
    >();
    for (const [inSchema, table, column, type, nullable, , count, place] of rows) {
      const key = `${String(inSchema)}.${String(table)}`;
      let entry = found.get(key);
      if (entry === undefined) found.set(key, (entry = { path: [String(inSchema), String(table)], rows: Number(count ?? 0), columns: [] }));
      entry.columns.push({ name: String(column), type: String(type), nullable: nullable === "YES", place: Number(place) });
    }
    return [...found].map(([key, { path, columns, rows: count }]) => ({
      name: key,
      path,
      columns,
      primaryKey: columns
        .filter(({ place }) => place > 0)
        .toSorted((a, b) => a.place - b.place)
        .map((column) => column.name),
      rows: count,
    }));
  }

  /** FLOAT as text has six digits only; as a DOUBLE it is exact. */
  selectList({ columns }: FoundTable): string {
    if (!columns.some(({ type }) => type.startsWith("float"))) return "*";
    return columns
      .map(({ name, type }) => (type.startsWith("float") ? `cast(${this.quote(name)} as double) as ${this.quote(name)}` : this.quote(name)))
      .join(", ");
  }

  refine({ columns }: FoundTable, found: readonly WireColumn[]): readonly WireColumn[] {
    const floats = new Set(columns.filter(({ type }) => type.startsWith("float")).map(({ name }) => name));
    return found.map((column) => (floats.has(column.name) ? { ...column, type: "FLOAT", serverType: "float" } : column));
  }

  rangeKey({ primaryKey, columns }: FoundTable): string | undefined {
    const [only, second] = primaryKey;
    const column = second === undefined ? columns.find(({ name }) => name === only) : undefined;
    return column !== undefined && /^(tiny|small|medium|big)?int/.test(column.type) ? column.name : undefined;
  }

  /** A read lock for the moment in which all of them begin their transactions; without the right to lock, none. */
  async together(table: FoundTable, count: number): Promise<readonly Reader[]> {
    const readers: Mysql[] = [];
    try {
      for (let made = 0; made < count; made++) readers.push(await Mysql.connect(this.options));
      await this.run(`set session lock_wait_timeout = ${LOCK_WAIT_SECONDS}`);
      await this.run(`lock tables ${table.path.map((part) => this.quote(part)).join(".")} read`);
      try {
        await Promise.all(readers.map((reader) => reader.begin()));
      } finally {
        await this.run("unlock tables");
      }
      return readers;
    } catch (error) {
      await Promise.all(readers.map((reader) => reader.close()));
      if (error instanceof MillraceError && error.code === "MR4851") return []; // no right to lock, or somebody else holds one
      throw error;
    }
  }

  async begin(): Promise<void> {
    await this.run("set session transaction isolation level repeatable read");
    await this.run("start transaction with consistent snapshot");
  }

  close(): Promise<void> {
    if (this.isBroken) return Promise.resolve();
    return new Promise((resolve) => {
      this.connection.end((error) => {
        if (error !== null && error !== undefined) this.connection.destroy();
        resolve();
      });
    });
  }
}

function failure(error: unknown, options: MysqlOptions, step: "connect" | "work"): MillraceError {
  return databaseFailure(error, { connector: "mysql", step, secrets: [options.password, passwordIn(options.url)], passing: PASSING });
}

function passwordIn(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  return decodeURIComponent(new URL(url).password);
}

function addressOf(options: MysqlOptions): { host?: string; port?: number; user?: string; password?: string; database?: string } {
  const { url, host, port, user, password, database } = options;
  if (url !== undefined && !/^(mysql|mariadb):\/\//.test(url)) {
    throw new MillraceError({ code: "MR4850", message: "mysql: url is no address of the form mysql://user:password@host:3306/database" });
  }
  const from = url === undefined ? undefined : new URL(url);
  const pick = (own: string | undefined, inUrl: string | undefined): string | undefined =>
    own ?? (inUrl === undefined || inUrl === "" ? undefined : decodeURIComponent(inUrl));
  const found = {
    host: pick(host, from?.hostname) ?? "localhost",
    user: pick(user, from?.username),
    password: pick(password, from?.password),
    database: pick(database, from?.pathname.slice(1)),
    port: port ?? (from?.port ? Number(from.port) : undefined),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** A literal under NO_BACKSLASH_ESCAPES. */
export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

interface CastField {
  readonly type: string;
  readonly length: number;
  buffer(): Buffer | null;
  string(): string | null;
}

/** Cells as the wire wants them; the driver's own reading but for what it would bend. */
function castCell(field: CastField, next: () => unknown): unknown {
  switch (field.type) {
    case "JSON":
      return field.string();
    case "GEOMETRY": {
      const bytes = field.buffer();
      return bytes === null ? null : wkb(bytes);
    }
    case "BIT": {
      const bytes = field.buffer();
      return bytes === null ? null : bitText(bytes, field.length);
    }
    default:
      return next();
  }
}
