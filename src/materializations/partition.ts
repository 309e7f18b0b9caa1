// Building one partition, or several adjacent ones: its rows are made in a table of the session, then replace exactly the partition's rows of the live
// table in one short transaction.
//   P1. Readers see all of the old rows or all of the new ones, and never rows of another partition changed.
//   P2. Rows that belong to another partition are left out and counted (`outsidePartition`); a row of NULL belongs to none.
//   P3. A (run, node) that was committed is reported again without work; a stale attempt is refused. The first attempt of a node needs no fence of its own:
//       there is nothing before it, and a later one raises it.
//   P4. Checks see the partition's new rows; a blocking one leaves the partition as it was.
//   P5. A partition whose code and inputs are those that it was made of is reused.
//   P6. What checks took out of its rows in earlier builds waits for nobody once they are made anew; records of other partitions, and decided ones, stay.
import { oneAtATime } from "../load/asset-lock.ts";
import { stoppedByChecks } from "../load/audit.ts";
import { stoppedBy } from "../load/audit-port.ts";
import type { BuildRequest, BuildResult } from "../load/build-port.ts";
import { OUTSIDE_RULE, type PartitionPart, type PartitionRequest } from "../load/partition-port.ts";
import { belongs, ownRecords, ownRows, rowsPerPart } from "../load/partition-rows.ts";
import { supersedeEarlier } from "../load/quarantine.ts";
import type { PartitionContext } from "../model/definitions/partition.ts";
import { isSameCode } from "../model/code-hash.ts";
import { MillraceError } from "../model/errors.ts";
import { alreadyCommitted, committedOrFree, raiseFence } from "../sql/ledger/fence.ts";
import { forgetPartitions, type PartitionEntry, publishInPlace, readMadeOf, writePartitions } from "../sql/ledger/partitions.ts";
import {
  describeRelation,
  HIDDEN_COLUMNS,
  type LiveVersion,
  physicalName,
  physicalTable,
  publish,
  readLiveVersion,
} from "../sql/ledger/publish.ts";
import { interruptible, type Session, type Transaction } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";
import { hash, inputsKey } from "./hash.ts";
import { fitLive } from "./partition-columns.ts";

/** The partition's new rows, in the session alone. */
const STAGE = 'temp.main."_millrace_partition"';

/** Rows that may stay in memory until the session's next build. */
const ROWS_LEFT_MAX = 1_000;

export interface PartitionBuild {
  readonly asset: string;
  readonly request: BuildRequest;
  readonly partition: PartitionRequest;
  /** Parameters with their values; null when there are none. */
  readonly parametersKey: string | null;
  /** May one statement make the rows of all partitions at once? */
  readonly isJoined: boolean;
  /** Makes a temporary table of this name, in place of one that is there, with the rows of a span of partitions; says how many there are. */
  fill(session: Session, table: string, span: Span): Promise<number>;
}

/** Partitions whose rows are made together. */
export interface Span {
  readonly key: string;
  readonly parts: readonly PartitionPart[];
  readonly startMs: number | null;
  readonly endMs: number | null;
}

/** What `$partition` is: the value where there is one dimension, else the key. */
export function partitionText({ key, parts }: Span): string {
  const [part] = parts;
  const values = Object.values(part?.values ?? {});
  return parts.length === 1 && values.length === 1 ? values[0]! : key;
}

/** The partition as functions of TypeScript see it. */
export function partitionContext(span: Span): PartitionContext {
  return {
    key: span.key,
    start: span.startMs === null ? null : new Date(span.startMs),
    end: span.endMs === null ? null : new Date(span.endMs),
    values: span.parts[0]?.values ?? {},
  };
}

type Column = { readonly name: string; readonly type: string };

/** @throws MR4501 stopped by a check, MR4604 the SQL failed, MR5006 stale attempt, MR8206, MR8207. */
export async function buildPartition(build: PartitionBuild): Promise<BuildResult> {
  const { asset, request, partition } = build;
  const { warehouse, token } = request;
  request.signal.throwIfAborted();
  if (token.attempt > 1) {
    await raiseFence(warehouse, token);
    const done = await warehouse.session((session) => alreadyCommitted(session, token));
    if (done !== undefined) return done.result as BuildResult;
  }
  const keys = partition.parts.map(({ key }) => key);
  return warehouse.session(async (session) => {
    const standing = await readMadeOf(session, asset, keys);
    const isSame = partition.parts.every((part) => isUnchanged(build, part, standing.get(part.key)));
    if (isSame && !request.fullRefresh && request.mayReuse !== false) {
      const rows = [...standing.values()].reduce((sum, row) => sum + row.rows, 0);
      return { version: standing.get(keys[0]!)!.version, reused: true, rows, quarantined: 0, checks: [] };
    }
    return interruptible(session, request.signal, async () => {
      const startedMs = performance.now();
      let madeRows = Number.POSITIVE_INFINITY;
      try {
        const staged = await stage(session, build);
        madeRows = staged.rows;
        return await oneAtATime(`${warehouse.path}\0${asset}`, () =>
          warehouse.transactionOn(session, (tx) => commit(tx, build, { ...staged, startedMs, salted: isSame })),
        );
      } finally {
        // The next build of this session replaces it; what is small may wait for that.
        if (madeRows > ROWS_LEFT_MAX) await session.run(`drop table if exists ${STAGE}`).catch(() => undefined);
      }
    });
  });
}

function isUnchanged(
  { request, partition }: PartitionBuild,
  part: PartitionPart,
  row: { readonly codeHash: string; readonly inputs: Readonly<Record<string, string>> } | undefined,
): boolean {
  return (
    partition.parts.length > 0 &&
    row !== undefined &&
    isSameCode(row.codeHash, request.codeHash) &&
    inputsKey(row.inputs) === inputsKey(part.inputs)
  );
}

interface Staged {
  readonly columns: readonly Column[];
  /** Rows that belonged to another partition. */
  readonly outside: number;
  /** Rows that are left. */
  readonly rows: number;
}

async function stage(session: Session, build: PartitionBuild): Promise<Staged> {
  const { asset, partition } = build;
  const [first, ...rest] = spansOf(build);
  let rows = await build.fill(session, STAGE, first!);
  const columns = await describeRelation(session, STAGE);
  const clash = columns.find(({ name }) => (HIDDEN_COLUMNS as readonly string[]).includes(name.toLowerCase()));
  if (clash !== undefined)
    throw new MillraceError({ code: "MR8206", message: `${asset}: ${clash.name} is a column of Millrace's own; give it another name` });
  for (const span of rest) {
    const more = 'temp.main."_millrace_partition_next"';
    rows += await build.fill(session, more, span);
    await session.run(`insert into ${STAGE} by name select * from ${more}`);
    await session.run(`drop table ${more}`);
  }
  const mine = belongs(asset, partition, columns);
  const outside = mine === null ? 0 : await session.run(`delete from ${STAGE} where not ${mine}`);
  return { columns, outside, rows: rows - outside };
}

function spansOf({ partition, isJoined }: PartitionBuild): readonly Span[] {
  const { name, parts } = partition;
  const first = parts[0];
  const last = parts.at(-1);
  if (parts.length > 1 && isJoined) return [{ key: name, parts, startMs: first?.startMs ?? null, endMs: last?.endMs ?? null }];
  return parts.map((part) => ({ key: part.key, parts: [part], startMs: part.startMs, endMs: part.endMs }));
}

async function commit(
  tx: Transaction,
  build: PartitionBuild,
  { columns, outside, rows: made, startedMs, salted }: Staged & { readonly startedMs: number; readonly salted: boolean },
): Promise<BuildResult> {
  const { asset, request, partition } = build;
  const { token } = request;
  const { committed, version: seen } = await committedOrFree(tx, token, asset);
  if (committed !== undefined) return committed as BuildResult;
  // Built again although nothing we know of changed: the contents may differ, so the version must.
  const salt = salted ? `${token.run}\0${token.node}\0${token.attempt}` : "";
  const version = (part: PartitionPart): string =>
    hash(request.codeHash, part.key, inputsKey(part.inputs), build.parametersKey ?? "", salt);
  const load = `b_${hash(token.run, token.node, token.attempt)}`;
  const { results } = await request.audit(tx, { asset, table: STAGE, load, run: token.run, physical: "" });
  if (stoppedBy(results) !== undefined) throw stoppedByChecks(asset, results, request.checks);
  const moving = request.checks.some((check) => check.onFail === "quarantine");
  const rows = moving ? ((await tx.row<{ n: number }>(`select count(*) as n from ${STAGE}`))?.n ?? 0) : made;
  const quarantined = made - rows;
  const last = lastLive.get(`${request.warehouse.path}\0${asset}`);
  const live = last !== undefined && last.version === seen ? last : await readLiveVersion(tx, asset);
  const replaced = await replaceRows(tx, build, { columns, load, live });
  const total = replaced.kind === "new" ? rows : (live?.rows ?? 0) - replaced.removed + rows;
  const seconds = (performance.now() - startedMs) / 1_000;
  // What was set aside is no longer there to be told apart: it counts for the first.
  const perPart = partition.parts.length === 1 ? [rows] : await rowsPerPart(tx, { asset, partition, columns, table: STAGE });
  const entries = partition.parts.map((part, index): PartitionEntry => ({
    partition: part.key,
    version: version(part),
    load,
    rows: perPart[index]!,
    quarantined: index === 0 ? quarantined : 0,
    filtered: outside > 0 && index === 0 ? { [OUTSIDE_RULE]: outside } : {},
    codeHash: request.codeHash,
    inputs: part.inputs,
    seconds: seconds / partition.parts.length,
  }));
  const earlier = replaced.kind === "new" ? "true" : ownRecords(asset, partition, columns); // P6, as the ledger stands before
  await supersedeEarlier(tx, asset, load, earlier);
  if (replaced.kind === "new") await forgetPartitions(tx, asset);
  await writePartitions(tx, asset, token, entries);
  const next = hash(live?.version ?? "", ...entries.map((entry) => `${entry.partition}\0${entry.version}`));
  const result: BuildResult = { version: next, reused: false, rows, quarantined, filtered: outside, checks: results };
  const common = { asset, version: next, codeHash: request.codeHash, inputs: request.inputs, rows: total, checks: results, token, result };
  if (replaced.kind === "inPlace" && live !== undefined) {
    await publishInPlace(tx, { ...common, before: live.version });
    rememberLive(request.warehouse.path, { ...live, version: next, rows: total });
    return result;
  }
  const isNew = replaced.kind === "new";
  const step = { continues: !isNew, inPlace: !isNew && !replaced.isCopy, undo: null, closes: false, replacedFiles: [] };
  await publish(tx, { ...common, body: { kind: "table", physical: replaced.physical, hidden: HIDDEN_COLUMNS }, load, step });
  return result;
}

/** The live version of assets whose partitions are built one after the other; it is believed only while readers see that version. */
const lastLive = new Map<string, LiveVersion>();
const LAST_LIVE_MAX = 1_000;

function rememberLive(path: string, live: LiveVersion): void {
  if (lastLive.size >= LAST_LIVE_MAX) lastLive.clear();
  lastLive.set(`${path}\0${live.asset}`, live);
}

type Replaced =
  /** The asset has its first table. */
  | { readonly kind: "new"; readonly physical: string }
  /** The live table, its columns as they were, or changed. */
  | { readonly kind: "inPlace" | "reshaped"; readonly physical: string; readonly isCopy: boolean; readonly removed: number };

interface Replacing {
  readonly columns: readonly Column[];
  readonly load: string;
  readonly live: LiveVersion | undefined;
}

/** P1. */
async function replaceRows(tx: Transaction, build: PartitionBuild, { columns, load, live }: Replacing): Promise<Replaced> {
  const { asset, request, partition } = build;
  const names = columns.map(({ name }) => ident(name)).join(", ");
  const mine = `select ${names}, ${literal(load)} as _load, null::varchar as _file, null::bigint as _line from ${STAGE}`;
  if (live?.physical == null || live.kind !== "table") {
    const physical = physicalName(asset, load);
    await tx.run(`create table ${physicalTable(physical)} as ${mine}`);
    return { kind: "new", physical };
  }
  const isKept = live.hidden.length > 0;
  const physical = isKept ? live.physical : physicalName(asset, load);
  const table = physicalTable(physical);
  if (!isKept) {
    // Built as a whole before: the same rows in a table that knows which build made each of them.
    await tx.run(
      `create table ${table} as select *, null::varchar as _load, null::varchar as _file, null::bigint as _line from ${physicalTable(live.physical)}`,
    );
  }
  const shape = await fitLive(tx, { asset, table, live: live.columns, columns });
  const removed = await tx.run(`delete from ${table} where ${await ownRows(tx, { asset, partition, columns, table })}`);
  await tx.run(`insert into ${table} by name ${shape.select(mine)}`);
  request.signal.throwIfAborted();
  return { kind: isKept && !shape.isChanged && live.rolledBack == null ? "inPlace" : "reshaped", physical, isCopy: !isKept, removed };
}
