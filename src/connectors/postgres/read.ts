// Reading: one snapshot of the table or query, by one or several connections, as binary COPY into a DuckDB table.
//   R1. All connections see one moment: the first exports its snapshot, the others take it on.
//   R2. A column whose values do not fit its DuckDB type is read again, all of it, as text; nothing is left out.
//   R3. A connection that was lost or says nothing more, although its server waits for us, is an error that passes; the table is not left half filled.
import type { Client } from "pg";
import { distinctNames } from "../../databases/fill.ts";
import { vectorBindings } from "../../databases/vectors.ts";
import type { FilledTable, ReadContext, TableDelivery } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import { ident, literal } from "../../sql/text.ts";
import { close, serverOf, type Server } from "./connect.ts";
import { Misfit } from "../../databases/postgres/decode-values.ts";
import { copyInto } from "./copy-into.ts";
import { clusterOf, positionOf, readHorizon, windowConditions, type Position } from "./horizon.ts";
import type { PostgresOptions } from "./options.ts";
import { fillByText } from "./read-text.ts";
import { originOf, pageRanges, type Origin } from "./select.ts";
import { describeColumns, duckType, findColumn, isExactText, selectItem, type Column } from "./types.ts";
import { silenceOf } from "./watch.ts";

/** Smaller tables are read by one connection. */
const PARALLEL_PAGES_MIN = 8_192;
const PARALLEL_DEFAULT = 2;
const RANGES_PER_CONNECTION = 6;

/** The one delivery of a table or query. */
export function postgresDelivery(options: PostgresOptions, context: ReadContext): TableDelivery {
  const server = serverOf(options, context);
  return {
    kind: "table",
    name: options.table ?? "query",
    async fill(request) {
      const asText = new Map<string, "text" | number>();
      for (;;) {
        try {
          return await fillOnce({ options, context, server, asText, ...request });
        } catch (error) {
          const misfit = misfitOf(error);
          if (misfit === null) throw error;
          const { column, why } = misfit;
          context.log("info", `${column.name}: ${why}; the column is read ${adapt(asText, column, error as Misfit)}`);
        }
      }
    },
  };
}

/** What a column becomes after a misfit: an array of the dimensions that were seen, once; else text. */
function adapt(asText: Map<string, "text" | number>, column: Column, misfit: Misfit): string {
  const isFirst = !asText.has(column.name);
  if (isFirst && misfit.dimensions !== null && column.shape.kind === "list") {
    asText.set(column.name, misfit.dimensions);
    return `as an array of ${misfit.dimensions} dimensions`;
  }
  asText.set(column.name, "text");
  return "as text";
}

class ColumnMisfit extends Misfit {
  readonly found: Column;
  constructor(misfit: Misfit, found: Column) {
    super(misfit.message, misfit.dimensions);
    this.found = found;
  }
}

function misfitOf(error: unknown): { readonly column: Column; readonly why: string } | null {
  return error instanceof ColumnMisfit ? { column: error.found, why: error.message } : null;
}

interface Filling {
  readonly options: PostgresOptions;
  readonly context: ReadContext;
  readonly server: Server;
  readonly asText: ReadonlyMap<string, "text" | number>;
  readonly connection: ReadContext["connection"];
  readonly into: string;
  readonly signal?: AbortSignal;
}

async function fillOnce(filling: Filling): Promise<FilledTable> {
  const { options, context, server, into, connection } = filling;
  const signal = filling.signal ?? context.signal;
  signal.throwIfAborted();
  const lead = await server.connect();
  const clients = [lead];
  const abort = (): void => clients.forEach(close);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const cluster = context.cursor === undefined ? "" : await clusterOf(lead);
    await lead.query("begin isolation level repeatable read, read only");
    const described = await originOf(lead, options);
    const found = await describeColumns(lead, `select ${listed(options)} from ${described.from}`);
    const { origin, columns } = toldApart(
      described,
      found.map((column) => adapted(column, filling)),
    );
    const { conditions, position, exact } = await conditionsOf(lead, { origin, columns, cluster, filling });
    const names = distinctNames(columns.map(({ name }) => name));
    const ranges = context.since === undefined && context.position === undefined ? rangesOf(origin, options) : [];
    if (ranges.length > 0) clients.push(...(await followers(lead, server, Math.min(parallelOf(options), ranges.length) - 1)));
    const queries = (ranges.length > 0 ? ranges : [null]).map((range) => {
      const all = range === null ? conditions : [...conditions, range];
      return `select ${columns.map(selectItem).join(", ")} from ${origin.from}${all.length === 0 ? "" : ` where ${all.join(" and ")}`}`;
    });
    const fill = { connection, into, names, columns, queries, clients, server, silenceMs: silenceOf(options) };
    const bindings = await vectorBindings();
    const rows = bindings === null ? await fillByText(fill) : await copyInto(bindings, fill);
    return {
      rows,
      columns: columns.map(({ name, serverType, shape, asText }, index) => ({
        name: names[index]!,
        label: name,
        type: duckType(shape),
        exactText: isExactText(shape),
        why: `${serverType} in PostgreSQL${asText ? ", as it writes it" : ""}`,
      })),
      ...(position === null ? {} : { position }),
      ...(exact ? { exact } : {}),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Misfit) throw new ColumnMisfit(error, (error as Misfit & { found?: Column }).found!);
    throw server.failure(error, `reading ${options.table ?? "the query"}`);
  } finally {
    signal.removeEventListener("abort", abort);
    clients.forEach(close);
  }
}

function listed({ columns, query }: PostgresOptions): string {
  return columns === undefined || query !== undefined ? "*" : [columns].flat().map(ident).join(", ");
}

/** A query may have a name twice: its columns then get names of ours. */
function toldApart(origin: Origin, columns: readonly Column[]): { readonly origin: Origin; readonly columns: readonly Column[] } {
  if (new Set(columns.map(({ name }) => name)).size === columns.length) return { origin, columns };
  const names = columns.map((_, index) => `column_${index}`);
  return {
    origin: { ...origin, from: `${origin.from}(${names.join(", ")})` },
    columns: columns.map((column, index) => ({ ...column, sql: names[index]! })),
  };
}

function parallelOf({ parallel = PARALLEL_DEFAULT }: PostgresOptions): number {
  return parallel;
}

function rangesOf({ pages }: Origin, options: PostgresOptions): readonly string[] {
  const parallel = parallelOf(options);
  const isLarge = pages !== null && (pages >= PARALLEL_PAGES_MIN || (options.parallel !== undefined && pages > 0));
  return isLarge && parallel > 1 ? pageRanges(pages, parallel * RANGES_PER_CONNECTION) : [];
}

/** R1. A server that cannot show its snapshot is read by one connection. */
async function followers(lead: Client, server: Server, count: number): Promise<readonly Client[]> {
  const clients: Client[] = [];
  try {
    await lead.query("savepoint before_export");
    const { rows } = await lead.query<{ id: string }>("select pg_catalog.pg_export_snapshot() as id");
    for (let index = 0; index < count; index++) {
      const client = await server.connect();
      clients.push(client);
      await client.query("begin isolation level repeatable read, read only");
      await client.query(`set transaction snapshot ${literal(rows[0]!.id)}`);
    }
    return clients;
  } catch {
    clients.forEach(close);
    await lead.query("rollback to savepoint before_export").catch(() => {});
    return [];
  }
}

function adapted(column: Column, { asText }: Filling): Column {
  const seen = asText.get(column.name);
  if (seen === undefined) return column;
  if (typeof seen === "number" && column.shape.kind === "list") return { ...column, shape: { ...column.shape, dimensions: seen } };
  return { ...column, shape: { kind: "text" }, asText: true };
}

interface Conditions {
  readonly conditions: readonly string[];
  readonly position: Position | null;
  readonly exact: boolean;
}

async function conditionsOf(
  lead: Client,
  { origin, columns, cluster, filling }: { origin: Origin; columns: readonly Column[]; cluster: string; filling: Filling },
): Promise<Conditions> {
  const { options, context } = filling;
  const own = options.where === undefined ? [] : [`(${options.where}\n)`];
  const { cursor, since } = context;
  if (cursor === undefined) return { conditions: own, position: null, exact: false };
  const column = findColumn(columns, cursor);
  if (column === undefined) {
    throw new MillraceError({
      code: "MR4804",
      message: `${origin.name}: there is no column ${cursor} for the cursor`,
      hint: `one of: ${columns.map(({ name }) => name).join(", ")}`,
    });
  }
  const fromCursor =
    since === undefined || since === null ? null : `${column.sql} >= ${literal(typeof since === "string" ? since : JSON.stringify(since))}`;
  if (!origin.hasXmin || context.partition !== undefined) {
    const plain = fromCursor === null ? [] : [`(${fromCursor} or ${column.sql} is null)`];
    if (!origin.hasXmin && context.partition === undefined) await warnOfOpen(lead, origin, filling);
    return { conditions: [...own, ...plain], position: null, exact: false };
  }
  const { position: now, heldSince } = await readHorizon(lead, cluster);
  if (heldSince !== null) {
    context.log(
      "info",
      `${origin.name}: a transaction is open since ${heldSince}; what was written since it began is loaded when it has ended`,
    );
  }
  const before = positionOf(context.position, now);
  const exact = before !== null || since === undefined;
  return { conditions: [...own, ...windowConditions({ now, before, cursor: column.name, fromCursor })], position: now, exact };
}

/** Rows of a query do not say who wrote them. */
async function warnOfOpen(lead: Client, origin: Origin, { context }: Filling): Promise<void> {
  const { rows } = await lead.query<{ open: boolean }>(
    "select txid_snapshot_xmin(s) < txid_snapshot_xmax(s) as open from txid_current_snapshot() s",
  );
  if (rows[0]?.open !== true) return;
  context.log(
    "warn",
    `${origin.name}: transactions are open, and a query or view does not tell which rows are theirs: add a lookback, or load the table`,
  );
}
