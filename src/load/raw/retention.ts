// What of the raw zone goes, and what becomes smaller.
//   R1. Older than `retention: { raw }`: gone, but for the load that an asset loaded by `replace` shows now. An asset whose older loads are gone can no longer
//       be replayed; it says so.
//   R2. Without a setting, and besides: the loads of a `replace` that no kept version stands on.
//   R3. Folders that the ledger does not know (a load was killed), and pages of interrupted loads that are too old to go on from.
//   R4. Large files that were kept as they came are compressed. The plain one goes the next time, so that a replay that reads it now ends well.
import { createReadStream, createWriteStream } from "node:fs";
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Warehouse } from "../../sql/warehouse.ts";
import { isCompressed } from "./keep.ts";
import { forgetLoads, loadsKept } from "./ledger.ts";
import { removeOld } from "./pending.ts";
import { assetFolder, assetOfFolder, loadFolder, PENDING, sweepAsset } from "./place.ts";

export interface RawRetention {
  readonly root: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Undefined: no setting. */
  readonly keepMs: number | undefined;
  readonly dryRun: boolean;
}

export interface RawRemoved {
  readonly loads: number;
  readonly bytes: number;
  /** Files that were compressed. */
  readonly compressed: number;
}

/** Only the owner of the warehouse may. @throws MR4303 when a compressed file cannot be written. */
export async function tidyRaw(warehouse: Warehouse, { root, now, keepMs, dryRun }: RawRetention): Promise<RawRemoved> {
  const before = keepMs === undefined ? null : now - keepMs;
  const old = await warehouse.session((session) =>
    session.rows<{ asset: string; load: string; bytes: number }>(
      `select r.asset, r.load, r.bytes from _millrace.raw_loads r
       where (r.mode = 'replace' and not exists (select 1 from _millrace.versions v where v.asset = r.asset and v.load = r.load and v.physical is not null))
         or (r."at" < to_timestamp($1::double / 1000) and not (r.mode = 'replace' and exists (
           select 1 from _millrace.environments e join _millrace.versions v on v.asset = e.asset and v.version = e.version
           where e.asset = r.asset and v.load = r.load)))
       order by r.asset, r.load`,
      [before],
    ),
  );
  const removed = { loads: old.length, bytes: old.reduce((sum, { bytes }) => sum + bytes, 0) };
  if (dryRun) return { ...removed, compressed: 0 };
  for (const asset of new Set(old.map((each) => each.asset))) {
    const loads = old.filter((each) => each.asset === asset).map(({ load }) => load);
    await warehouse.transaction((tx) => forgetLoads(tx, asset, loads));
    for (const load of loads) await rm(loadFolder(root, asset, load), { recursive: true, force: true });
  }
  for (const folder of await readdir(root).catch(() => [])) {
    const asset = assetOfFolder(folder);
    await sweepAsset(root, asset, await warehouse.session((session) => loadsKept(session, asset)));
    await removeOld(join(assetFolder(root, asset), PENDING), now);
  }
  return { ...removed, compressed: await compressLarge(warehouse, root) };
}

interface LargePiece {
  readonly asset: string;
  readonly load: string;
  readonly ordinal: number;
  readonly path: string;
  readonly encoding: string;
}

/** R4. */
async function compressLarge(warehouse: Warehouse, root: string): Promise<number> {
  const large = await warehouse.session((session) =>
    session.rows<LargePiece>(
      "select asset, load, ordinal, path, encoding from _millrace.raw where kind = 'file' and starts_with(path, 'file-') order by load, ordinal",
    ),
  );
  let compressed = 0;
  for (const { asset, load, ordinal, path, encoding } of large) {
    const from = join(loadFolder(root, asset, load), path);
    if (encoding === "gzip") await rm(from.replace(/\.gz$/, ""), { force: true });
    else if (await isPlain(from)) {
      await pipeline(createReadStream(from), createGzip({ level: 6 }), createWriteStream(`${from}.gz`, { mode: 0o600 }));
      const file = await open(`${from}.gz`, "r+");
      await file.sync();
      await file.close();
      const { size } = await stat(`${from}.gz`);
      await warehouse.transaction(async (tx) => {
        const chosen = "asset = $1 and load = $2";
        await tx.run(
          `update _millrace.raw set path = path || '.gz', encoding = 'gzip', stored_bytes = $4 where ${chosen} and ordinal = $3`,
          [asset, load, ordinal, size],
        );
        await tx.run(
          `update _millrace.raw_loads set bytes = (select sum(stored_bytes) from _millrace.raw where ${chosen})::bigint where ${chosen}`,
          [asset, load],
        );
      });
      compressed++;
    }
  }
  return compressed;
}

async function isPlain(path: string): Promise<boolean> {
  const file = await open(path, "r").catch(() => null);
  if (file === null) return false; // a replay will tell
  try {
    const head = Buffer.alloc(6);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return !isCompressed(head.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}
