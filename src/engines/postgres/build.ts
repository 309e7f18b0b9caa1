// One version on the server: made beside what readers see, audited, shown, noted; one transaction.
import { createHash } from "node:crypto";
import type { Client } from "pg";
import type { Server } from "../../connectors/postgres/connect.ts";
import { close } from "../../connectors/postgres/connect.ts";
import { isConnectionLoss } from "../../connectors/postgres/failure.ts";
import { describeColumns, duckType } from "../../connectors/postgres/types.ts";
import { stoppedBy } from "../../load/audit-port.ts";
import type { CheckResult, CompiledCheck } from "../../load/check.ts";
import type { EngineBuild, EngineBuilt, EngineScope } from "../../load/engine-port.ts";
import { MillraceError } from "../../model/errors.ts";
import { ident, qualified } from "../../sql/text.ts";
import { auditThere } from "./audit.ts";
import { makeIncrement } from "./increment.ts";
import { claim, DATA, ensureNotes, note } from "./notes.ts";
import { showView, viewHead } from "./show.ts";
import { type SentText, textFailure, textOfModel } from "./text.ts";

export interface Building {
  readonly server: Server;
  readonly owner: string;
  readonly signal: AbortSignal;
  /** The query of a place: what lies there. */
  readonly placed: (this: void, client: Client, options: unknown) => Promise<string>;
}

/** Whoever holds a view for longer is waited for by the next try. */
const LOCK_TIMEOUT = "60s";
/** Of a name on the server: 63 bytes, some of them for what makes it unique. */
const NAME_CHARACTERS_MAX = 44;

export async function buildThere(build: EngineBuild, building: Building): Promise<EngineBuilt> {
  const { server, signal } = building;
  signal.throwIfAborted();
  const client = await server.connect();
  const abort = (): void => void cancel(server, client);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await ensureNotes(client);
    return await inTransaction(client, build, building);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UnknownCommit) return await lookAgain(server, build, error);
    throw error instanceof MillraceError ? error : server.failure(error, `building ${build.asset}`);
  } finally {
    signal.removeEventListener("abort", abort);
    close(client);
  }
}

/** The server's statement ends; a connection that is closed it would notice only with its next answer. */
async function cancel(server: Server, client: Client): Promise<void> {
  const { processID } = client as unknown as { readonly processID: number };
  try {
    const other = await server.connect();
    await other.query("select pg_cancel_backend($1)", [processID]);
    close(other);
  } catch {
    // the connection below ends it too, later
  }
  close(client);
}

class UnknownCommit extends Error {}

async function inTransaction(client: Client, build: EngineBuild, building: Building): Promise<EngineBuilt> {
  // All statements of an increment see one state of what is read.
  const isolation = build.increment === undefined ? "" : " isolation level repeatable read";
  await client.query(`begin${isolation}; set local lock_timeout = '${LOCK_TIMEOUT}'`);
  const earlier = await claim(client, build.token, build.asset);
  if (earlier !== null) {
    await client.query("rollback");
    return earlier;
  }
  const built = await makeAndShow(client, build, building);
  if (!built.isPublished || built.isSame === true) {
    await client.query("rollback");
    return built;
  }
  await note(client, build.token, built);
  try {
    await client.query("commit");
  } catch (error) {
    if (isConnectionLoss(error)) throw new UnknownCommit("the outcome of the commit is not known", { cause: error });
    throw error;
  }
  return built;
}

/** G2: the note tells. Claiming it waits for a server process that is still at it. */
async function lookAgain(server: Server, build: EngineBuild, unknown: UnknownCommit): Promise<EngineBuilt> {
  const client = await server.connect();
  try {
    await client.query("begin");
    const built = await claim(client, build.token, build.asset);
    await client.query("rollback");
    if (built !== null) return built;
    throw server.failure(unknown.cause, `building ${build.asset}`);
  } finally {
    close(client);
  }
}

async function makeAndShow(client: Client, build: EngineBuild, { owner, placed }: Building): Promise<EngineBuilt> {
  const { query, asset, shown, reads, checks, version, materialize } = build;
  await searchIn(client, build.searchPath);
  const sent: SentText =
    query.kind === "model" && build.increment === undefined
      ? textOfModel(query.unit, reads, query.parameters)
      : { text: query.kind === "place" ? await placed(client, query.options) : "", originalOffset: (offset) => offset };
  const physical = materialize === "table" ? physicalOn(asset, build.suffix) : null;
  const table = physical === null ? null : qualified(DATA, physical);
  let rows: number | null = null;
  let said: EngineBuilt["said"];
  if (table !== null) {
    const made = await makeTable(client, { build, sent, physical: physical! });
    if (made.scope?.kind === "nothing") return { ...SAME, version, physical: build.increment!.base, said: made.scope.said };
    ({ rows } = made);
    said = made.scope?.said;
    await client.query("insert into _millrace.tables (physical, asset, owner) values ($1, $2, $3)", [physical, asset, owner]);
    await client.query(`analyze ${table}`);
  }
  const sql = table === null ? sent.text : `select * from ${table}`;
  const isLate = (check: CompiledCheck): boolean => table === null || check.test.kind === "query" || names(check, shown[1]);
  const relation = table ?? qualified(...shown);
  const early = table === null ? [] : await columnsOf(client, relation);
  const results = new Map<CompiledCheck, CheckResult>();
  // What needs no name is asked before the name changes hands: readers wait for nothing longer than they must.
  const audit = async (which: readonly CompiledCheck[], columns: EngineBuilt["columns"]): Promise<void> => {
    const found = await auditThere(client, { asset, relation, reads }, which, columns);
    for (const [index, check] of which.entries()) results.set(check, found[index]!);
  };
  await audit(
    checks.filter((check) => !isLate(check)),
    early,
  );
  await told(build, sent, viewHead(shown), () => showView(client, { shown, asset, version, sql, owner }));
  const columns = table === null ? await columnsOf(client, relation) : early;
  await audit(checks.filter(isLate), columns);
  const found = checks.map((check) => results.get(check)!);
  const isPublished = stoppedBy(found) === undefined;
  return { version, isPublished, physical, sql: kept(build, sql), columns, rows, checks: found, ...(said === undefined ? {} : { said }) };
}

/** Readers see what they saw. */
const SAME = { isPublished: true, isSame: true, sql: "", columns: [], rows: null, checks: [] } as const;

interface Table {
  readonly build: EngineBuild;
  readonly sent: SentText;
  readonly physical: string;
}

async function makeTable(
  client: Client,
  { build, sent, physical }: Table,
): Promise<{ readonly rows: number; readonly scope?: EngineScope }> {
  const { query, increment } = build;
  const run = (text: SentText, head: string, tail: string): Promise<number> =>
    told(build, text, head, () => one(client, head + text.text + tail));
  if (increment === undefined || query.kind !== "model")
    return { rows: await run(sent, `create table ${qualified(DATA, physical)} as\n`, "") };
  return makeIncrement(client, { build: { ...build, query }, increment, physical, run });
}

/** In this transaction: where names without a schema are looked for before the server's own places. */
export async function searchIn(client: Client, schemas: readonly string[]): Promise<void> {
  await client.query("select set_config('search_path', $1 || ', ' || current_setting('search_path'), true)", [
    schemas.map(ident).join(", "),
  ]);
}

/** A view is kept as it was written, so that it can be shown in another environment. */
function kept({ query, materialize }: EngineBuild, sql: string): string {
  return query.kind === "model" && materialize === "view" ? textOfModel(query.unit, new Map(), query.parameters).text : sql;
}

/** One statement, never several. */
async function one(client: Client, text: string): Promise<number> {
  const extended = { text, queryMode: "extended" } as const; // of pg, and not in its types
  return (await client.query(extended as { readonly text: string })).rowCount ?? 0;
}

/** Does SQL of the user's own mention the asset? */
function names({ where, test }: CompiledCheck, name: string): boolean {
  const text = `${where ?? ""} ${"bad" in test ? test.bad : ""}`.toLowerCase();
  return text.includes(name.toLowerCase());
}

/** What the server has against the user's own text is told at its place. */
async function told<Result>(build: EngineBuild, sent: SentText, before: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (build.query.kind !== "model") throw error;
    throw textFailure(error, build.query.unit, sent, before) ?? error;
  }
}

export async function columnsOf(client: Client, relation: string): Promise<EngineBuilt["columns"]> {
  return (await describeColumns(client, `select * from ${relation}`)).map(({ name, shape }) => ({ name, type: duckType(shape) }));
}

function physicalOn(asset: string, suffix: string): string {
  const readable = asset.replaceAll(/[^A-Za-z0-9_]+/g, "__").slice(0, NAME_CHARACTERS_MAX);
  return `${readable}__${createHash("sha256").update(`${asset}\0${suffix}`).digest("hex").slice(0, 16)}`;
}
