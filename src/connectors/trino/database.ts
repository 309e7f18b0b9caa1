// Trino by its own client, page after page. Each statement sees what its catalogue shows at that moment; there is no snapshot over several.
import type { Trino as Client } from "trino-client";
import { cursorText } from "../../databases/cursor.ts";
import { databaseFailure } from "../../databases/failure.ts";
import type { Batch, Cell, Database, FoundTable, Result, WireColumn } from "../../databases/server.ts";
import type { Json } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import type { TrinoOptions } from "./options.ts";
import { selectedOf } from "./types.ts";

/** The server is overloaded or restarts; its codes are texts. */
const PASSING = new Set(["NO_NODES_AVAILABLE", "SERVER_STARTING_UP", "SERVER_SHUTTING_DOWN", "QUERY_QUEUE_FULL", "CLUSTER_OUT_OF_MEMORY"]);

interface Page {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: Batch;
}

export class Trino implements Database {
  readonly version: string;
  private readonly client: Client;
  private readonly options: TrinoOptions;

  private constructor(client: Client, options: TrinoOptions, version: string) {
    this.client = client;
    this.options = options;
    this.version = version;
  }

  /** @throws MR4850. */
  static async connect(options: TrinoOptions): Promise<Trino> {
    const { server, user, password } = addressOf(options);
    const { BasicAuth, Trino: Library } = await import("trino-client");
    const client = Library.create({
      server,
      source: "millrace",
      extraHeaders: { "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME" }, // else the precision of times is not told
      auth: new BasicAuth(user, password),
      ...(options.catalog === undefined ? {} : { catalog: options.catalog }),
      ...(options.schema === undefined ? {} : { schema: options.schema }),
    });
    try {
      const made = new Trino(client, options, "");
      const [row] = await made.values("select node_version from system.runtime.nodes where coordinator");
      return new Trino(client, options, String(row?.[0]));
    } catch (error) {
      throw failure(error, options, "connect");
    }
  }

  quote(name: string): string {
    return `"${name.replaceAll('"', '""')}"`;
  }

  literal(value: Json, column: WireColumn): string {
    const text = cursorText(value);
    if (/INT|DECIMAL|DOUBLE|FLOAT/.test(column.type)) return text;
    const zone = column.type === "TIMESTAMP WITH TIME ZONE" ? " UTC" : "";
    return `cast('${text.replaceAll("'", "''")}${zone}' as ${column.serverType})`;
  }

  /** The columns are asked first; then each is selected in the form that loses nothing. */
  async query(sql: string): Promise<Result> {
    let columns: Page["columns"] = [];
    for await (const page of this.pages(`select * from (${sql}) q limit 0`)) ({ columns } = page);
    const selected = columns.map(({ name, type }, index) => selectedOf(name, type, `c${index}`));
    const names = columns.map((_, index) => `c${index}`).join(", ");
    const wrapped = `select ${selected.map(({ expression }) => expression).join(", ")} from (${sql}) q(${names})`;
    return { columns: selected.map(({ column }) => column), batches: this.batches(wrapped) };
  }

  private async *batches(sql: string): AsyncGenerator<Batch> {
    for await (const { rows } of this.pages(sql)) if (rows.length > 0) yield rows;
  }

  private async *pages(sql: string): AsyncGenerator<Page> {
    let id: string | undefined;
    let isDone = false;
    try {
      for await (const page of await this.client.query(sql)) {
        ({ id } = page);
        const { error } = page;
        if (error !== undefined && error !== null) {
          isDone = true;
          throw new MillraceError({ code: "MR4851", message: `trino: ${error.message}`, retryable: PASSING.has(error.errorName) });
        }
        if (page.columns !== undefined) yield { columns: page.columns, rows: (page.data ?? []) as readonly Cell[][] };
      }
      isDone = true;
    } catch (error) {
      isDone = true;
      throw failure(error, this.options, "work");
    } finally {
      if (!isDone && id !== undefined) await this.client.cancel(id).catch(() => {}); // nobody reads on
    }
  }

  /** A result that is small by nature. */
  async values(sql: string): Promise<Batch> {
    const rows: Batch[number][] = [];
    for await (const batch of this.batches(sql)) rows.push(...batch);
    return rows;
  }

  async run(sql: string): Promise<void> {
    await this.values(sql);
  }

  /** Of the named catalogue, or the connection's. */
  async tables(name?: string): Promise<readonly FoundTable[]> {
    const parts = name?.split(".") ?? [];
    const catalog = parts.length > 2 ? parts[0]! : this.options.catalog;
    if (catalog === undefined)
      throw new MillraceError({ code: "MR4853", message: "trino: catalog is missing", hint: "or table: catalog.schema.table" });
    const schema = parts.length > 1 ? parts.at(-2) : this.options.schema;
    const table = parts.at(-1);
    const rows = await this.values(
      `select table_schema, table_name, column_name, data_type, is_nullable from ${this.quote(catalog)}.information_schema.columns
       where table_schema <> 'information_schema' ${schema === undefined ? "" : `and table_schema = ${quotedText(schema.toLowerCase())}`}
       ${table === undefined ? "" : `and table_name = ${quotedText(table.toLowerCase())}`} and not starts_with(table_name, '_millrace')
       order by table_schema, table_name, ordinal_position`,
    );
    const found = new Map<string, { path: string[]; columns: { name: string; type: string; nullable: boolean }[] }>();
    for (const [inSchema, inTable, column, type, nullable] of rows) {
      const key = `${String(inSchema)}.${String(inTable)}`;
      let entry = found.get(key);
      if (entry === undefined) found.set(key, (entry = { path: [catalog, String(inSchema), String(inTable)], columns: [] }));
      entry.columns.push({ name: String(column), type: String(type), nullable: nullable === "YES" });
    }
    return [...found].map(([key, entry]) => ({ name: key, ...entry, primaryKey: [] }));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function failure(error: unknown, options: TrinoOptions, step: "connect" | "work"): MillraceError {
  const inUrl = options.url !== undefined && URL.canParse(options.url) ? decodeURIComponent(new URL(options.url).password) : undefined;
  return databaseFailure(error, { connector: "trino", step, secrets: [options.password, inUrl] });
}

function addressOf({ url, user, password }: TrinoOptions): { server: string; user: string; password: string | undefined } {
  if (url === undefined || !/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new MillraceError({ code: "MR4850", message: "trino: url is no address of the form http://host:8080" });
  }
  const from = new URL(url);
  const secret = password ?? decodeURIComponent(from.password);
  const name = user ?? (from.username === "" ? "millrace" : decodeURIComponent(from.username));
  return { server: from.origin, user: name, password: secret === "" ? undefined : secret };
}

export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
