// Compressed files are read whole or not at all.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compressionOf, expandFile } from "./index.ts";
import { XxHash64 } from "./xxhash.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-compression-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function expand(path: string, expandedBytesMax?: number): Promise<string> {
  const compression = compressionOf(path);
  if (compression === "none") throw new Error("not compressed");
  const into = join(folder, "expanded");
  await expandFile({ path, name: "sales.csv", compression, into, expandedBytesMax });
  return readFileSync(into, "utf8");
}

const text = Array.from({ length: 20_000 }, (_, i) => `${i},row ${i * 7919}\n`).join("");

const digest = (input: string): number => {
  const hash = new XxHash64();
  for (let at = 0; at < input.length; at += 7) hash.update(Buffer.from(input.slice(at, at + 7)));
  return hash.digest32();
};

describe("gzip", () => {
  it("gives the contents, of many members too", async () => {
    expect(await expand(put("one.gz", gzipSync(text)))).toBe(text);
    expect(await expand(put("two.gz", Buffer.concat([gzipSync(text), gzipSync("end\n")])))).toBe(`${text}end\n`);
  });

  it("is known by its bytes, whatever the ending", async () => {
    expect(compressionOf(put("plain.csv", gzipSync(text)))).toBe("gzip");
    expect(compressionOf(put("not.gz", Buffer.from(text)))).toBe("none");
  });

  it("fails when it is cut off anywhere, with the name of the file", async () => {
    const bytes = gzipSync(text);
    for (const length of [3, 12, bytes.length >> 1, bytes.length - 8, bytes.length - 1]) {
      await expect(expand(put("cut.gz", bytes.subarray(0, length)))).rejects.toMatchObject({
        code: "MR3110",
        message: expect.stringContaining("sales.csv") as string,
      });
    }
  });

  it("fails when a byte is wrong, in the data and in the checksum", async () => {
    const bytes = gzipSync(text);
    for (const place of [bytes.length >> 1, bytes.length - 6, bytes.length - 2]) {
      const damaged = Buffer.from(bytes);
      damaged[place] = (damaged[place] ?? 0) ^ 0x55;
      await expect(expand(put("damaged.gz", damaged))).rejects.toMatchObject({ code: "MR3110" });
    }
  });

  it("fails when something follows that is no member, and takes zeros for padding", async () => {
    const second = gzipSync("lost\n");
    second[0] = 0x1e;
    await expect(expand(put("lost.gz", Buffer.concat([gzipSync(text), second])))).rejects.toMatchObject({ code: "MR3110" });
    expect(await expand(put("padded.gz", Buffer.concat([gzipSync(text), Buffer.alloc(700)])))).toBe(text);
  });

  it("stops at the limit of what it may expand to", async () => {
    const bomb = put("bomb.gz", gzipSync(Buffer.alloc(50 << 20)));
    await expect(expand(bomb, 10 << 20)).rejects.toMatchObject({ code: "MR3111" });
    await expect(expand(bomb, 60 << 20)).resolves.toHaveLength(50 << 20);
  });
});

// Written by the `zstd` command, which adds a checksum (DuckDB does not).
const HELLO = "hello, zstandard and a longer text that goes beyond thirty-two bytes: 0123456789\n";
const HELLO_FRAME = Buffer.from(
  "28b52ffd04586502001205121980c73984319f49fe219944b418091a18e87ffb369c854d860e8420006898454990c303966fc75bb8d1be08e946dd96c72c17f997ee1bf25e897495cfa8675c877a670717ab54a6002e90e581",
  "hex",
);

describe("zstd", () => {
  it("gives what DuckDB wrote", async () => {
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const path = join(folder, "numbers.csv.zst");
    await connection.run(
      `copy (select i, 'row ' || (i * 7919) from range(200000) t(i)) to '${path}' (format csv, header false, compression zstd)`,
    );
    const expected = Array.from({ length: 200_000 }, (_, i) => `${i},row ${i * 7919}\n`).join("");
    expect(await expand(path)).toBe(expected);
    const bytes = readFileSync(path);
    expect(await expand(put("two.zst", Buffer.concat([bytes, bytes])))).toBe(expected + expected);
    for (const length of [10, bytes.length >> 1, bytes.length - 1]) {
      await expect(expand(put("cut.zst", bytes.subarray(0, length)))).rejects.toMatchObject({ code: "MR3110" });
    }
    await expect(expand(put("more.zst", Buffer.concat([bytes, Buffer.from("trailing")])))).rejects.toMatchObject({ code: "MR3110" });
    connection.closeSync();
  });

  it("has the known values of its checksum", () => {
    // Low halves of XXH64 with seed 0: ef46db3751d8e999, d24ec4f1a98c6e5b, 0b242d361fda71bc.
    expect(digest("").toString(16)).toBe("51d8e999");
    expect(digest("a").toString(16)).toBe("a98c6e5b");
    expect(digest("The quick brown fox jumps over the lazy dog").toString(16)).toBe("1fda71bc");
  });

  it("is checked by its checksum, and fails when a byte is wrong", async () => {
    expect(await expand(put("hello.zst", HELLO_FRAME))).toBe(HELLO);
    for (const place of [20, 40, HELLO_FRAME.length - 1]) {
      const damaged = Buffer.from(HELLO_FRAME);
      damaged[place] = (damaged[place] ?? 0) ^ 1;
      await expect(expand(put("damaged.zst", damaged))).rejects.toMatchObject({ code: "MR3110" });
    }
  });
});
