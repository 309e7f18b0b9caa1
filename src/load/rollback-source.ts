// What the next load of a source goes by, set back to what it was at a version: files that were taken, records in quarantine, the schema, the cursor.
import { MillraceError } from "../model/errors.ts";
import type { Transaction } from "../sql/session.ts";
import { literal } from "../sql/text.ts";
import { type AssetVersion, type AssetVersions, pathOf, type Step } from "./versions.ts";

interface Restoring {
  readonly asset: string;
  readonly known: AssetVersions;
  readonly target: AssetVersion;
}

/** Returns the loads that count as not loaded any more. @throws MR8303 when the ledger does not know what the version's loads were. */
export async function restoreSource(tx: Transaction, { asset, known, target }: Restoring): Promise<readonly string[]> {
  if (target.load === null) {
    await restoreBuildQuarantine(tx, asset, target);
    return [];
  }
  const path = pathOf(known, target.version);
  if (path === undefined)
    throw new MillraceError({
      code: "MR8303",
      message: `version ${target.version} of ${asset} was loaded by an earlier Millrace, which did not note its files and its cursor`,
      hint: `millrace run --full-refresh --select ${asset}`,
    });
  const [first] = path;
  const versions = path.map((step) => literal(step.version)).join(", ");
  const inside = `(select load from _millrace.loads where asset = ${literal(asset)} and version in (${versions}) and "at" >= ${literal(first!.at)}::timestamptz)`;
  await restoreFiles(tx, asset, path, inside);
  await reopenDecided(tx, asset, inside);
  await restoreQuarantine(tx, asset, path, inside);
  await restoreSchema(tx, asset, target);
  await restoreCursor(tx, asset, path.at(-1)!);
  const kept = new Set(path.map((step) => step.load));
  const left = known.live === null ? [] : (pathOf(known, known.live) ?? []);
  return left.flatMap(({ load }) => (load === null || kept.has(load) ? [] : [load]));
}

async function restoreFiles(tx: Transaction, asset: string, path: readonly Step[], inside: string): Promise<void> {
  const of = `asset = ${literal(asset)}`;
  await tx.run(
    `update _millrace.files set status = 'rolledBack' where ${of} and status in ('loaded', 'replaced') and load not in ${inside}`,
  );
  await tx.run(
    `update _millrace.files set status = 'loaded' where ${of} and status in ('superseded', 'rolledBack') and load in ${inside} and not (${replacedLater(path)})`,
  );
}

/** Records of loads that are undone are no longer there; those that later loads had superseded are there again. Of the same record the newest. */
async function restoreQuarantine(tx: Transaction, asset: string, path: readonly Step[], inside: string): Promise<void> {
  const of = `asset = ${literal(asset)}`;
  await tx.run(
    `update _millrace.quarantine set status = 'superseded', note = case when status = 'repaired' then 'repaired' else note end
     where ${of} and status in ('open', 'repaired') and load not in ${inside}`,
  );
  await tx.run(
    `update _millrace.quarantine set status = case when note = 'repaired' then 'repaired' else 'open' end where ${of} and status = 'superseded' and decided_at is null and load in ${inside}
       and not (${replacedLater(path)})
       and id in (select id from _millrace.quarantine where ${of} and load in ${inside}
                  qualify row_number() over (partition by rule, raw, file, line order by "at" desc, id) = 1)`,
  );
}

/** Records whose rows came by a decision that is undone wait for one again. */
async function reopenDecided(tx: Transaction, asset: string, inside: string): Promise<void> {
  const undone = `select decision from _millrace.decisions where asset = ${literal(asset)} and load is not null and load not in ${inside}`;
  await tx.run(
    `update _millrace.quarantine set status = 'open', decided_at = null, decided_by = null, note = null
     where asset = ${literal(asset)} and status in ('fixed', 'accepted', 'replayed') and note in (${undone}) and load in ${inside}`,
  );
  await tx.run(`delete from _millrace.accepted where asset = ${literal(asset)} and decision in (${undone})`);
}

/** Condition: a later load of the path took this file's rows out. */
function replacedLater(path: readonly Step[]): string {
  const conditions = path
    .filter((step) => step.replaced.length > 0)
    .map((step) => `(file in (${step.replaced.map(literal).join(", ")}) and "at" < ${literal(step.at)}::timestamptz)`);
  return conditions.length === 0 ? "false" : conditions.join(" or ");
}

async function restoreBuildQuarantine(tx: Transaction, asset: string, target: AssetVersion): Promise<void> {
  const of = `asset = ${literal(asset)} and decided_at is null`;
  await tx.run(`update _millrace.quarantine set status = 'superseded' where ${of} and status = 'open' and run <> $1`, [target.run]);
  await tx.run(`update _millrace.quarantine set status = 'open' where ${of} and status = 'superseded' and run = $1`, [target.run]);
}

/** The newest schema is what the next load builds on. */
async function restoreSchema(tx: Transaction, asset: string, target: AssetVersion): Promise<void> {
  await tx.run(
    `insert into _millrace.schemas
     select asset, (select max(number) from _millrace.schemas where asset = $1) + 1, $2, $3, now(), columns, '[]'::json
     from _millrace.schemas s where asset = $1 and "at" <= $4::timestamptz
       and number = (select max(number) from _millrace.schemas where asset = $1 and "at" <= $4::timestamptz)
       and columns::varchar <> (select arg_max(columns, number)::varchar from _millrace.schemas where asset = $1)`,
    [asset, target.load, target.run, target.at],
  );
}

async function restoreCursor(tx: Transaction, asset: string, { cursor, load }: Step): Promise<void> {
  await tx.run("delete from _millrace.cursors where asset = $1", [asset]);
  if (cursor === null) return;
  await tx.run("insert into _millrace.cursors values ($1, $2, $3, $4, $5, $6, now())", [
    asset,
    cursor.column_name,
    cursor.type,
    cursor.value,
    cursor.position === null ? null : JSON.stringify(cursor.position),
    load,
  ]);
}
