// snapshot: what the query answered at each run, kept as history (SCD2). The live table is written to in place, in the transaction that audits and
// publishes; what is taken out of it is kept for as long as the version before is, so that a rollback finds it.
import { stoppedByChecks } from "../../load/audit.ts";
import { stoppedBy } from "../../load/audit-port.ts";
import { keepRows, keptRows } from "../../load/before.ts";
import type { BuildResult } from "../../load/build-port.ts";
import type { HistoryWritten } from "../../load/history.ts";
import { supersedeEarlier } from "../../load/quarantine.ts";
import { type Past, pastOf } from "../../sql/ledger/begun.ts";
import {
  describeRelation,
  HIDDEN_COLUMNS,
  keepVersion,
  type LiveVersion,
  physicalName,
  physicalTable,
  publish,
  readLiveVersion,
} from "../../sql/ledger/publish.ts";
import type { Session, Transaction } from "../../sql/session.ts";
import { type Build, buildOnce, withInterrupt } from "../commit.ts";
import { hash } from "../hash.ts";
import { defineMaterialization, type ModelRequest } from "../materialization.ts";
import { assertQuery, createTableAs, parametersKey } from "../statement.ts";
import { applySnapshot, HIDDEN, SNAPSHOT_DEFAULT, shapeOf, shapeSnapshot } from "./apply.ts";
import { noteMoments, readMoments } from "./moments.ts";
import { rebuildHistory } from "./rebuild.ts";

const ROWS = 'temp.main."_millrace_snapshot"';

export const snapshot = defineMaterialization({
  name: "snapshot",
  summary: "Rows are kept with the time they were valid; what changed or is gone is closed.",
  async build(request) {
    const { unit, parameters, warehouse } = request;
    if (request.states !== undefined) return rebuildHistory(request, request.states);
    const { past } = await warehouse.session((session) => seenBefore(session, unit.id));
    // Prod's history has gone on: it is gone on from that, although nothing else changed.
    const asked = past?.isProds === true ? { ...request, mayReuse: false } : request;
    const build = { asset: unit.id, parametersKey: parametersKey(unit, parameters), request: asked };
    return buildOnce(build, (version) => withInterrupt(request, (tx) => record(tx, request, build, version)));
  },
});

async function record(tx: Transaction, request: ModelRequest, build: Build, version: string): Promise<BuildResult> {
  const { unit, parameters, token, checks, spec } = request;
  const asset = unit.id;
  const load = `b_${hash(version, token.run, token.node, token.attempt)}`;
  await assertQuery(tx, unit);
  await createTableAs(tx, ROWS, unit, parameters);
  const { seen, past } = await seenBefore(tx, asset);
  const live = historyOf(seen);
  const target = await targetOf(tx, { asset, load, live });
  const table = physicalTable(target.physical);
  const now = momentOf(parameters["now"]);
  const written = await applySnapshot(tx, {
    asset,
    table,
    rows: ROWS,
    keys: [spec.key ?? []].flat(),
    spec: spec.snapshot ?? SNAPSHOT_DEFAULT,
    now,
    load,
    ...(target.inPlace ? { keep: (where) => keepRows(tx, { asset, load, table }, where) } : {}),
  });
  await tx.run(`drop table ${ROWS}`);
  const notes = notesOf(written, spec);
  if (live !== undefined && target.inPlace && written.closed + written.opened === 0 && live.codeHash === request.codeHash)
    return keep(tx, build, live, notes);
  const { results } = await request.audit(tx, { asset, table, load, run: token.run, physical: target.physical });
  if (stoppedBy(results) !== undefined) throw stoppedByChecks(asset, results, checks);
  await supersedeEarlier(tx, asset, load);
  const rows = await count(tx, table);
  const set = await tx.row<{ n: number }>("select count(*) as n from _millrace.quarantine where asset = $1 and load = $2", [asset, load]);
  const next = hash(live?.version ?? "", version);
  const result: BuildResult = { version: next, reused: false, rows, quarantined: set?.n ?? 0, checks: results, notes };
  await publish(tx, {
    asset,
    body: { kind: "table", physical: target.physical, hidden: HIDDEN_COLUMNS },
    version: next,
    codeHash: request.codeHash,
    inputs: request.inputs,
    sourceState: build.parametersKey,
    rows,
    checks: results,
    begun: past?.begun,
    token,
    result,
    step: {
      continues: live?.asset === asset,
      inPlace: target.inPlace,
      undo: target.inPlace ? await keptRows(tx, asset, load) : null,
      closes: false,
      replacedFiles: [],
      load,
    },
  });
  const earlier = live === undefined || live.asset === asset ? [] : await readMoments(tx, live.asset);
  await noteMoments(tx, { asset, version: next }, [...earlier, { now, inputs: request.inputs }]);
  return result;
}

/** The version whose history goes on: in an environment that has none yet, or one that began from another than prod has now, it is prod's. */
async function seenBefore(
  session: Session,
  key: string,
): Promise<{ readonly seen: LiveVersion | undefined; readonly past: Past | undefined }> {
  const own = await readLiveVersion(session, key);
  const past = await pastOf(session, { key, own, fullRefresh: false });
  return { seen: past === undefined ? own : past.from, past };
}

/** Nothing new: readers keep their version, and it counts as made of what there is now. */
async function keep(
  tx: Transaction,
  { asset, request, parametersKey }: Build,
  live: LiveVersion,
  notes: readonly string[],
): Promise<BuildResult> {
  const result: BuildResult = { version: live.version, reused: false, rows: live.rows, quarantined: 0, checks: [], notes };
  await tx.run("update _millrace.versions set inputs = $3 where asset = $1 and version = $2", [
    live.asset,
    live.version,
    JSON.stringify(request.inputs),
  ]);
  await keepVersion(tx, request.token, asset, live.version, result, parametersKey);
  return result;
}

/** What became of the rows, and what a person should know of those that were left out. */
function notesOf(
  { opened, closed, filtered }: HistoryWritten,
  { snapshot: own = SNAPSHOT_DEFAULT }: ModelRequest["spec"],
): readonly string[] {
  const count = (rule: string): number => filtered.reduce((sum, each) => sum + (each.rule === rule ? each.rows : 0), 0);
  const [twice, same] = [count("superseded"), count("sameTimestamp")];
  return [
    `${opened} versions opened, ${closed} closed, ${count("unchanged")} rows unchanged`,
    ...(twice === 0 ? [] : [`${twice} rows have a key that comes again; the later row of each counts`]),
    ...(same === 0 ? [] : [`${same} rows have other values than the version with the same ${own.updatedAt}: they were left out`]),
  ];
}

/** The version whose table is a history already. */
function historyOf(live: LiveVersion | undefined): (LiveVersion & { readonly physical: string }) | undefined {
  if (live === undefined || live.kind !== "table" || live.physical === null) return undefined;
  return live.columns.some(({ name }) => name === "valid_from") ? { ...live, physical: live.physical } : undefined;
}

/** The live table where its columns are those of the query, else a new one with its rows. */
async function targetOf(
  tx: Transaction,
  {
    asset,
    load,
    live,
  }: { readonly asset: string; readonly load: string; readonly live: (LiveVersion & { readonly physical: string }) | undefined },
): Promise<{ readonly physical: string; readonly inPlace: boolean }> {
  const columns = await describeRelation(tx, ROWS);
  const text = (list: LiveVersion["columns"]): string => JSON.stringify(list.map(({ name, type }) => [name, type]));
  // A version that somebody went back to stands beside the one they left: both keep their rows.
  const isOwn = live !== undefined && live.asset === asset && live.rolledBack === null && live.hidden.length === HIDDEN.length;
  if (isOwn && text(shapeOf(columns, live.columns)) === text(live.columns)) return { physical: live.physical, inPlace: true };
  const physical = physicalName(asset, load);
  const existing = live === undefined ? null : physicalTable(live.physical);
  await shapeSnapshot(tx, { asset, table: physicalTable(physical), existing, columns, hidden: HIDDEN });
  return { physical, inPlace: false };
}

async function count(tx: Transaction, table: string): Promise<number> {
  return (await tx.row<{ n: number }>(`select count(*) as n from ${table}`))?.n ?? 0;
}

function momentOf(now: unknown): Date {
  return now instanceof Date ? now : typeof now === "string" || typeof now === "number" ? new Date(now) : new Date();
}
