// Several COPY at once into one DuckDB table, in one transaction of DuckDB: filled or not there. Watches over connections that say nothing.
import type { Client } from "pg";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Bindings } from "../../databases/vectors.ts";
import { MillraceError } from "../../model/errors.ts";
import { ident } from "../../sql/text.ts";
import type { Server } from "./connect.ts";
import { CopyOut, type Sink } from "../../databases/postgres/copy-out.ts";
import { Misfit } from "../../databases/postgres/decode-values.ts";
import { decoderOf } from "../../databases/postgres/decode.ts";
import { duckType, type Column } from "./types.ts";
import { isAtWork } from "./watch.ts";

export interface Fill {
  readonly connection: DuckDBConnection;
  /** Qualified and quoted. */
  readonly into: string;
  readonly names: readonly string[];
  readonly columns: readonly Column[];
  /** One SELECT for each part of the table. */
  readonly queries: readonly string[];
  /** In a transaction each, all of one snapshot. */
  readonly clients: readonly Client[];
  readonly server: Server;
  readonly silenceMs: number;
}

/**
 * DuckDB otherwise holds five groups of 122,880 rows before it writes them: 397 MB instead of 309 MB for 2 M rows × 12 columns, and no faster. (Of the whole
 * instance, there is none of a session; what it changes is when bytes are written, not what.)
 */
const WRITE_SOON = "set global write_buffer_row_group_count = 1";

/** @throws Misfit with the column in `found`; what ended a COPY. */
export async function copyInto(bindings: Bindings, fill: Fill): Promise<number> {
  const { connection, into, columns, names, clients } = fill;
  // A table of no columns has rows that say nothing.
  const ddl =
    columns.length === 0 ? "_empty varchar" : columns.map(({ shape }, index) => `${ident(names[index]!)} ${duckType(shape)}`).join(", ");
  await connection.run(WRITE_SOON);
  await connection.run("begin");
  try {
    await connection.run(`create table ${into} (${ddl})`);
    const rows = columns.length === 0 ? 0 : await copyAll(bindings, fill, await isSqlAscii(clients[0]!));
    await connection.run("commit");
    return rows;
  } catch (error) {
    await connection.run("rollback").catch(() => {});
    throw error;
  }
}

async function isSqlAscii(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ server_encoding: string }>("show server_encoding");
  return rows[0]?.server_encoding === "SQL_ASCII";
}

async function copyAll(bindings: Bindings, fill: Fill, isProving: boolean): Promise<number> {
  const { columns, queries, clients, connection } = fill;
  const [schema, table] = partsOf(fill.into);
  const appender = await connection.createAppender(table, schema);
  const queue = [...queries];
  const failures: unknown[] = [];
  const running = new Set<CopyOut>();
  const work = async (client: Client): Promise<number> => {
    let rows = 0;
    for (let query = queue.shift(); query !== undefined && failures.length === 0; query = queue.shift()) {
      const sink: Sink = { bindings, appender, decoders: columns.map(({ shape }) => decoderOf(shape)), isProving };
      const copy = new CopyOut(`copy (${query}) to stdout (format binary)`, sink);
      running.add(copy);
      const watch = watchOver(copy, client, fill);
      try {
        client.query(copy);
        rows += await copy.done;
      } catch (error) {
        failures.push(error);
        for (const other of running) if (other !== copy) other.stop(error);
      } finally {
        clearInterval(watch);
        running.delete(copy);
      }
    }
    return rows;
  };
  const counts = await Promise.all(clients.map(work));
  try {
    appender.closeSync();
  } catch (error) {
    if (failures.length === 0) throw error;
  }
  if (failures.length > 0) {
    const [failure] = failures;
    if (failure instanceof Misfit) Object.assign(failure, { found: columns[failure.column] });
    throw failure;
  }
  return counts.reduce((sum, rows) => sum + rows, 0);
}

/** `"a"."b"` → a, b. */
function partsOf(qualifiedName: string): readonly [string, string] {
  const parts = [...qualifiedName.matchAll(/"((?:[^"]|"")*)"|([^".]+)/g)].map((match) => match[1]?.replaceAll('""', '"') ?? match[2]!);
  return [parts.at(-2) ?? "main", parts.at(-1)!];
}

/** R3: after some silence another connection asks whether the server works on the query or waits for us. */
function watchOver(copy: CopyOut, client: Client, { server, silenceMs }: Fill): NodeJS.Timeout {
  const { processID } = client as unknown as { readonly processID: number };
  let asking = false;
  const ask = async (): Promise<void> => {
    const atWork = await isAtWork(server, processID);
    asking = false;
    if (atWork) copy.lastMs = performance.now();
    else if (performance.now() - copy.lastMs >= silenceMs)
      copy.stop(new MillraceError({ code: "MR4803", message: `${server.place}: nothing arrives any more`, retryable: true }));
  };
  return setInterval(
    () => {
      if (asking || performance.now() - copy.lastMs < silenceMs) return;
      asking = true;
      void ask();
    },
    Math.max(100, silenceMs / 4),
  );
}
