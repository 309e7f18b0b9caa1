// Where tests run: an in-memory DuckDB that has all that a warehouse has, emptied between two tests. Never the project's own warehouse.
//   L1. Nothing of a test is in sight of the next one: not its tables, not its ledger, not its clock.
//   L2. Moments are UTC whatever zone the machine is in.
import { DuckDBInstance } from "@duckdb/node-api";
import { version } from "../../model/version.ts";
import { prepareFunctions } from "../../sql/functions/millrace.ts";
import { DATA_SCHEMA, prepareLedger, ROWS_SCHEMA } from "../../sql/ledger/ledger.ts";
import { ident, literal } from "../../sql/text.ts";
import type { Session } from "../../sql/session.ts";
import { Warehouse } from "../../sql/warehouse.ts";
import { atMoment } from "../../platform/clock.ts";
import type { Project } from "../../project/reader.ts";
import { prepareCalendars } from "../attempts/calendars.ts";

/** Schemas that stay, emptied or not. */
const KEPT = `('main', '_millrace', 'millrace', 'information_schema', 'pg_catalog')`;
/** Functions that tell the time, and what they are in a test that says `now:`. */
const CLOCKS: readonly (readonly [string, string])[] = [
  ["now", "timestamptz"],
  ["current_timestamp", "timestamptz"],
  ["get_current_timestamp", "timestamptz"],
  ["transaction_timestamp", "timestamptz"],
  ["current_date", "date"],
  ["today", "date"],
  ["localtimestamp", "timestamp"],
  ["current_localtimestamp", "timestamp"],
  ["current_time", "timetz"],
  ["get_current_time", "timetz"],
  ["localtime", "time"],
  ["current_localtime", "time"],
];
/** That take an argument, as they are for a moment: `age(x)` counts to the midnight before it. */
const OTHER_CLOCKS: Readonly<Record<string, (at: string) => string>> = {
  age: (at) => `(x) as system.main.age(cast(cast(${at} as date) as timestamp), x), (x, y) as system.main.age(x, y)`,
};

export class Lane {
  readonly warehouse: Warehouse;
  private hasFunctions = false;
  /** What a test before may have left: all of it, or what it said that it makes. */
  private isPublished = false;
  private readonly drops: string[] = [];
  private now: string | null = null;

  private constructor(warehouse: Warehouse) {
    this.warehouse = warehouse;
  }

  static async open(projectDir: string, number: number): Promise<Lane> {
    // One thread: the rows are few, and lanes run beside each other.
    const instance = await DuckDBInstance.create(":memory:", { threads: "1", preserve_insertion_order: "true" });
    const lane = new Lane(new Warehouse(`:tests-${number}:`, instance));
    await lane.warehouse.session(async (session) => {
      await prepareLedger(session, ":memory:", version);
      await session.run(`set global TimeZone = 'UTC'; set global file_search_path = ${literal(projectDir)}`);
    });
    return lane;
  }

  /** The functions of the schema `millrace` with the project's calendars, for texts that use them: they cost 8 ms. */
  async addFunctions(project: Project): Promise<void> {
    if (this.hasFunctions) return;
    await this.warehouse.session((session) => prepareFunctions(session));
    if (project.config.calendars !== undefined) await prepareCalendars(this.warehouse, project);
    this.hasFunctions = true;
  }

  /** Statements that take away what the next ones make; `ledger`: something was published too. */
  leaves(what: { readonly drops: readonly string[] } | "ledger"): void {
    if (what === "ledger") this.isPublished = true;
    else this.drops.push(...what.drops);
  }

  /** L1, and the clock of the next test (null: the real one): statements that come before those of the test. */
  async cleaning(now: string | null): Promise<readonly string[]> {
    const drops = this.isPublished ? await this.warehouse.session((session) => everythingMade(session)) : [...new Set(this.drops)];
    const anew = this.isPublished ? [`create schema ${DATA_SCHEMA}`, `create schema ${ROWS_SCHEMA}`] : [];
    this.isPublished = false;
    this.drops.length = 0;
    return [...drops, ...anew, ...this.clocks(now)];
  }

  /** Users' TypeScript at the time that the test says. */
  readonly atItsMoment = <Value>(work: () => Value): Value => (this.now === null ? work() : atMoment(new Date(this.now), work));

  close(): void {
    this.warehouse.close();
  }

  private clocks(now: string | null): readonly string[] {
    const before = this.now;
    this.now = now;
    if (now === before) return [];
    const others = Object.entries(OTHER_CLOCKS);
    if (now === null) return [...CLOCKS, ...others].map(([name]) => `drop macro main.${ident(name)}`);
    const at = `timestamptz ${literal(new Date(now).toISOString())}`;
    const plain = CLOCKS.map(
      ([name, type]) => [name, `() as cast(${type === "time" ? `cast(${at} as timestamp)` : at} as ${type})`] as const,
    );
    const all = [...plain, ...others.map(([name, body]) => [name, body(at)] as const)];
    return all.map(([name, body]) => `create or replace macro main.${ident(name)}${body}`);
  }
}

/** Statements that take away everything that is not there in a new warehouse. */
async function everythingMade(session: Session): Promise<readonly string[]> {
  const made = await session.rows<{ statement: string }>(
    `select 'drop schema ' || '"' || replace(schema_name, '"', '""') || '" cascade' as statement
       from duckdb_schemas() where database_name = current_database() and schema_name not in ${KEPT}
     union all select 'drop view main."' || replace(view_name, '"', '""') || '"'
       from duckdb_views() where database_name = current_database() and schema_name = 'main' and not internal
     union all select 'drop table main."' || replace(table_name, '"', '""') || '"'
       from duckdb_tables() where database_name = current_database() and schema_name = 'main'
     union all select 'truncate _millrace."' || table_name || '"'
       from duckdb_tables() where database_name = current_database() and schema_name = '_millrace' and table_name <> '_meta' and estimated_size > 0`,
  );
  return made.map(({ statement }) => statement);
}
