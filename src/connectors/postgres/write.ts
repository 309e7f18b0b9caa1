// Writing: everything in one transaction of PostgreSQL, the ledger's row with the rows. So a try that ends anywhere leaves nothing behind, no table beside the
// others either, and a commit whose answer was lost is decided by the ledger.
//   W1. A token writes once, however often it is tried, also by two at once.
//   W2. Replace: the table is exchanged for a new one; where views, foreign keys and the like hang on it, its rows are, and it stays the same table.
//   W3. Columns that the table lacks are added; a type that cannot take every value is an error before anything is written.
import { createHash } from "node:crypto";
import type { Client } from "pg";
import { vectorBindings } from "../../databases/vectors.ts";
import type { WriteContext, WriteResult } from "../../load/connector.ts";
import { parseDurationMs } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import { ident } from "../../sql/text.ts";
import { close, serverOf, type Server } from "./connect.ts";
import { destinationOf, fitColumns, type Destination, type Fitted } from "./destination.ts";
import { isConnectionLoss } from "./failure.ts";
import { declareTable } from "./declare.ts";
import { claim, ensureLedger, noteRows } from "./ledger.ts";
import { mergeRows, deleteRows } from "./merge.ts";
import type { PostgresOptions } from "./options.ts";
import { asText, outgoingColumns } from "./outgoing.ts";
import { nameParts } from "./select.ts";
import { sendRows } from "./send.ts";
import { exchangeTables } from "./swap.ts";
import { silenceOf, WriteWatch } from "./watch.ts";

const LOCK_MS = 60_000;
const STAGING = "pg_temp._millrace_rows";

/** @throws MR48xx. */
export async function writePostgres(options: PostgresOptions, context: WriteContext): Promise<WriteResult> {
  const server = serverOf(options, context);
  const target = targetOf(options, context);
  try {
    return await writeOnce(server, target, options, context);
  } catch (error) {
    if (!(error instanceof UnknownOutcome)) throw server.failure(error, `writing ${target.name}`);
    context.log(
      "warn",
      `${target.name}: the connection was lost while the rows were committed; the ledger there tells what became of them`,
    );
    return await writeOnce(server, target, options, context).catch((second: unknown) => {
      throw server.failure(second instanceof UnknownOutcome ? second.cause : second, `writing ${target.name}`);
    });
  }
}

/** The commit was sent and never answered. */
class UnknownOutcome extends Error {}

interface Target {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly key: readonly string[];
}

function targetOf(options: PostgresOptions, { mode, key }: WriteContext): Target {
  if (options.table === undefined) throw new MillraceError({ code: "MR4806", message: "postgres: an export needs `table:`" });
  if ((mode === "merge" || mode === "delete") && key.length === 0) {
    throw new MillraceError({ code: "MR4806", message: `${options.table}: ${mode} needs \`key:\`` });
  }
  const [first, second] = nameParts(options.table);
  const [schema, table] = second === undefined ? ["public", first!] : [first!, second];
  return { name: `${schema}.${table}`, schema, table, key };
}

async function writeOnce(server: Server, target: Target, options: PostgresOptions, context: WriteContext): Promise<WriteResult> {
  const { signal, token } = context;
  const { schema } = target;
  signal.throwIfAborted();
  const client = await server.connect();
  const abort = (): void => close(client);
  signal.addEventListener("abort", abort, { once: true });
  const watch = new WriteWatch({ client, server, silenceMs: silenceOf(options) });
  try {
    await client.query(
      `set lock_timeout = ${options.lockTimeout === undefined ? LOCK_MS : (parseDurationMs(options.lockTimeout) ?? LOCK_MS)}`,
    );
    await ensureLedger(client, schema);
    await client.query("begin");
    const { written } = await claim(client, schema, token, target.name);
    if (written !== null) return { rows: written, locations: [`${server.place}/${target.name}`] };
    const rows = await writeRows({ client, watch, target, options, context });
    await noteRows(client, schema, token, rows);
    await commit(client);
    return { rows, locations: [`${server.place}/${target.name}`] };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
    watch.end();
    close(client);
  }
}

async function commit(client: Client): Promise<void> {
  try {
    await client.query("commit");
  } catch (error) {
    if (isConnectionLoss(error)) throw new UnknownOutcome("the outcome of the commit is not known", { cause: error });
    throw error;
  }
}

interface Asked {
  readonly client: Client;
  readonly watch: WriteWatch;
  readonly target: Target;
  readonly options: PostgresOptions;
  readonly context: WriteContext;
}

interface Writing extends Asked {
  readonly destination: Destination | null;
  readonly fitted: readonly Fitted[];
  /** Qualified and quoted. */
  readonly into: string;
  /** The query, without a semicolon. */
  readonly query: string;
}

async function writeRows(asked: Asked): Promise<number> {
  const { client, target, options, context } = asked;
  const { mode, connection } = context;
  const query = context.query.trim().replace(/;+\s*$/, "");
  const outgoing = await outgoingColumns(connection, query, options.types ?? {});
  const columns = (await vectorBindings()) === null ? outgoing.map(asText) : outgoing;
  const destination = await destinationOf(client, target.schema, target.table);
  if (destination !== null && !"rp".includes(destination.kind)) {
    throw new MillraceError({ code: "MR4810", message: `${target.name} is there and is no table` });
  }
  const isExchange = mode === "replace" && (destination === null || destination.bound.length === 0);
  const into = `${ident(target.schema)}.${ident(target.table)}`;
  const known = { ...asked, destination, into, query };
  const writing: Writing = { ...known, fitted: fitColumns(target.name, columns, isExchange ? null : destination) };
  missingKeys(
    target,
    columns.map(({ name }) => name),
  );
  const rows = await writeBy(writing, isExchange);
  await declareTable(client, { ...target, into, options, mode, isNew: destination === null });
  return rows;
}

function missingKeys({ name, key }: Target, columns: readonly string[]): void {
  const missing = key.filter((column) => !columns.includes(column));
  if (missing.length > 0)
    throw new MillraceError({ code: "MR4806", message: `${name}: the rows have no column ${missing.join(", ")} of the key` });
}

async function writeBy(writing: Writing, isExchange: boolean): Promise<number> {
  const { context, destination, client, into, target, fitted } = writing;
  const { mode } = context;
  switch (mode) {
    case "replace": {
      if (isExchange) return exchange(writing);
      context.log("info", `${target.name} stays the same table, its rows are replaced: ${destination!.bound.join(", ")}`);
      await addColumns(writing);
      const rows = await stage(writing);
      await emptyTable(writing);
      await insertStaged(writing);
      return rows;
    }
    case "append": {
      if (destination === null) await createTable(writing, into);
      else await addColumns(writing);
      if (fitted.every(({ isDirect }) => isDirect)) return send(writing, into);
      const rows = await stage(writing);
      await insertStaged(writing);
      return rows;
    }
    case "merge": {
      if (destination === null) await createTable(writing, into);
      else await addColumns(writing);
      const rows = await stage(writing);
      await mergeRows(client, { name: target.name, into, staging: STAGING, key: target.key, fitted, uniques: destination?.uniques ?? [] });
      return rows;
    }
    case "delete": {
      const keys = { ...writing, fitted: fitted.filter(({ column }) => target.key.includes(column.name)) };
      const rows = await stage(keys);
      if (destination !== null) await deleteRows(client, { into, staging: STAGING, key: target.key, fitted: keys.fitted });
      return rows;
    }
    default:
      return mode satisfies never;
  }
}

/** W2, first half. */
async function exchange(writing: Writing): Promise<number> {
  const { client, target, destination, into, context, fitted } = writing;
  if (destination === null) {
    await createTable(writing, into);
    return fill(writing, into);
  }
  const fresh = `_millrace_${createHash("sha256").update(`${target.name}\0${context.token}`).digest("hex").slice(0, 16)}`;
  const young = `${ident(target.schema)}.${ident(fresh)}`;
  await createTable(writing, young);
  const rows = await fill(writing, young);
  const columns = new Set(fitted.map(({ column }) => column.name));
  const warn = (message: string): void => context.log("warn", message);
  await exchangeTables(client, { ...target, columns, fresh, oid: destination.oid, warn });
  return rows;
}

/** Rows into a table that was made for them. */
async function fill(writing: Writing, into: string): Promise<number> {
  if (writing.fitted.every(({ isDirect }) => isDirect)) return send(writing, into);
  const rows = await stage(writing);
  await insertStaged({ ...writing, into });
  return rows;
}

function createTable({ client, fitted }: Writing, into: string): Promise<unknown> {
  return client.query(`create table ${into} (${fitted.map(({ column }) => `${ident(column.name)} ${column.type}`).join(", ")})`);
}

async function addColumns({ client, into, fitted, destination }: Writing): Promise<void> {
  if (destination === null) return;
  const added = fitted.filter(({ type }) => type === null);
  if (added.length === 0) return;
  await client.query(`alter table ${into} ${added.map(({ column }) => `add column ${ident(column.name)} ${column.type}`).join(", ")}`);
}

/** Rows into a table that only this transaction sees. */
async function stage(writing: Writing): Promise<number> {
  const { client, fitted } = writing;
  const columns = fitted.map(({ column }) => `${ident(column.name)} ${column.wireType}`).join(", ");
  await client.query(`create temp table _millrace_rows (${columns}) on commit drop`);
  const rows = await send(writing, STAGING);
  await client.query(`analyze ${STAGING}`);
  return rows;
}

function insertStaged({ client, into, fitted }: Writing): Promise<unknown> {
  const names = fitted.map(({ column }) => ident(column.name)).join(", ");
  return client.query(`insert into ${into} (${names}) select ${fitted.map(({ value }) => value).join(", ")} from ${STAGING}`);
}

/** A table that foreign keys lead to cannot be truncated. */
async function emptyTable({ client, into }: Writing): Promise<void> {
  await client.query("savepoint emptying");
  try {
    await client.query(`truncate ${into}; release savepoint emptying`);
  } catch (error) {
    if (!["0A000", "42501"].includes((error as { code?: string }).code ?? "")) throw error;
    await client.query(`rollback to savepoint emptying; delete from ${into}`);
  }
}

function send({ client, watch, context, query, fitted }: Writing, into: string): Promise<number> {
  const columns = fitted.map(({ column }) => column);
  return sendRows({ client, connection: context.connection, query, columns, into, signal: context.signal, watch });
}
