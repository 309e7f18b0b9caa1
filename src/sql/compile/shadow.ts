// The shadow catalogue: an in-memory DuckDB with an empty typed table for every asset, where queries are bound without any data.
//   S1. It never sees the warehouse, and nothing it holds outlives the compilation.
//   S2. Tables come from assets only; a query that cannot be bound leaves nothing behind.
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { messageOf } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import type { CompiledColumn } from "./types.ts";
import type { DuckdbFailure } from "./errors.ts";
import { FUNCTIONS_SCHEMA, functionsSql } from "../functions/millrace.ts";
import { createMacroSql, type Macro } from "../functions/macros.ts";
import { type PlanAnswer, openPlanner } from "./plan-of.ts";
import { type BindRequest, type BindResult, boundTable, emptyTable, rowsTables, schemaOf } from "./shadow-tables.ts";
import { ident, literal } from "../text.ts";

const CATALOGUE = "__shadow";
/** Statements sent to DuckDB at once: 1,000 models one by one take 0.8 s, fifty at a time 0.5 s. */
const BATCH_SIZE = 50;

export class ShadowCatalogue {
  readonly #instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  readonly #schemas = new Set<string>(["main"]);
  /** What DuckDB has against each macro that was made. */
  readonly #macros = new Map<string, DuckdbFailure | null>();
  readonly #others: DuckDBConnection[] = [];
  #planner: ReturnType<typeof openPlanner> | undefined;
  #hasFunctions = false;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.connection = connection;
  }

  static async open(options: { readonly projectDir?: string | undefined } = {}): Promise<ShadowCatalogue> {
    // One thread: nothing is computed, and threads would only be started and joined for each statement.
    const instance = await DuckDBInstance.create(":memory:", { threads: "1", autoinstall_known_extensions: "false" });
    const connection = await instance.connect();
    // Under a name that no asset's schema has: DuckDB could not tell `memory.x` of the catalogue `memory` from one of a schema.
    await connection.run(`attach ':memory:' as ${CATALOGUE}; use ${CATALOGUE}; detach memory`);
    // Of the whole instance: all connections find the project's files.
    if (options.projectDir !== undefined) await connection.run(`set global file_search_path = ${literal(options.projectDir)}`);
    return new ShadowCatalogue(instance, connection);
  }

  /** Creates empty tables. Answers the assets whose columns DuckDB does not take (a type of another engine): their columns are unknown. */
  async addTables(tables: ReadonlyMap<NodeId, readonly CompiledColumn[]>): Promise<ReadonlySet<NodeId>> {
    const refused = new Set<NodeId>();
    const statements = [...tables].map(([id, columns]) => ({ id, sql: emptyTable(id, columns) }));
    await this.#addSchemas(tables.keys());
    for (let from = 0; from < statements.length; from += BATCH_SIZE) {
      const batch = statements.slice(from, from + BATCH_SIZE);
      try {
        await this.connection.run(batch.map(({ sql }) => sql).join(";\n"));
      } catch {
        for (const { id, sql } of batch) await this.connection.run(sql).catch(() => refused.add(id));
      }
    }
    return refused;
  }

  /** Makes `_millrace.rows('raw.x')` bindable. */
  async addRows(tables: ReadonlyMap<NodeId, readonly CompiledColumn[]>): Promise<void> {
    await this.connection.run(rowsTables(tables));
  }

  /** It takes 25 ms: only where a query asks for one. */
  async #addFunctions(): Promise<void> {
    if (!this.#hasFunctions) await this.connection.run(functionsSql());
    this.#hasFunctions = true;
  }

  /** Binds queries, needs before what needs them, each into an empty table of its columns. */
  async bind(requests: readonly BindRequest[]): Promise<ReadonlyMap<NodeId, BindResult>> {
    const results = new Map<NodeId, BindResult>();
    const texts = requests.flatMap(({ text, macros }) => [text, ...macros.map(({ unit }) => unit.sql)]);
    if (texts.some((text) => text.toLowerCase().includes(`${FUNCTIONS_SCHEMA}.`))) await this.#addFunctions();
    await this.#addSchemas(requests.map(({ id }) => id));
    for (let from = 0; from < requests.length; from += BATCH_SIZE) {
      const waiting = requests.slice(from, from + BATCH_SIZE);
      const batch = waiting.filter(({ needs }) => needs.every((need) => results.get(need)?.ok ?? true));
      const failed = await this.connection.run(this.#statements(batch)).then(
        () => false,
        () => true,
      );
      if (!failed) for (const { macros } of batch) for (const { name } of macros) this.#macros.set(name, null);
      for (const request of waiting) {
        const blocked = request.needs.some((need) => results.get(need)?.ok === false);
        if (blocked) results.set(request.id, { ok: false, failure: null });
        else results.set(request.id, failed ? await this.#bindOne(request) : { ok: true });
      }
    }
    return results;
  }

  /** Makes macros whose tables are there. */
  async addMacros(macros: readonly Macro[]): Promise<void> {
    for (const macro of macros) {
      if (this.#macros.has(macro.name)) continue;
      const failure = await this.connection.run(createMacroSql(macro)).then(
        () => null,
        (thrown: unknown) => withoutPlace(messageOf(thrown)),
      );
      this.#macros.set(macro.name, failure);
    }
  }

  /** What DuckDB has against a macro; null when it takes it, undefined when nobody asked. */
  macroFailure(name: string): DuckdbFailure | null | undefined {
    return this.#macros.get(name);
  }

  /** A macro stands before the first table that calls it: DuckDB looks at what it reads when it is made. */
  #statements(batch: readonly BindRequest[]): string {
    const made = new Set<string>();
    return batch
      .flatMap((request) => {
        const macros = request.macros.filter(({ name }) => !this.#macros.has(name) && !made.has(name));
        for (const { name } of macros) made.add(name);
        return [...macros.map((macro) => createMacroSql(macro)), boundTable(request)];
      })
      .join(";\n");
  }

  async #bindOne(request: BindRequest): Promise<BindResult> {
    await this.addMacros(request.macros);
    if (request.macros.some(({ name }) => this.#macros.get(name) !== null)) return { ok: false, failure: null };
    try {
      await this.connection.run(boundTable(request));
      return { ok: true };
    } catch (thrown) {
      return { ok: false, failure: await this.#explain(request.text, messageOf(thrown)) };
    }
  }

  /** The failure with its place: the exception only draws it, the serialised plan tells it. */
  async #explain(text: string, message: string): Promise<DuckdbFailure> {
    const plan = await this.plan(text);
    if (!("failure" in plan) || plan.failure.type === "internal" || plan.failure.type === "not implemented") return withoutPlace(message);
    return plan.failure;
  }

  /** DuckDB's bound plan of a query, before optimisation. */
  async plan(text: string): Promise<PlanAnswer> {
    this.#planner ??= openPlanner(this.connection);
    return (await this.#planner)(text);
  }

  /** Names and types of everything that was bound or added. */
  async columns(): Promise<ReadonlyMap<NodeId, readonly CompiledColumn[]>> {
    const reader = await this.connection.runAndReadAll(
      `select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() where database_name = '${CATALOGUE}' and not internal order by table_oid, column_index`,
    );
    const found = new Map<NodeId, CompiledColumn[]>();
    for (const [id, name, type] of reader.getRows()) {
      const list = found.get(String(id));
      if (list === undefined) found.set(String(id), [{ name: String(name), type: String(type) }]);
      else list.push({ name: String(name), type: String(type) });
    }
    return found;
  }

  /** Output names as the query gives them; a table would rename the second of two in silence. */
  async outputNames(text: string): Promise<readonly string[]> {
    const statement = await this.connection.prepare(text);
    return Array.from({ length: statement.columnCount }, (_, index) => statement.columnName(index));
  }

  /** Plans asked for on connections of their own, at once; each asks for one after the other. */
  async planners(many: number): Promise<readonly ((text: string) => Promise<PlanAnswer>)[]> {
    while (this.#others.length < many) {
      const connection = await this.#instance.connect();
      this.#others.push(connection);
      await connection.run(`use ${CATALOGUE}`);
    }
    return Promise.all(this.#others.slice(0, many).map(openPlanner));
  }

  close(): void {
    for (const connection of this.#others) connection.closeSync();
    this.connection.closeSync();
    this.#instance.closeSync();
  }

  async #addSchemas(ids: Iterable<NodeId>): Promise<void> {
    const missing = new Set<string>();
    for (const id of ids) {
      const schema = schemaOf(id);
      if (!this.#schemas.has(schema.toLowerCase())) missing.add(schema);
      this.#schemas.add(schema.toLowerCase());
    }
    if (missing.size > 0)
      await this.connection.run([...missing].map((schema) => `create schema if not exists ${ident(schema)}`).join(";\n"));
  }
}

function withoutPlace(message: string): DuckdbFailure {
  return {
    type: /^(\w+)/.exec(message)?.[1]?.toLowerCase() ?? "",
    subtype: "",
    message: message.replace(/^[\w ]+ Error: /, ""),
    position: null,
  };
}
