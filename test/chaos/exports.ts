// An export that is killed again and again. The rows of each round are known, and so is what the destination must hold after them: all, each once, whichever
// of the dead had written them already; beside them nothing.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { Client } from "pg";
import { expect } from "vitest";
import { millrace, project } from "../millrace.ts";
import type { TestPostgres } from "../postgres.ts";
import { type Aim, eventually, killer } from "./kills.ts";
import { type Change, type Facts, facts, type Item } from "./load-facts.ts";
import type { Chance } from "./random.ts";
import { leftovers } from "./warehouse.ts";
import { startWitnessProxy } from "./witness-proxy.ts";

export const EXPORTS = [
  ["PostgreSQL", "replace"],
  ["PostgreSQL", "append"],
  ["PostgreSQL", "merge"],
  ["PostgreSQL", "delete"],
  ["a file", "replace"],
  ["a file", "append"],
  ["a folder", "replace"],
] as const;
export type Mode = "replace" | "append" | "merge" | "delete";

interface Destination {
  /** What stands behind `to:`. */
  readonly to: string;
  readonly aims: readonly Aim[];
  /** Before each round. */
  prepare(change: Change): Promise<void>;
  rows(): Promise<readonly (readonly unknown[])[]>;
  /** What is there and should not be, after so many exports. */
  strangers(exports: number): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

interface Killing {
  readonly server: TestPostgres;
  readonly destination: (typeof EXPORTS)[number][0];
  readonly mode: Mode;
  readonly random: Chance;
  readonly kills: number;
}

export async function killExports({ server, destination, mode, random, kills }: Killing): Promise<void> {
  const known = facts();
  const made = project({ "millrace.yaml": "name: exports\ndefaults: { retry: { attempts: 3, delay: 10ms } }\n" });
  const place = destination === "PostgreSQL" ? await postgres(server, mode) : file(made.dir, destination, mode);
  const key = mode === "merge" || mode === "delete" ? "key: id\n" : "";
  made.write("sources/raw/items.yaml", "from: { files: { path: data/items.csv } }\n");
  made.write(
    "exports/items.yaml",
    `sql: select ${mode === "delete" ? "id" : "id, v, t"} from raw.items\nto: ${place.to}\nload: ${mode}\n${key}`,
  );
  const run = ["run", "--json"];
  const attack = killer(made.dir, random);
  const aims = [...place.aims];
  let exports = 0;
  const next = async (): Promise<void> => {
    const change = known.change();
    await place.prepare(change);
    made.write("data/items.csv", given(mode, change, known));
    exports += 1;
  };
  const judge = async (): Promise<void> => {
    const rows = await place.rows();
    expect(rows.toSorted(byId)).toEqual(expectedRows(mode, known).toSorted(byId));
    await eventually(() => place.strangers(exports));
    expect(await leftovers(made.dir)).toEqual([]);
  };
  try {
    await place.prepare(known.change()); // to begin with: without a word of Millrace
    if (mode !== "delete") made.write("data/items.csv", csv(known.full));
    if (mode !== "delete") exports += 1;
    if (mode !== "delete") await attack.complete(run);
    await next();
    await attack.learn(run);
    await judge();
    while (attack.hits < kills) {
      await next();
      for (let deaths = 1 + random.whole(4); deaths > 0 && attack.hits < kills; deaths--) {
        if (!(await attack.strike(run, aims.shift()))) break;
      }
      await attack.complete(run);
      await judge();
    }
    const again = await millrace(run, made.dir);
    expect(again.exitCode, again.stdout + again.stderr).toBe(0);
    await judge();
    expect(attack.hits).toBeGreaterThanOrEqual(kills);
  } finally {
    await place.close();
    made.remove();
  }
}

function given(mode: Mode, { upserted, removed }: Change, { full }: Facts): string {
  switch (mode) {
    case "replace":
      return csv(full);
    case "append":
    case "merge":
      return csv(upserted);
    case "delete":
      return `id\n${removed.join("\n")}\n`;
    default:
      return mode satisfies never;
  }
}

function expectedRows(mode: Mode, { full, log, latest }: Facts): readonly (readonly unknown[])[] {
  const items = mode === "append" ? log : mode === "merge" ? latest : full;
  return items.map(({ id, v, t }) => [id, v, t]);
}

function csv(items: readonly Item[]): string {
  return `id,v,t\n${items.map(({ id, v, t }) => `${id},${v},"${t}"\n`).join("")}`;
}

function byId([id, v]: readonly any[], [otherId, otherV]: readonly any[]): number {
  return id - otherId || v - otherV;
}

async function postgres(server: TestPostgres, mode: Mode): Promise<Destination> {
  const direct = await server.createDatabase();
  const proxy = await startWitnessProxy(server.port);
  const client = new Client(direct);
  await client.connect();
  const url = direct.replace(`:${server.port}`, `:${proxy.port}`);
  const own = mode === "delete";
  if (own) await client.query("create table items (id bigint, v bigint, t text)");
  return {
    to: `{ postgres: { url: "${url}", table: public.items${mode === "merge" ? ", primaryKey: id" : ""} } }`,
    // Words of what every export says: its rows, the ledger, the end of its transaction.
    aims: (["PGCOPY", "_millrace_exports", "commit"] as const).flatMap((word) => [proxy.aim(word, "before"), proxy.aim(word, "answered")]),
    async prepare({ upserted }) {
      if (!own) return;
      await client.query("delete from items where id = any($1)", [upserted.map(({ id }) => id)]);
      const values = [upserted.map(({ id }) => id), upserted.map(({ v }) => v), upserted.map(({ t }) => t)];
      await client.query("insert into items select * from unnest($1::bigint[], $2::bigint[], $3::text[])", values);
    },
    async rows() {
      const { rows } = await client.query({ text: "select id::int, v::int, t from items", rowMode: "array" });
      return rows as unknown[][];
    },
    async strangers(exports) {
      const found: unknown[] = [];
      const ask = async (sql: string): Promise<void> => void found.push(...(await client.query({ text: sql, rowMode: "array" })).rows);
      await ask(`select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')
        and tablename not in ('items', '_millrace_exports')`);
      await ask(
        `select state, query from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
      );
      await ask(
        `select count(*), count(distinct token) from _millrace_exports having count(*) <> ${exports} or count(distinct token) <> ${exports}`,
      );
      await ask("select indexrelid::regclass::text from pg_index where not indisvalid");
      return found;
    },
    async close() {
      await client.end();
      await proxy.close();
    },
  };
}

function file(dir: string, kind: "a file" | "a folder", mode: Mode): Destination {
  const path = kind === "a folder" ? "out/items" : mode === "append" ? "out/items.ndjson" : "out/items.csv";
  const reader = kind === "a folder" ? `read_parquet('${join(dir, path)}/**/*.parquet', hive_partitioning = true)` : `'${join(dir, path)}'`;
  return {
    to: `{ files: { path: ${path}${kind === "a folder" ? ", format: parquet, partitionBy: [v]" : ""} } }`,
    aims: [],
    prepare: () => Promise.resolve(),
    async rows() {
      const instance = await DuckDBInstance.create();
      const connection = await instance.connect();
      try {
        const found = await connection.runAndReadAll(`select id::int, v::int, t from ${reader}`);
        return found.getRowsJS() as unknown[][];
      } finally {
        connection.closeSync();
        instance.closeSync();
      }
    },
    strangers: () => Promise.resolve(readdirSync(join(dir, "out")).filter((name) => `out/${name}` !== path)),
    close: () => Promise.resolve(),
  };
}
