// Going back: readers see an earlier version of an asset again, in one transaction with everything the next load goes by.
//   B1. The rows are those of the version: where its table was changed in place they are made again and counted against what was published.
//   B2. Files, quarantine, schema and cursor are those of the version's loads: what was loaded since counts as not loaded, so that nothing is lost.
//   B3. The version that was left keeps its own table, so that one can go forward again.
//   B4. The rollback holds until something else is published or it is released: what the left version was made from does not make it again.
import { environmentOfKey } from "../model/environment.ts";
import { MillraceError } from "../model/errors.ts";
import { HIDDEN_COLUMNS, hideBody, physicalName, physicalTable, readLiveVersion, showBody, type SeenBody } from "../sql/ledger/publish.ts";
import type { Session, Transaction } from "../sql/session.ts";
import { ident, literal, qualified } from "../sql/text.ts";
import { restoreSource } from "./rollback-source.ts";
import { type AssetVersion, type AssetVersions, readVersions, type Way, wayTo } from "./versions.ts";

export interface RollbackRequest {
  readonly asset: string;
  readonly version: string;
  readonly by: string;
  readonly why: string | null;
  /** Part of the name of a table that is made again. */
  readonly id: string;
}

export interface RollbackDone {
  readonly from: string;
  readonly to: string;
  readonly rows: number | null;
  /** Loads whose rows are no longer there; the next load may bring them again. */
  readonly loadsUndone: readonly string[];
}

/** The version to go back to, found and possible. @throws MR8301 never built, MR8302 unknown, MR8303 gone, MR8304 live already. */
export function checkRollback(known: AssetVersions, asset: string, version: string): { readonly target: AssetVersion; readonly way: Way } {
  if (known.live === null)
    throw new MillraceError({ code: "MR8301", message: `${asset} was never built`, hint: `millrace run --select '+${asset}'` });
  const found = known.versions.filter((each) => each.version === version || (version.length > 3 && each.version.startsWith(version)));
  const [target] = found;
  if (target === undefined || found.length > 1) {
    const message = found.length > 1 ? `${found.length} versions of ${asset} begin with ${version}` : `${asset} has no version ${version}`;
    throw new MillraceError({ code: "MR8302", message, hint: choices(known, asset) });
  }
  if (target.version === known.live)
    throw new MillraceError({ code: "MR8304", message: `${asset} shows version ${target.version} already`, hint: choices(known, asset) });
  const way = wayTo(known, target.version);
  if (way === undefined) {
    const message =
      target.kind === "share"
        ? `${asset} is written to a place outside the warehouse; its earlier versions are not kept`
        : `version ${target.version} of ${asset} (${target.at}) is no longer kept`;
    throw new MillraceError({ code: "MR8303", message, hint: choices(known, asset) });
  }
  return { target, way };
}

function choices(known: AssetVersions, asset: string): string {
  const kept = known.versions.filter((each) => each.version !== known.live && wayTo(known, each.version) !== undefined);
  if (kept.length === 0) return `no earlier version of ${asset} is kept; \`retention: { versions: N }\` in millrace.yaml keeps more`;
  return `one can go back to ${kept.map((each) => `${each.version} (${each.at}, run ${each.run})`).join(", ")}`;
}

/** Shows an earlier version again. @throws as checkRollback; MR8305 when the rows that were made again are not as many as were published. */
export async function rollBack(tx: Transaction, request: RollbackRequest): Promise<RollbackDone> {
  const { asset, by, why } = request;
  const known = await readVersions(tx, asset);
  const { target, way } = checkRollback(known, asset, request.version);
  await refusePartitioned(tx, asset);
  const live = (await readLiveVersion(tx, asset))!;
  const physical = way.steps.length === 0 ? way.base.physical : await makeAgain(tx, request, { target, way });
  const hidden = way.steps.length === 0 ? target.hidden : [...HIDDEN_COLUMNS];
  if (target.kind === "remote") await hideBody(tx, asset);
  else {
    const body: SeenBody = target.kind === "view" ? { kind: "view", sql: target.viewSql! } : { kind: "table", physical: physical!, hidden };
    await showBody(tx, asset, body);
  }
  await tx.run("update _millrace.versions set physical = $3, hidden = $4 where asset = $1 and version = $2", [
    asset,
    target.version,
    physical,
    JSON.stringify(hidden),
  ]);
  await tx.run('update _millrace.environments set version = $3, "at" = now() where environment = $1 and asset = $2', [
    environmentOfKey(asset),
    asset,
    target.version,
  ]);
  const loadsUndone = await restoreSource(tx, { asset, known, target });
  await tx.run("update _millrace.rollbacks set ended_at = now() where environment = $1 and asset = $2 and ended_at is null", [
    environmentOfKey(asset),
    asset,
  ]);
  await tx.run("insert into _millrace.rollbacks values ($1, $2, $3, $4, $5, $6, $7, now(), null)", [
    environmentOfKey(asset),
    asset,
    live.version,
    target.version,
    JSON.stringify(loadsUndone),
    by,
    why,
  ]);
  return { from: live.version, to: target.version, rows: target.rows, loadsUndone };
}

/** Partitions are replaced one by one and have a ledger of their own. @throws MR8313. */
export async function refusePartitioned(session: Session, asset: string): Promise<void> {
  const row = await session.row<{ n: number }>("select count(*) as n from _millrace.partitions where asset = $1", [asset]);
  if ((row?.n ?? 0) === 0) return;
  throw new MillraceError({
    code: "MR8313",
    message: `${asset} is built by partition (${row!.n} stand); it cannot be shown as it was as a whole`,
    hint: `build what is wrong again: millrace backfill ${asset} --from KEY --to KEY`,
  });
}

/** B4: what is new may be built again. True when a rollback held. */
export async function releaseRollback(tx: Transaction, asset: string): Promise<boolean> {
  const ended = await tx.run("update _millrace.rollbacks set ended_at = now() where environment = $1 and asset = $2 and ended_at is null", [
    environmentOfKey(asset),
    asset,
  ]);
  return ended > 0;
}

/** B1: a table with the rows of the version, made from a later one. @throws MR8305. */
async function makeAgain(
  tx: Transaction,
  { asset, id }: RollbackRequest,
  { target, way }: { readonly target: AssetVersion; readonly way: Way },
): Promise<string> {
  const work = "_millrace_back";
  await tx.run(`create or replace temp table ${work} as select * from ${physicalTable(way.base.physical!)}`);
  for (const step of way.steps) {
    await tx.run(`delete from ${work} where _load = ${literal(step.load ?? "")}`);
    if (step.closedAt !== null) await tx.run(`update ${work} set valid_to = null where valid_to = ${literal(step.closedAt)}::timestamp`);
    if (step.undo !== null) await tx.run(`insert into ${work} by name select * from ${physicalTable(step.undo)}`);
  }
  const counted = await tx.row<{ n: number }>(`select count(*) as n from ${work}`);
  if (counted?.n !== target.rows)
    throw new MillraceError({
      code: "MR8305",
      message: `version ${target.version} of ${asset} had ${target.rows} rows; taking back what was loaded since gives ${counted?.n}`,
    });
  const physical = physicalName(asset, id);
  const columns = target.columns.map(({ name, type }) => `${ident(name)}::${type} as ${ident(name)}`);
  await tx.run(
    `create table ${physicalTable(physical)} as select ${[...columns, ...HIDDEN_COLUMNS].join(", ")} from ${qualified("temp", work)} order by rowid`,
  );
  await tx.run(`drop table ${work}`);
  return physical;
}
