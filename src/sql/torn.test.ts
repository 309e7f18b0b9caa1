// Files as kills leave them: with a log that was not finished, and with blocks that do not fit their checksums.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, openSync, closeSync, readFileSync, readdirSync, rmSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWarehouse } from "./warehouse.ts";

const HEADERS_BYTES = 12_288;
const BLOCK_BYTES = 262_144;
const dir = mkdtempSync(join(tmpdir(), "millrace-torn-"));
const made = join(dir, "made.duckdb");
let metadata: readonly number[] = [];
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A process that dies with a checkpoint behind it and a commit in its log. */
beforeAll(() => {
  const script = `
    const { DuckDBInstance } = require(${JSON.stringify(createRequire(import.meta.url).resolve("@duckdb/node-api"))});
    (async () => {
      const connection = await (await DuckDBInstance.create(${JSON.stringify(made)})).connect();
      await connection.run("create table first as select range as id, 'row ' || range as word from range(20000)");
      await connection.run("checkpoint");
      await connection.run("create table second as select 1 as one");
      const rows = await connection.runAndReadAll("select distinct block_id::integer from pragma_metadata_info()");
      console.log(JSON.stringify(rows.getRows().flat()));
      process.kill(process.pid, "SIGKILL");
    })();`;
  const { stdout, signal } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
  expect(signal).toBe("SIGKILL");
  metadata = JSON.parse(stdout) as number[];
});

function copy(name: string, { log }: { readonly log: boolean }): string {
  const path = join(dir, name);
  copyFileSync(made, path);
  if (log) copyFileSync(`${made}.wal`, `${path}.wal`);
  return path;
}

/** As if a checksum had been written and the rest had not. */
function tear(path: string, block: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.from("torn off"), 0, 8, HEADERS_BYTES + block * BLOCK_BYTES);
  closeSync(file);
}

async function rowsOf(path: string): Promise<unknown> {
  const warehouse = await openWarehouse({ path });
  try {
    return await warehouse.session((session) =>
      session.rows("select count(*)::int as n, max(word) as word, (select one from second) as one from first"),
    );
  } finally {
    warehouse.close();
  }
}

describe("a warehouse whose process died", () => {
  it("opens with every row, though a block of its metadata was half written", async () => {
    expect(metadata.length).toBeGreaterThan(0);
    const path = copy("torn.duckdb", { log: true });
    for (const block of metadata) tear(path, block);
    expect(await rowsOf(path)).toEqual([{ n: 20_000, word: "row 9999", one: 1 }]);
    expect(readdirSync(dir).filter((name) => name.includes("mending"))).toEqual([]);
  });

  it("is damaged, and is not touched, when a block of rows does not fit its checksum", async () => {
    const path = copy("rotten.duckdb", { log: true });
    const rows = [...Array(6).keys()].find((block) => !metadata.includes(block))!;
    tear(path, rows);
    const before = readFileSync(path)
      .subarray(HEADERS_BYTES + rows * BLOCK_BYTES)
      .subarray(0, 8);
    await expect(rowsOf(path)).rejects.toThrow(/checksum/);
    expect(
      readFileSync(path)
        .subarray(HEADERS_BYTES + rows * BLOCK_BYTES)
        .subarray(0, 8),
    ).toEqual(before);
  });

  it("is damaged when nothing tells that a process died in it", async () => {
    const path = copy("closed.duckdb", { log: false });
    tear(path, metadata[0]!);
    await expect(rowsOf(path)).rejects.toThrow(expect.objectContaining({ code: "MR5003" }));
  });
});
