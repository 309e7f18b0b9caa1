// A process that is killed while DuckDB writes a checkpoint may leave one block half written. DuckDB 1.5 writes a block of metadata where it stands, with new
// parts beside those that the file's header still refers to; the latter are the same in both states, so that what was torn is only the block's checksum:
//   T1. It is put right when an unfinished log tells that a process died here, and only for blocks that DuckDB itself knows to be of metadata.
//   T2. Anything else that does not fit its checksum stays as it is: the file is damaged (MR5003).
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { messageOf } from "../model/errors.ts";

/** Layout of a DuckDB file and how it is summed: `storage_info.hpp` and `checksum.cpp` of DuckDB 1.5. Three headers, then blocks that begin with their checksum. */
const HEADERS_BYTES = 3 * 4096;
const BLOCK_BYTES = 262_144;
const CHECKSUM_START = 5381n;
const CHECKSUM_FACTOR = 0xbf58476d1ce4e5b9n;
/** One death tears one write; more died before anybody opened the file again. */
const BLOCKS_MAX = 8;
const CLAIM_MS = 50;
const CLAIMS_MAX = 200;

interface Torn {
  readonly block: number;
  readonly found: bigint;
  readonly right: bigint;
}

/** Before the file is opened; nothing of it may be open in this process. Does nothing for one that was closed, or that another process holds. */
export async function mendTorn(path: string): Promise<void> {
  if (!existsSync(path) || !hasLog(path)) return;
  const claim = `${path}.mending`;
  if (!(await claimed(claim))) return;
  try {
    await mend(path);
  } finally {
    rmSync(claim, { force: true });
  }
}

function hasLog(path: string): boolean {
  const name = `${basename(path)}.`;
  return readdirSync(dirname(path)).some((each) => each.startsWith(name) && each.endsWith("wal"));
}

/** Of two processes one mends, and the other waits for it: a checksum that is written late could be that of an older block. */
async function claimed(claim: string): Promise<boolean> {
  for (let tries = 0; tries < CLAIMS_MAX; tries++) {
    try {
      writeFileSync(claim, String(process.pid), { flag: "wx" });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") return false; // opening tells why nothing can be written here
      if (isAbandoned(claim)) rmSync(claim, { force: true });
      else await pause(CLAIM_MS);
    }
  }
  return false;
}

function isAbandoned(claim: string): boolean {
  try {
    process.kill(Number(readFileSync(claim, "utf8")), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

async function mend(path: string): Promise<void> {
  const mended: Torn[] = [];
  let metadata: readonly number[] | null = null;
  while (metadata === null && mended.length < BLOCKS_MAX) {
    const seen = await metadataOf(path);
    if (typeof seen === "object") metadata = seen;
    const torn = typeof seen === "number" ? tornBlock(path, seen) : undefined;
    if (metadata === null && torn === undefined) break;
    if (torn !== undefined) mended.push(put(path, torn));
  }
  const isAllMetadata = mended.every(({ block }) => metadata?.includes(block) === true);
  if (!isAllMetadata) for (const { block, found, right } of mended) put(path, { block, found: right, right: found });
  else
    for (const block of metadata ?? []) {
      const torn = tornBlock(path, block);
      if (torn !== undefined) put(path, torn);
    }
}

/** The blocks of metadata; or the block because of which DuckDB does not open the file; undefined where it does not for another reason. */
async function metadataOf(path: string): Promise<readonly number[] | number | undefined> {
  try {
    const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY", threads: "1" });
    try {
      const connection = await instance.connect();
      const rows = await connection.runAndReadAll("select distinct block_id::bigint from pragma_metadata_info()");
      connection.closeSync();
      return rows.getRows().map(([id]) => Number(id));
    } finally {
      instance.closeSync();
    }
  } catch (error) {
    const location = /checksum \d+ in block at location (\d+)/.exec(messageOf(error))?.[1];
    if (location === undefined) return undefined;
    const block = (Number(location) - HEADERS_BYTES) / BLOCK_BYTES;
    return Number.isInteger(block) && block >= 0 ? block : undefined;
  }
}

/** undefined where the block fits its checksum. */
function tornBlock(path: string, block: number): Torn | undefined {
  const words = new BigUint64Array(BLOCK_BYTES / BigUint64Array.BYTES_PER_ELEMENT);
  const file = openSync(path, "r");
  try {
    if (readSync(file, words, 0, BLOCK_BYTES, HEADERS_BYTES + block * BLOCK_BYTES) < BLOCK_BYTES) return undefined;
  } finally {
    closeSync(file);
  }
  const [found = 0n, ...rest] = words;
  const right = rest.reduce((sum, word) => sum ^ BigInt.asUintN(64, word * CHECKSUM_FACTOR), CHECKSUM_START);
  return found === right ? undefined : { block, found, right };
}

function put(path: string, torn: Torn): Torn {
  const file = openSync(path, "r+");
  try {
    writeSync(file, new BigUint64Array([torn.right]), 0, undefined, HEADERS_BYTES + torn.block * BLOCK_BYTES);
  } finally {
    closeSync(file);
  }
  return torn;
}
