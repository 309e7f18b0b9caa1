// Files as sources: what is found, what is refused, and that every way of writing the same rows gives the same rows.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { StagedFile } from "../../formats/format.ts";
import type { FileDelivery, ReadContext } from "../../load/connector.ts";
import { files } from "./index.ts";
import type { FilesOptions } from "./options.ts";

let projectDir = "";
let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
});
afterAll(() => connection.closeSync());
beforeEach(() => {
  if (projectDir !== "") rmSync(projectDir, { recursive: true, force: true });
  projectDir = mkdtempSync(join(tmpdir(), "millrace-files-"));
});
afterAll(() => rmSync(projectDir, { recursive: true, force: true }));

function context(): ReadContext {
  return {
    connection,
    projectDir,
    tempDir: join(projectDir, ".millrace/temp"),
    since: undefined,
    signal: new AbortController().signal,
    connections: {},
    log: () => undefined,
  };
}

function put(name: string, contents: string | Buffer): void {
  mkdirSync(join(projectDir, name, ".."), { recursive: true });
  writeFileSync(join(projectDir, name), contents);
}

async function deliveries(options: unknown): Promise<FileDelivery[]> {
  const parsed = files.options.parse(options);
  const found: FileDelivery[] = [];
  for await (const delivery of files.read?.(parsed, context()) ?? []) found.push(delivery as FileDelivery);
  return found;
}

async function stage(delivery: FileDelivery | undefined): Promise<StagedFile> {
  if (delivery === undefined) throw new Error("no delivery");
  await connection.run(`drop table if exists stage; drop table if exists rejected`);
  return delivery.stage({
    connection,
    into: `"stage"`,
    rejectedInto: `"rejected"`,
    columns: new Map(),
    otherwise: "infer",
    repair: "note",
  });
}

async function staged(options: unknown): Promise<readonly unknown[][]> {
  const [only] = await deliveries(options);
  await stage(only);
  return (await connection.runAndReadAll(`select * from stage`)).getRowsJson();
}

const names = async (path: unknown): Promise<string[]> => (await deliveries({ path })).map((delivery) => delivery.name);
const state = async (path: unknown): Promise<string | null | undefined> => files.state?.({ path } as FilesOptions, context());
const peek = async (path: string): Promise<unknown> =>
  (await files.peek?.({ path }, context()))?.map((column) => [column.name, column.type]);

describe("what a path names", () => {
  it("is one delivery a file, in a stable order, each file once", async () => {
    for (const name of ["data/b.csv", "data/a.csv", "data/deep/c.csv", "data/x.txt"]) put(name, "id,name\n1,x\n2,y\n");
    expect(await names("data/*.csv")).toEqual(["data/a.csv", "data/b.csv"]);
    expect(await names("data/**/*.csv")).toEqual(["data/a.csv", "data/b.csv", "data/deep/c.csv"]);
    expect(await names(["data/b.csv", "data/*.csv", "./data/a.csv"])).toEqual(["data/b.csv", "data/a.csv"]);
    expect(await names(join(projectDir, "data/a.csv"))).toEqual([join(projectDir, "data/a.csv")]);
    expect(await names("data/../data/a.csv")).toEqual(["data/a.csv"]);
  });

  it("may have the letters of a pattern in its name", async () => {
    put("data/sales[1].csv", "id,name\n1,x\n2,y\n");
    put("data/sales1.csv", "id,name\n9,z\n8,z\n");
    expect(await staged({ path: "data/sales[1].csv" })).toEqual([
      ["1", "x"],
      ["2", "y"],
    ]);
  });

  it("is an error with the nearest names when it is missing", async () => {
    put("data/rollingsales_bronx.csv", "a,b\n1,2\n");
    await expect(deliveries({ path: "data/rollingsale_bronx.csv" })).rejects.toMatchObject({
      code: "MR3100",
      hint: "in data there is rollingsales_bronx.csv",
    });
    await expect(deliveries({ path: "dta/rollingsales_bronx.csv" })).rejects.toMatchObject({ code: "MR3100", hint: "in . there is data" });
    await expect(deliveries({ path: ["data/*.csv", "data/none.csv"] })).rejects.toMatchObject({ code: "MR3100" });
  });

  it("is an error when a pattern matches nothing, unless that may be", async () => {
    put("data/sales_2020.csv", "a,b\n1,2\n");
    await expect(deliveries({ path: "data/sale_*.csv" })).rejects.toMatchObject({
      code: "MR3101",
      hint: "in data there is sales_2020.csv",
    });
    expect(await deliveries({ path: "data/sale_*.csv", optional: true })).toEqual([]);
  });

  it("is no folder", async () => {
    mkdirSync(join(projectDir, "data.csv"));
    await expect(deliveries({ path: "data.csv" })).rejects.toMatchObject({ code: "MR3102", hint: "name the files in it: data.csv/*" });
  });

  it("is named when it cannot be read", async () => {
    put("afile", "x");
    await expect(deliveries({ path: "afile/data.csv" })).rejects.toMatchObject({ code: "MR3100" });
    symlinkSync("ring", join(projectDir, "ring"));
    await expect(deliveries({ path: "ring" })).rejects.toMatchObject({ code: "MR3100" });
    put("data/gone.csv", "a,b\n1,2\n");
    const [gone] = await deliveries({ path: "data/gone.csv" });
    renameSync(join(projectDir, "data/gone.csv"), join(projectDir, "data/moved.csv"));
    await expect(stage(gone)).rejects.toMatchObject({ code: "MR3100", message: "data/gone.csv does not exist" });
  });

  it("is not read when it changed since it was found", async () => {
    put("data/a.csv", "a,b\n1,2\n");
    const [delivery] = await deliveries({ path: "data/a.csv" });
    put("data/a.csv", "a,b\n1,2\n3,4\n");
    await expect(stage(delivery)).rejects.toMatchObject({ code: "MR3106", retryable: true });
  });
});

describe("options", () => {
  it("that nobody knows are refused", () => {
    expect(files.options.safeParse({ path: "a.csv", delimeter: ";" }).success).toBe(false);
    expect(files.options.safeParse({ path: "a.csv", format: "docx" }).success).toBe(false);
    expect(files.options.safeParse({ path: [] }).success).toBe(false);
    expect(files.options.safeParse({ path: "a.csv", delimiter: ";", skipLines: 4, repair: "quarantine" }).success).toBe(true);
  });

  it("that belong to another format are refused, and those of one file among several are not", async () => {
    put("data/a.csv", "a;b\n1;2\n");
    put("data/a.parquet", "");
    await expect(deliveries({ path: "data/a.csv", rows: "data.items" })).rejects.toMatchObject({ code: "MR3105" });
    await expect(deliveries({ path: "data/a.parquet", delimiter: ";" })).rejects.toMatchObject({ code: "MR3105" });
    await expect(deliveries({ path: "data/a.csv", compression: "gzip" })).rejects.toMatchObject({ code: "MR3105" });
    expect(await deliveries({ path: "data/a.*", delimiter: ";" })).toHaveLength(2);
  });
});

describe("the same rows", () => {
  const rows = [
    ["1", "Ann"],
    ["2", 'B"o, b'],
    ["3", "Ünal"],
  ];
  const csv = 'id,name\n1,Ann\n2,"B""o, b"\n3,Ünal\n';
  const ndjson = `{"id":1,"name":"Ann"}\n{"id":2,"name":"B\\"o, b"}\n{"id":3,"name":"Ünal"}\n`;
  const document = `[${ndjson.trim().split("\n").join(",\n")}]`;

  it("come out of every format, plain and compressed, whatever the ending says", async () => {
    await connection.run(
      `copy (select id::bigint as id, name from (values (1, 'Ann'), (2, 'B"o, b'), (3, 'Ünal')) t(id, name)) to '${join(projectDir, "a.parquet")}' (format parquet)`,
    );
    const parquet = readFileSync(join(projectDir, "a.parquet"));
    for (const [ending, contents] of [
      ["csv", csv],
      ["ndjson", ndjson],
      ["json", document],
      ["json", ndjson],
      ["parquet", parquet],
    ] as const) {
      put(`plain.${ending}`, contents);
      expect([ending, await staged({ path: `plain.${ending}` })]).toEqual([ending, rows]);
      put(`packed.${ending}.gz`, gzipSync(contents));
      expect([ending, await staged({ path: `packed.${ending}.gz` })]).toEqual([ending, rows]);
      put("noending", contents);
      expect([ending, await staged({ path: "noending" })]).toEqual([ending, rows]);
      put(`wrong.${ending}`, gzipSync(contents));
      expect([ending, await staged({ path: `wrong.${ending}` })]).toEqual([ending, rows]);
    }
  });

  it("come out of Zstandard, and the account is that of the file as it lies there", async () => {
    await connection.run(
      `copy (from (values (1, 'Ann'), (2, 'B"o, b'), (3, 'Ünal')) t(id, name)) to '${join(projectDir, "a.csv.zst")}' (format csv, header, compression zstd)`,
    );
    const [delivery] = await deliveries({ path: "a.csv.zst" });
    const result = await stage(delivery);
    expect(result.rows).toBe(3);
    expect(result.understood.compression).toBe("zstd");
    expect(result.sizeBytes).toBe(readFileSync(join(projectDir, "a.csv.zst")).length);
    expect(result.hash).toBe(await delivery?.hash());
  });

  it("do not come out of a truncated gzip: it is a failure that names the file", async () => {
    const bytes = gzipSync(ndjson.repeat(1000));
    for (const name of ["cut.ndjson.gz", "cut.csv.gz", "cut.json.gz", "cut.parquet.gz"]) {
      put(name, bytes.subarray(0, bytes.length - 20));
      await expect(staged({ path: name })).rejects.toMatchObject({ code: "MR3110", message: expect.stringContaining(name) as string });
    }
    put("empty.csv.gz", "");
    await expect(staged({ path: "empty.csv.gz" })).rejects.toMatchObject({ code: "MR3110" });
    await expect((async () => stage((await deliveries({ path: "cut.csv.gz" }))[0]))()).rejects.toThrow();
    expect((await connection.runAndReadAll(`select count(*) from duckdb_tables() where table_name = 'stage'`)).getRows()[0]?.[0]).toBe(0n);
  });

  it("come with a warning when the ending and the contents disagree", async () => {
    put("a.csv.gz", csv);
    const result = await stage((await deliveries({ path: "a.csv.gz" }))[0]);
    expect(result.rows).toBe(3);
    expect(result.understood.warnings).toContain("the name says gzip, the contents are not compressed");
  });

  it("do not come out of a bomb", async () => {
    put("bomb.csv.gz", gzipSync(Buffer.alloc(30_000_000, "a,b\n")));
    await expect(staged({ path: "bomb.csv.gz", expandedMax: "1MB" })).rejects.toMatchObject({ code: "MR3111" });
  });
});

describe("state", () => {
  it("sees new contents of the same size though the time of modification was set back", async () => {
    const path = join(projectDir, "data/same.csv");
    mkdirSync(join(projectDir, "data"), { recursive: true });
    writeFileSync(path, "id\n1\n");
    utimesSync(path, 1000, 1000);
    const first = await state("data/same.csv");
    renameSync(path, `${path}.old`); // a new file has a time of its own, however fast the test is
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(path, "id\n2\n");
    utimesSync(path, 1000, 1000);
    expect(await state("data/same.csv")).not.toBe(first);
  });

  it("changes with size, time and names, and with nothing else", async () => {
    put("data/a.csv", "a\n1\n");
    utimesSync(join(projectDir, "data/a.csv"), 1000, 1000);
    const first = await state("data/*.csv");
    expect(await state("data/*.csv")).toBe(first);
    put("data/b.csv", "a\n1\n");
    const second = await state("data/*.csv");
    expect(second).not.toBe(first);
    utimesSync(join(projectDir, "data/a.csv"), 1000, 1001);
    expect(await state("data/*.csv")).not.toBe(second);
  });
});

describe("peek", () => {
  it("names the columns of the first file, of each format", async () => {
    put("a.ndjson", `{"id":1,"at":"2026-01-31"}\n`);
    put("b.csv.gz", gzipSync("id,name\n1,x\n2,y\n"));
    expect(await peek("a.ndjson")).toEqual([
      ["id", "BIGINT"],
      ["at", "DATE"],
    ]);
    expect(await peek("b.csv.gz")).toEqual([
      ["id", "BIGINT"],
      ["name", "VARCHAR"],
    ]);
  });
});
