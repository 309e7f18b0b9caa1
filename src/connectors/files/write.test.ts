// Files as exports: whole or not at all, once and not twice, and readable again.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { WriteContext, WriteResult } from "../../load/connector.ts";
import { Session } from "../../sql/session.ts";
import { files } from "./index.ts";

let projectDir = "";
let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run(
    `create table sales as select i as id, 'row ' || i as name, (i * 1.5)::decimal(10, 2) as price from range(1000) t(i)`,
  );
});
afterAll(() => connection.closeSync());
beforeEach(() => {
  if (projectDir !== "") rmSync(projectDir, { recursive: true, force: true });
  projectDir = mkdtempSync(join(tmpdir(), "millrace-write-"));
});
afterAll(() => rmSync(projectDir, { recursive: true, force: true }));

async function write(options: unknown, change: Partial<WriteContext> = {}): Promise<WriteResult> {
  const context: WriteContext = {
    connection,
    projectDir,
    tempDir: join(projectDir, ".millrace/temp"),
    since: undefined,
    signal: new AbortController().signal,
    connections: {},
    log: () => undefined,
    query: "select * from sales",
    mode: "replace",
    key: [],
    token: "r1/out.sales",
    ...change,
  };
  const written = await files.write?.(files.options.parse(options), context);
  if (written === undefined) throw new Error("files cannot write");
  return written;
}

const read = (name: string): string => readFileSync(join(projectDir, name), "utf8");

async function count(sql: string): Promise<number> {
  return Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0]);
}

const rows = (from: number): string => `select i as id, 'x' as name from range(${from}, ${from + 2}) t(i)`;

describe("replace", () => {
  it("writes each format by its ending, compressed too, with the rows that went in", async () => {
    const readers: Readonly<Record<string, string>> = {
      "out/a.csv": "read_csv('FILE', header = true)",
      "out/a.tsv": String.raw`read_csv('FILE', header = true, delim = '\t')`,
      "out/a.csv.gz": "read_csv('FILE', header = true)",
      "out/a.csv.zst": "read_csv('FILE', header = true)",
      "out/a.json": "read_json('FILE', format = 'array')",
      "out/a.ndjson": "read_json('FILE', format = 'newline_delimited')",
      "out/a.jsonl.gz": "read_json('FILE', format = 'newline_delimited')",
      "out/a.parquet": "read_parquet('FILE')",
    };
    for (const [path, reader] of Object.entries(readers)) {
      expect(await write({ path })).toEqual({ rows: 1000, locations: [path] });
      const from = reader.replace("FILE", join(projectDir, path));
      expect([
        path,
        await count(
          `select count(*) from ${from} join sales using (id, name) where price::decimal(10, 2) = sales.price`
            .replace("price::", "a.price::")
            .replace(from, `${from} a`),
        ),
      ]).toEqual([path, 1000]);
    }
    expect(JSON.parse(read("out/a.json"))).toHaveLength(1000);
    expect(
      gunzipSync(readFileSync(join(projectDir, "out/a.csv.gz")))
        .toString()
        .split("\n")[0],
    ).toBe("id,name,price");
    expect(readdirSync(join(projectDir, "out")).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("takes header, delimiter, quote and a query that ends in a semicolon or a comment", async () => {
    await write({ path: "a.csv", header: false, delimiter: ";", quote: "'" }, { query: "select 1 as a, 'x;y' as b; " });
    expect(read("a.csv")).toBe("1;'x;y'\n");
    await write({ path: "b.csv" }, { query: "select 1 as a, null as b, '' as c -- the end" });
    expect(read("b.csv")).toBe('a,b,c\n1,,""\n');
  });

  it("leaves the old file when the query fails, and nothing beside it", async () => {
    await write({ path: "a.csv" }, { query: "select 1 as a" });
    const failing = "select case when i = 900000 then error('no such price') else 'x' end as a from range(1000000) t(i)";
    await expect(write({ path: "a.csv" }, { query: failing })).rejects.toThrow(/no such price/);
    expect(read("a.csv")).toBe("a\n1\n");
    expect(readdirSync(projectDir)).toEqual(["a.csv"]);
  });

  it("refuses what cannot be: a folder, an ending without a format, foreign keys, a key to merge by, a list", async () => {
    mkdirSync(join(projectDir, "folder.csv"));
    await expect(write({ path: "folder.csv" })).rejects.toMatchObject({ code: "MR3102" });
    await expect(write({ path: "a.xyz" })).rejects.toMatchObject({ code: "MR3104" });
    await expect(write({ path: "a.csv", skipLines: 2 })).rejects.toMatchObject({ code: "MR3105" });
    await expect(write({ path: "a.parquet", header: true })).rejects.toMatchObject({ code: "MR3105" });
    await expect(write({ path: "a.csv" }, { mode: "merge", key: ["id"] })).rejects.toMatchObject({ code: "MR3142" });
    await expect(write({ path: ["a.csv", "b.csv"] })).rejects.toMatchObject({ code: "MR3142" });
    writeFileSync(join(projectDir, "afile"), "");
    await expect(write({ path: "afile/a.csv" })).rejects.toMatchObject({ code: "MR3140" });
  });

  it("writes JSON values as they are promised everywhere", async () => {
    const query = `select 9007199254740993 as big, -5::bigint as small, 170141183460469231731687303715884105727 as huge, 1.50::decimal(10, 2) as price,
      'nan'::double as none, '-infinity'::float as low, 1.1::float as f, 0.1 + 0.2 as sum, 1e300::double as d, date '2026-01-31' as day, timestamp '2026-01-31 08:00:00.5' as at,
      timestamptz '2026-01-31 08:00:00+02' as instant, time '08:00:00' as t, 'a'::blob as bytes, [9007199254740993, 1] as list, {'x': 2.5::decimal(4, 1), 'y': [timestamp '2026-01-01']} as s,
      map {'k': 9007199254740993} as m, '{"q":1.10}'::json as j, null as n, true as b, null::struct(x decimal(4, 1)) as ns, 'ü"' as text, uuid '00000000-0000-0000-0000-000000000001' as u`;
    await write({ path: "a.ndjson" }, { query });
    const [expected] = await new Session(connection).rows(query);
    // JSON columns are JSON in a file; as a value in an answer they are text.
    expect(JSON.parse(read("a.ndjson"))).toEqual({ ...expected, j: { q: 1.1 } });
  });
});

describe("append", () => {
  it("adds the rows of each token once, below one header", async () => {
    for (const path of ["a.csv", "a.ndjson"]) {
      expect(await write({ path }, { mode: "append", query: rows(0), token: "r1" })).toEqual({ rows: 2, locations: [path] });
      expect(await write({ path }, { mode: "append", query: rows(2), token: "r2" })).toEqual({ rows: 2, locations: [path] });
      // The process died after the rename: the same export comes again.
      expect(await write({ path }, { mode: "append", query: rows(2), token: "r2" })).toEqual({ rows: 2, locations: [path] });
    }
    expect(read("a.csv")).toBe("id,name\n0,x\n1,x\n2,x\n3,x\n");
    expect(read("a.ndjson").trim().split("\n")).toHaveLength(4);
  });

  it("adds them after a try that died before the rename, and after somebody else wrote the file", async () => {
    await write({ path: "a.csv" }, { mode: "append", query: "select 1 as a", token: "r1" });
    writeFileSync(join(projectDir, "a.csv"), "a\n7");
    await write({ path: "a.csv" }, { mode: "append", query: "select 2 as a", token: "r1" });
    expect(read("a.csv")).toBe("a\n7\n2\n");
  });

  it("adds members to a gzip", async () => {
    await write({ path: "a.csv.gz" }, { mode: "append", query: "select 1 as a", token: "r1" });
    await write({ path: "a.csv.gz" }, { mode: "append", query: "select 2 as a", token: "r2" });
    expect(gunzipSync(readFileSync(join(projectDir, "a.csv.gz"))).toString()).toBe("a\n1\n2\n");
  });

  it("refuses other columns, and formats that have an end", async () => {
    writeFileSync(join(projectDir, "a.csv"), "id,name\n1,x\n");
    await expect(write({ path: "a.csv" }, { mode: "append", query: "select 'y' as name, 2 as id" })).rejects.toMatchObject({
      code: "MR3143",
    });
    expect(read("a.csv")).toBe("id,name\n1,x\n");
    await expect(write({ path: "a.parquet" }, { mode: "append" })).rejects.toMatchObject({ code: "MR3142" });
    await expect(write({ path: "a.json" }, { mode: "append" })).rejects.toMatchObject({ code: "MR3142" });
  });
});

/** A small disk of its own, which only root can make. */
function mounted(name: string, options: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), `millrace-${name}-`));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "pipe" });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    console.error(`!!! no file system can be mounted here (not root): the test of a ${name} disk does not run`);
    return undefined;
  }
}

function unmount(folder: string): void {
  execFileSync("umount", [folder]);
  rmSync(folder, { recursive: true });
}

const small = mounted("full", "size=512k");
if (small !== undefined) {
  describe("a full disk", () => {
    afterAll(() => unmount(small));
    it("is a clear error, leaves the old file and nothing half", async () => {
      for (const name of ["a.csv", "a.ndjson", "a.json", "a.parquet", "a.csv.gz"]) {
        const path = join(small, name);
        await write({ path }, { query: "select 1 as a" });
        const before = readFileSync(path);
        const query = "select hash(i) as a, hash(i + 1) as b from range(500000) t(i)";
        await expect(write({ path }, { query })).rejects.toMatchObject({ code: "MR3141", retryable: true });
        expect(readFileSync(path)).toEqual(before);
        expect(readdirSync(small)).toEqual([name]);
        rmSync(path);
      }
      const path = join(small, "a.csv");
      writeFileSync(path, `a\n${"x\n".repeat(150_000)}`);
      await expect(write({ path }, { mode: "append", query: "select 1 as a" })).rejects.toMatchObject({ code: "MR3141" });
      expect(readFileSync(path, "utf8")).toBe(`a\n${"x\n".repeat(150_000)}`);
    });
  });
}

const readOnly = mounted("read-only", "size=512k");
if (readOnly !== undefined) {
  describe("a read-only disk", () => {
    afterAll(() => unmount(readOnly));
    it("is a clear error, and the old file can still be read", async () => {
      writeFileSync(join(readOnly, "a.csv"), "a\n1\n");
      execFileSync("mount", ["-o", "remount,ro", readOnly]);
      await expect(write({ path: join(readOnly, "a.csv") })).rejects.toMatchObject({ code: "MR3140" });
      await expect(write({ path: join(readOnly, "new/a.csv") })).rejects.toMatchObject({ code: "MR3140" });
      expect(readFileSync(join(readOnly, "a.csv"), "utf8")).toBe("a\n1\n");
      expect(existsSync(join(readOnly, "new"))).toBe(false);
    });
  });
}
