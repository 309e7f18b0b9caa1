// ClickHouse over HTTP by its own client. A SELECT sees each part of a table as it was when it began; there are no transactions over several statements.
import type { ClickHouseClient } from "@clickhouse/client";
import { cursorLiteral } from "../../databases/cursor.ts";
import { databaseFailure } from "../../databases/failure.ts";
import type { Batch, Cell, Database, FoundTable, Result, WireColumn } from "../../databases/server.ts";
import type { Json } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ClickhouseOptions } from "./options.ts";
import { selectedOf } from "./types.ts";

/** A query may work for long before its first row. */
const REQUEST_TIMEOUT_MS = 3_600_000;
const IDLE_SOCKET_MS = 2_500;

export class Clickhouse implements Database {
  readonly version: string;
  private readonly client: ClickHouseClient;
  private readonly options: ClickhouseOptions;

  private constructor(client: ClickHouseClient, options: ClickhouseOptions, version: string) {
    this.client = client;
    this.options = options;
    this.version = version;
  }

  /** @throws MR4850. */
  static async connect(options: ClickhouseOptions): Promise<Clickhouse> {
    const address = addressOf(options);
    const { createClient, ClickHouseLogLevel } = await import("@clickhouse/client");
    const client = createClient({
      ...address,
      request_timeout: REQUEST_TIMEOUT_MS,
      keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_MS },
      log: { level: ClickHouseLogLevel.OFF },
      application: "millrace",
      clickhouse_settings: {
        output_format_json_quote_64bit_integers: 0,
        output_format_json_quote_denormals: 1,
        output_format_json_quote_decimals: 1,
        ...options.settings,
      },
    });
    try {
      const made = new Clickhouse(client, options, "");
      const [row] = await made.values("select version()");
      return new Clickhouse(client, options, String(row?.[0]));
    } catch (error) {
      await client.close();
      throw failure(error, options, "connect");
    }
  }

  quote(name: string): string {
    return `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
  }

  literal(value: Json, column: WireColumn): string {
    const text = cursorLiteral(value, column.type).replaceAll("\\", "\\\\");
    return column.type.startsWith("TIMESTAMP") ? `toDateTime64(${text}, 9, 'UTC')` : text;
  }

  /** The columns are asked first; then each is selected in the form that loses nothing. */
  async query(sql: string): Promise<Result> {
    const described = await this.values(`describe table (${sql})`);
    const selected = described.map(([name, type], index) => selectedOf(String(name), String(type), `c${index}`));
    const list = selected.map(({ expression }) => expression).join(", ");
    const wrapped = `with q as (${sql}) select ${list} from (select ${described.map(([name], index) => `${this.quote(String(name))} as c${index}`).join(", ")} from q) as _r`;
    return { columns: selected.map(({ column }) => column), batches: this.batches(wrapped) };
  }

  private async *batches(sql: string): AsyncGenerator<Batch> {
    try {
      const result = await this.client.query({ query: sql, format: "JSONCompactEachRow" });
      for await (const rows of result.stream<Cell[]>()) yield (rows as { json(): Cell[] }[]).map((row) => row.json());
    } catch (error) {
      throw failure(error, this.options, "work");
    }
  }

  /** A result that is small by nature. */
  async values(sql: string): Promise<Batch> {
    const rows: Batch[number][] = [];
    for await (const batch of this.batches(sql)) rows.push(...batch);
    return rows;
  }

  async run(sql: string, settings: Readonly<Record<string, string | number>> = {}): Promise<void> {
    try {
      await this.client.command({ query: sql, clickhouse_settings: settings });
    } catch (error) {
      throw failure(error, this.options, "work");
    }
  }

  async tables(name?: string): Promise<readonly FoundTable[]> {
    const parts = name?.split(".") ?? [];
    const database = parts.length > 1 ? quotedText(parts[0]!) : "currentDatabase()";
    const which = name === undefined ? "" : `and t.name = ${quotedText(parts.at(-1)!)}`;
    const rows = await this.values(
      `select t.database, t.name, toString(t.total_rows), t.sorting_key, c.name, c.type from system.tables t join system.columns c on c.database = t.database and c.table = t.name
       where t.database = ${database} ${which} and not startsWith(t.name, '_millrace') and not startsWith(t.name, '.inner') order by t.database, t.name, c.position`,
    );
    const found = new Map<string, { path: string[]; rows: number; columns: { name: string; type: string; nullable: boolean }[] }>();
    for (const [inDatabase, table, total, , column, type] of rows) {
      const key = `${String(inDatabase)}.${String(table)}`;
      let entry = found.get(key);
      if (entry === undefined)
        found.set(key, (entry = { path: [String(inDatabase), String(table)], rows: Number(total ?? 0), columns: [] }));
      entry.columns.push({ name: String(column), type: String(type), nullable: String(type).includes("Nullable(") });
    }
    return [...found].map(([key, entry]) => ({ name: key, ...entry, primaryKey: [] })); // its keys need not be unique
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function failure(error: unknown, options: ClickhouseOptions, step: "connect" | "work"): MillraceError {
  const inUrl = options.url !== undefined && URL.canParse(options.url) ? decodeURIComponent(new URL(options.url).password) : undefined;
  return databaseFailure(error, {
    connector: "clickhouse",
    step,
    secrets: [options.password, inUrl],
    passing: ["202", "159", "209", "210", "242"],
  });
}

function addressOf({ url, user, password, database }: ClickhouseOptions): {
  url: string;
  username?: string;
  password?: string;
  database?: string;
} {
  if (url === undefined || !/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new MillraceError({ code: "MR4850", message: "clickhouse: url is no address of the form http://host:8123" });
  }
  const from = new URL(url);
  const name = user ?? decodeURIComponent(from.username);
  const secret = password ?? decodeURIComponent(from.password);
  const place = database ?? decodeURIComponent(from.pathname.slice(1));
  from.username = "";
  from.password = "";
  from.pathname = "";
  return {
    url: from.href,
    ...(name === "" ? {} : { username: name }),
    ...(secret === "" ? {} : { password: secret }),
    ...(place === "" ? {} : { database: place }),
  };
}

export function quotedText(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
