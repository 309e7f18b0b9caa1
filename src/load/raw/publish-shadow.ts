// A shadow takes the place of its asset: one transaction gives its table and what the ledger says of its loads to the asset, as a new version.
//   S1. Of the loads that were replayed counts, files, records in quarantine and changes are those of today; their ids, times and runs are what they were.
//   S2. What a person decided over a record stands. S3. The cursor stays: it says how far the source was read, which a replay does not change.
import { MillraceError } from "../../model/errors.ts";
import type { RowCounts } from "../../model/plan.ts";
import { physicalTable, publish, readLiveVersion } from "../../sql/ledger/publish.ts";
import type { Transaction } from "../../sql/session.ts";
import { forgetShadow } from "../../sql/ledger/shadow.ts";
import { literal } from "../../sql/text.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import type { CommittedColumn } from "../columns.ts";
import type { LoadResult } from "../request.ts";
import { stoppedByChecks } from "../audit.ts";
import { stoppedBy } from "../audit-port.ts";
import type { CheckResult } from "../check.ts";
import type { Chain } from "./chain.ts";
import type { RebuildRequest } from "./rebuild-port.ts";

export interface Publishing {
  readonly request: RebuildRequest;
  readonly chain: Chain;
  readonly shadow: string;
  readonly results: readonly LoadResult[];
}

/** @throws MR5007 when another load came between, MR5006 when the attempt is stale. */
export async function publishShadow(warehouse: Warehouse, publishing: Publishing): Promise<LoadResult> {
  return warehouse.transaction((tx) => publishIn(tx, publishing));
}

async function publishIn(tx: Transaction, { request, chain, shadow, results }: Publishing): Promise<LoadResult> {
  const { asset, token, codeHash } = request;
  const live = await readLiveVersion(tx, asset);
  const built = await readLiveVersion(tx, shadow);
  if (live?.version !== chain.version)
    throw new MillraceError({ code: "MR5007", message: `Another run published ${asset} while it was built again.`, retryable: true });
  if (built?.physical == null)
    throw new MillraceError({
      code: "MR4304",
      message: `the loads of ${asset} gave no table`,
      hint: `millrace run --full-refresh --select ${asset}`,
    });
  const replayed: LoadResult = {
    ...results.at(-1)!,
    version: built.version,
    changed: true,
    rows: sumOf(results),
    filtered: filteredOf(results),
    files: results.reduce((sum, { files }) => sum + files, 0),
    total: built.rows ?? 0,
    warnings: [...new Set(results.flatMap(({ warnings }) => warnings))],
  };
  const whole = await auditWhole(tx, request, { load: replayed.load, physical: built.physical });
  const result = { ...replayed, checks: [...replayed.checks, ...whole] };
  await takeFiles(tx, asset, shadow, chain);
  await takeQuarantine(tx, asset, shadow, chain);
  for (const table of ["changes", "reasons"]) await takeRows(tx, table, asset, shadow);
  await tx.run(
    `delete from _millrace.partitions where asset = $1 and partition in (select partition from _millrace.partitions where asset = $2)`,
    [asset, shadow],
  );
  await tx.run(`update _millrace.partitions set asset = $1 where asset = $2`, [asset, shadow]);
  await takeSchema(tx, asset, shadow, { load: result.load, run: token.run });
  await publish(tx, {
    asset,
    body: { kind: "table", physical: built.physical, hidden: built.hidden },
    version: built.version,
    codeHash,
    inputs: {},
    sourceState: live.sourceState,
    contentHash: built.contentHash,
    rows: built.rows,
    checks: [...(built.checks as readonly CheckResult[]), ...whole],
    load: result.load,
    token,
    result,
  });
  await takeSteps(tx, { asset, shadow, version: built.version });
  await takeLoads(tx, asset, shadow, chain);
  await forgetShadow(tx, shadow);
  return result;
}

/** The checks that read the asset by its name: only now it is the new one. @throws MR4501 */
async function auditWhole(
  tx: Transaction,
  { asset, token, checks, finalAudit }: RebuildRequest,
  { load, physical }: { readonly load: string; readonly physical: string },
): Promise<readonly CheckResult[]> {
  if (finalAudit === undefined) return [];
  const { results } = await finalAudit(tx, { asset, table: physicalTable(physical), load, run: token.run, physical });
  if (stoppedBy(results) !== undefined) throw stoppedByChecks(asset, results, checks ?? []);
  return results;
}

async function takeFiles(tx: Transaction, asset: string, shadow: string, { links }: Chain): Promise<void> {
  const acts = links.flatMap(({ load, raw }) => (raw === null ? [literal(load)] : [])).join(", ");
  if (acts !== "") await tx.run(`delete from _millrace.files where asset = ${literal(shadow)} and load in (${acts})`);
  await tx.run(
    `delete from _millrace.files where asset = $1 and (load, file) in (select (load, file) from _millrace.files where asset = $2)`,
    [asset, shadow],
  );
  await tx.run(
    `update _millrace.files set asset = ${literal(asset)}, "at" = coalesce(l."at", files."at") from _millrace.loads l
     where files.asset = ${literal(shadow)} and l.asset = ${literal(asset)} and l.load = files.load`,
  );
}

/** S2: ids come from load and place, so the same record has the same id. */
async function takeQuarantine(tx: Transaction, asset: string, shadow: string, { links }: Chain): Promise<void> {
  const loads = links.flatMap(({ load, raw }) => (raw === null ? [] : [literal(load)])).join(", ");
  const decided = `status not in ('open', 'superseded', 'repaired')`;
  if (loads !== "")
    await tx.run(`delete from _millrace.quarantine where asset = ${literal(asset)} and load in (${loads}) and not (${decided})`);
  await tx.run(
    `delete from _millrace.quarantine where asset = $1 and (load, rule, raw) in (select (load, rule, raw) from _millrace.quarantine where asset = $2 and ${decided})`,
    [shadow, asset],
  );
  await tx.run(
    `update _millrace.quarantine set asset = ${literal(asset)}, "at" = l."at", run = l.run from _millrace.loads l
     where quarantine.asset = ${literal(shadow)} and l.asset = ${literal(asset)} and l.load = quarantine.load`,
  );
}

async function takeRows(tx: Transaction, table: string, asset: string, shadow: string): Promise<void> {
  await tx.run(`delete from _millrace.${table} where asset = $1 and load in (select load from _millrace.loads where asset = $2)`, [
    asset,
    shadow,
  ]);
  await tx.run(`update _millrace.${table} set asset = $1 where asset = $2`, [asset, shadow]);
}

async function takeSchema(
  tx: Transaction,
  asset: string,
  shadow: string,
  { load, run }: { readonly load: string; readonly run: string },
): Promise<void> {
  const latest = "select number, columns from _millrace.schemas where asset = $1 order by number desc limit 1";
  const before = await tx.row<{ number: number; columns: string }>(latest, [asset]);
  const now = await tx.row<{ columns: string }>(latest, [shadow]);
  if (now === undefined || before?.columns === now.columns) return;
  const [old, fresh] = [before?.columns ?? "[]", now.columns].map((columns) => JSON.parse(columns) as CommittedColumn[]);
  await tx.run("insert into _millrace.schemas values ($1, $2, $3, $4, now(), $5, $6)", [
    asset,
    (before?.number ?? 0) + 1,
    load,
    run,
    now.columns,
    JSON.stringify(differences(old!, fresh!)),
  ]);
}

/** As `history --schema` shows changes. */
function differences(before: readonly CommittedColumn[], now: readonly CommittedColumn[]): readonly Readonly<Record<string, string>>[] {
  const known = new Map(before.map((column) => [column.name, column]));
  const kept = new Set(now.map(({ name }) => name));
  const policy = "replay";
  return [
    ...now.flatMap(({ name, type }) => {
      const old = known.get(name);
      if (old === undefined) return [{ column: name, change: "added", detail: "by the definition of today", policy }];
      return old.type === type ? [] : [{ column: name, change: "retyped", detail: `${old.type} → ${type}`, policy }];
    }),
    ...before.flatMap(({ name }) =>
      kept.has(name) ? [] : [{ column: name, change: "removed", detail: "by the definition of today", policy }],
    ),
  ];
}

/** The steps of the shadow are the way to the version; each stands at the time of its load. */
async function takeSteps(
  tx: Transaction,
  { asset, shadow, version }: { readonly asset: string; readonly shadow: string; readonly version: string },
): Promise<void> {
  await tx.run("delete from _millrace.steps where asset = $1 and version = $2", [asset, version]);
  await tx.run(
    `update _millrace.steps set asset = ${literal(asset)}, "at" = l."at",
       closed_at = case when steps.closed_at is null then null else l."at" at time zone 'UTC' end from _millrace.loads l
     where steps.asset = ${literal(shadow)} and l.asset = ${literal(asset)} and l.load = steps.load`,
  );
}

/** S1. */
async function takeLoads(tx: Transaction, asset: string, shadow: string, { links }: Chain): Promise<void> {
  const acts = links.flatMap(({ load, raw }) => (raw === null ? [load] : []));
  await tx.run(
    `update _millrace.loads set version = s.version from (select load, version from _millrace.loads where asset = $1) s
     where loads.asset = $2 and loads.load = s.load`,
    [shadow, asset],
  );
  await tx.run(
    `update _millrace.loads set rows_read = s.rows_read, rows_loaded = s.rows_loaded, rows_quarantined = s.rows_quarantined,
       rows_filtered = s.rows_filtered, filtered = s.filtered, status = s.status, warnings = s.warnings
     from (select * from _millrace.loads where asset = ${literal(shadow)}
       and not list_contains(from_json(${literal(JSON.stringify(acts))}, '["varchar"]'), load)) s where loads.asset = ${literal(asset)} and loads.load = s.load`,
  );
}

function sumOf(results: readonly LoadResult[]): RowCounts {
  const sum = (key: keyof RowCounts): number => results.reduce((total, { rows }) => total + rows[key], 0);
  return { read: sum("read"), loaded: sum("loaded"), quarantined: sum("quarantined"), filtered: sum("filtered") };
}

function filteredOf(results: readonly LoadResult[]): Readonly<Record<string, number>> {
  const filtered: Record<string, number> = {};
  for (const result of results) for (const [rule, rows] of Object.entries(result.filtered)) filtered[rule] = (filtered[rule] ?? 0) + rows;
  return filtered;
}
