// external: the rows are files, in folders by the values of columns if that is asked for, and a view reads them.
//   E1. The view reads a folder of its own version, which is complete before the view is published: readers in the warehouse never see a mix.
//   E2. The path that the model names leads to the live version from just after it was published; where a process died between both, the next run puts it right.
//   E3. What the files hold is what the query gave: it is read again and compared before it is published.
//   E4. Folders of versions that are not kept any more are removed.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Output, outputFor } from "../../formats/write/output.ts";
import { writePartitions } from "../../formats/write/partitions.ts";
import { writeRows } from "../../formats/write/rows.ts";
import {
  collectVersions,
  leadsTo,
  leadTo,
  refuseForeignName,
  type VersionedFolder,
  whileInWork,
  writeVersion,
} from "../../formats/write/versioned.ts";
import { splitLedgerAsset } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import { externalFolder, externalFolders, readFoldersKept, versionIn } from "../../load/external-folder.ts";
import { stoppedByChecks } from "../../load/audit.ts";
import { stoppedBy } from "../../load/audit-port.ts";
import type { BuildResult } from "../../load/build-port.ts";
import { supersedeEarlier } from "../../load/quarantine.ts";
import { describeRelation, keepVersion, type LiveVersion, publish, readLiveVersion, showBody } from "../../sql/ledger/publish.ts";
import { readVersionsKept } from "../../sql/ledger/retire.ts";
import type { Transaction } from "../../sql/session.ts";
import { ident } from "../../sql/text.ts";
import { type Build, buildOnce, withInterrupt } from "../commit.ts";
import { hash } from "../hash.ts";
import { defineMaterialization, type ModelRequest } from "../materialization.ts";
import { assertQuery, createTableAs, parametersKey } from "../statement.ts";
import { table } from "../table.ts";
import { filesRelation } from "./relation.ts";

const STAGE = 'temp.main."_millrace_external"';
const COMPRESSED: Readonly<Record<string, string>> = { gzip: ".gz", zstd: ".zst" };

export const external = defineMaterialization({
  name: "external",
  summary: "The rows are written to files, and read from there.",
  async build(request) {
    const { unit, parameters, projectDir } = request;
    // In a unit test there is no place for files: the rows are what counts.
    if (projectDir === undefined) return table.build(request);
    const work = workOf(request, projectDir);
    const build: Build = {
      asset: unit.id,
      parametersKey: parametersKey(unit, parameters),
      request,
      upkeep: (live) => putRight(request, work, live),
    };
    const result = await buildOnce(build, (version) => make(request, build, work, version));
    await showPath(request, work);
    return result;
  },
});

interface Work {
  readonly folder: VersionedFolder;
  /** Those of all environments. */
  readonly folders: readonly VersionedFolder[];
  readonly output: Output;
}

/** @throws MR3104, MR3105, MR3268. */
function workOf({ unit, spec }: ModelRequest, projectDir: string): Work {
  const { path, format, partitionBy = [], compression } = spec.external!;
  return {
    folder: externalFolder(projectDir, path, unit.id),
    folders: externalFolders(projectDir, path, splitLedgerAsset(unit.id).asset).map(({ folder }) => folder),
    output: outputFor({ path: `data.${format}`, format, compression, partitionBy: [partitionBy].flat(), given: {} }),
  };
}

async function make(request: ModelRequest, build: Build, work: Work, version: string): Promise<BuildResult> {
  const { unit, token, checks } = request;
  const asset = unit.id;
  refuseForeignName(work.folder);
  const suffix = hash(version, token.run, token.node, token.attempt);
  return inFolder(request, work, suffix, async (tx, name) => {
    const made = await stage(tx, request);
    const load = `b_${suffix}`;
    const { results } = await request.audit(tx, { asset, table: STAGE, load, run: token.run, physical: "" });
    if (stoppedBy(results) !== undefined) throw stoppedByChecks(asset, results, checks);
    await supersedeEarlier(tx, asset, load);
    const { sql, rows } = await writeFiles(tx, request, work, name);
    const result: BuildResult = { version, reused: false, rows, quarantined: made - rows, checks: results };
    await publish(tx, {
      asset,
      body: { kind: "view", sql },
      version,
      codeHash: request.codeHash,
      inputs: request.inputs,
      sourceState: build.parametersKey,
      rows,
      checks: results,
      token,
      result,
    });
    return result;
  });
}

/** The same version again, where somebody took its files away. Only the name that leads there is put right after it. */
async function putRight(request: ModelRequest, work: Work, live: LiveVersion): Promise<BuildResult | undefined> {
  const { token, unit } = request;
  const folder = versionIn(live.viewSql);
  if (live.asset !== unit.id || (folder !== undefined && existsSync(folder))) return undefined;
  return inFolder(request, work, hash(live.version, token.run, token.node, token.attempt), async (tx, next) => {
    await stage(tx, request);
    await request.audit(tx, { asset: unit.id, table: STAGE, load: `b_${hash(next)}`, run: token.run, physical: "" });
    const { sql, rows } = await writeFiles(tx, request, work, next);
    await showBody(tx, unit.id, { kind: "view", sql });
    await tx.run("update _millrace.versions set view_sql = $3 where asset = $1 and version = $2", [unit.id, live.version, sql]);
    const notes = ["its files were not there any more; they were written again"];
    const result: BuildResult = { version: live.version, reused: false, rows, quarantined: 0, checks: [], notes };
    await keepVersion(tx, token, unit.id, live.version, result);
    return result;
  });
}

/** A transaction that leaves a folder behind only when it commits. */
async function inFolder(
  request: ModelRequest,
  { folder }: Work,
  suffix: string,
  work: (tx: Transaction, name: string) => Promise<BuildResult>,
): Promise<BuildResult> {
  const name = `${folder.prefix}${suffix}`;
  try {
    return await whileInWork(folder, name, () => withInterrupt(request, (tx) => work(tx, name)));
  } catch (error) {
    await rm(join(folder.store, name), { recursive: true, force: true }).catch(() => undefined); // collected by the next build
    throw error;
  }
}

async function stage(tx: Transaction, { unit, parameters }: ModelRequest): Promise<number> {
  await assertQuery(tx, unit);
  return createTableAs(tx, STAGE, unit, parameters);
}

/** E3. @throws MR4646. */
async function writeFiles(
  tx: Transaction,
  { unit }: ModelRequest,
  { folder, output }: Work,
  name: string,
): Promise<{ readonly sql: string; readonly rows: number }> {
  const query = `select * from ${STAGE}`;
  const columns = await describeRelation(tx, STAGE);
  const written = await writeVersion(folder, name, async (beside) => {
    if (output.partitionBy.length > 0) return writePartitions(tx.connection, query, beside, output);
    const file = `data.${output.format}${output.format === "parquet" ? "" : (COMPRESSED[output.compression] ?? "")}`;
    return { rows: await writeRows(tx.connection, query, join(beside, file), output), files: [file] };
  });
  const sql = filesRelation(join(folder.store, name), output, columns, written.files.length);
  const values = columns.map((column) => ident(column.name)).join(", ");
  const sum = (from: string): string => `(select coalesce(sum(hash(${values})::hugeint), 0) || ' ' || count(*) from (${from}))`;
  const row = await tx.row<{ same: boolean }>(`select ${sum(query)} = ${sum(sql)} as same`).catch(() => undefined);
  if (row?.same !== true)
    throw new MillraceError({
      code: "MR4646",
      message: `${unit.id}: what was written as ${output.format} does not read as what the query gave`,
      hint: "cast what the format cannot hold (a HUGEINT, a BLOB, text in place of a folder's value), or choose format: parquet",
    });
  await tx.run(`drop table ${STAGE}`);
  return { sql, rows: written.rows };
}

/** E2, E4. */
async function showPath({ warehouse, unit }: ModelRequest, { folder, folders }: Work): Promise<void> {
  const live = await warehouse.transaction((tx) => keepFew(tx, unit.id));
  if (live === undefined) return;
  if (!leadsTo(folder, live)) await leadTo(folder, live);
  await collectVersions(folders, () => warehouse.session(readFoldersKept));
}

/** Versions beyond those that are kept lose their view; answers the folder of the live one. */
async function keepFew(tx: Transaction, asset: string): Promise<string | undefined> {
  const live = await readLiveVersion(tx, asset);
  await tx.run(
    `update _millrace.versions set view_sql = null where asset = $1 and version <> $2 and view_sql is not null and version not in (
       select version from _millrace.versions where asset = $1 and version <> $2 and view_sql is not null order by "at" desc, version limit ${(await readVersionsKept(tx)) - 1})`,
    [asset, live?.version ?? ""],
  );
  return live?.asset === asset ? versionIn(live.viewSql) : undefined;
}
