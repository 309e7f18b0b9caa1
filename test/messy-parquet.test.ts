// Real Parquet files of Apache's own test collection: sound ones are read with as many rows as their metadata says, broken ones are a clear error.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parquet } from "../src/formats/parquet/index.ts";
import type { StagedFile } from "../src/formats/format.ts";
import { MillraceError } from "../src/model/errors.ts";
import { realData } from "./real-data.ts";

const collection = realData("messy/parquet-testing");
let tempDir = "";
let connection: DuckDBConnection;
beforeAll(async () => {
  tempDir = mkdtempSync(join(tmpdir(), "millrace-parquet-"));
  connection = await (await DuckDBInstance.create(":memory:")).connect();
});
afterAll(() => {
  connection.closeSync();
  rmSync(tempDir, { recursive: true, force: true });
});

async function stage(path: string, otherwise: "infer" | "text" = "infer", options: Record<string, unknown> = {}): Promise<StagedFile> {
  await connection.run(`drop table if exists stage`);
  const name = path.split("/").at(-1) ?? path;
  const request = {
    connection,
    path,
    name,
    into: `"stage"`,
    rejectedInto: `"rejected"`,
    columns: new Map(),
    otherwise,
    repair: "note",
    options,
    tempDir,
  } as const;
  return parquet.stage(request);
}

async function outcome(path: string): Promise<string> {
  try {
    return `${(await stage(path)).rows} rows`;
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    expect(error.message).toContain(path.split("/").at(-1));
    return error.code;
  }
}

/** Files of `data` that cannot be read, and why. All others are. */
const REFUSED: Readonly<Record<string, string>> = {
  "byte_stream_split_extended.gzip.parquet": "MR3131",
  "hadoop_lz4_compressed.parquet": "MR3131",
  "hadoop_lz4_compressed_larger.parquet": "MR3131",
  "non_hadoop_lz4_compressed.parquet": "MR3131",
  "map_no_value.parquet": "MR3131",
  // Their names say it; DuckDB reads them without a word.
  "datapage_v1-corrupt-checksum.parquet": "MR3132",
  "rle-dict-uncompressed-corrupt-checksum.parquet": "MR3132",
};

const sound = (): string => join(tempDir, "sound.parquet");

if (collection !== undefined) {
  describe("parquet-testing", () => {
    it("bad_data: a clear error each", async () => {
      const outcomes: Record<string, string> = {};
      for (const name of readdirSync(join(collection, "bad_data"))) outcomes[name] = await outcome(join(collection, "bad_data", name));
      expect(outcomes).toEqual({
        "ARROW-GH-41317.parquet": "MR3130",
        "ARROW-GH-41321.parquet": "MR3130",
        // Sound: a constant column, whose dictionary has one value and indexes of 0 bits, as parquet-java writes them too. It is there because a
        // reader in Go crashed on it; parquet-java and pyarrow read the same 21,186 zeros.
        "ARROW-GH-43605.parquet": "21186 rows",
        "ARROW-GH-45185.parquet": "MR3130",
        "ARROW-GH-47662.parquet": "MR3130",
        "ARROW-RS-GH-6229-DICTHEADER.parquet": "MR3130",
        "ARROW-RS-GH-6229-LEVELS.parquet": "MR3130",
        "PARQUET-1481.parquet": "MR3130",
      });
    });

    it("bad_data: the file that is sound after all holds nothing but zeros", async () => {
      await stage(join(collection, "bad_data/ARROW-GH-43605.parquet"));
      const reader = await connection.runAndReadAll(`select count(*), count(min_fl), min(min_fl), max(min_fl) from stage`);
      expect(reader.getRows()[0]?.map(Number)).toEqual([21_186, 21_186, 0, 0]);
    });

    it("data: every file is read with the rows of its metadata, or refused with its reason", async () => {
      for (const name of readdirSync(join(collection, "data")).filter((file) => file.endsWith(".parquet"))) {
        const path = join(collection, "data", name);
        const found = await outcome(path);
        const expected = REFUSED[name] ?? `${await rowGroupRows(path)} rows`;
        expect([name, found]).toEqual([name, expected]);
      }
    });

    it("data: encrypted files are refused as such", async () => {
      const names = readdirSync(join(collection, "data")).filter((file) => file.endsWith(".encrypted"));
      expect(names.length).toBeGreaterThan(5);
      for (const name of names) expect([name, await outcome(join(collection, "data", name))]).toEqual([name, "MR3133"]);
    });

    it("data: the values of encodings are those of the CSV files beside them", async () => {
      for (const name of ["delta_binary_packed", "delta_byte_array", "delta_encoding_required_column", "delta_encoding_optional_column"]) {
        await stage(join(collection, `data/${name}.parquet`));
        const expected = join(collection, `data/${name}_expect.csv`);
        await connection.run(
          `create or replace table expected as select * from read_csv('${expected}', all_varchar = true, header = true)`,
        );
        const [count] = (await connection.runAndReadAll(`select count(*) from expected`)).getRows();
        const columns = (await connection.runAndReadAll(`describe stage`)).getRows().map((row) => String(row[0]));
        const other = (await connection.runAndReadAll(`describe expected`)).getRows().map((row) => String(row[0]));
        const differing = await connection.runAndReadAll(
          `select count(*) from (select ${columns.map((column, i) => `"${column}"::varchar as c${i}`).join(", ")}, row_number() over () as n from stage) a
           join (select ${other.map((column, i) => `"${column}" as c${i}`).join(", ")}, row_number() over () as n from expected) b using (n)
           where ${columns.map((_, i) => `coalesce(a.c${i}, '') <> coalesce(b.c${i}, '')`).join(" or ")}`,
        );
        expect([name, Number(count?.[0]), Number(differing.getRows()[0]?.[0])]).toEqual([
          name,
          Number((await connection.runAndReadAll(`select count(*) from stage`)).getRows()[0]?.[0]),
          0,
        ]);
      }
    });
  });
}

async function rowGroupRows(path: string): Promise<number> {
  const sql = `select coalesce(sum(rows), 0) from (select distinct row_group_id, row_group_num_rows as rows from parquet_metadata('${path}'))`;
  return Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0]);
}

describe("a Parquet file that was damaged", () => {
  beforeAll(async () => {
    await connection.run(
      `copy (select i as id, 'row ' || i as name, [i, i + 1] as list from range(20000) t(i)) to '${sound()}' (format parquet)`,
    );
  });

  it("is refused when its end is missing, at any length", async () => {
    const bytes = readFileSync(sound());
    const path = join(tempDir, "cut.parquet");
    for (const length of [0, 3, 4, 11, 500, bytes.length >> 1, bytes.length - 9, bytes.length - 4, bytes.length - 1]) {
      writeFileSync(path, bytes.subarray(0, length));
      expect([length, await outcome(path)]).toEqual([length, "MR3130"]);
    }
  });

  it("is refused, or read with all its rows, when any byte of its footer is another", async () => {
    const bytes = readFileSync(sound());
    const path = join(tempDir, "footer.parquet");
    const footerFrom = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
    for (let place = footerFrom; place < bytes.length; place += 3) {
      const damaged = Buffer.from(bytes);
      damaged[place] = (damaged[place] ?? 0) ^ 0xff;
      writeFileSync(path, damaged);
      // A changed name or statistic is nobody's to notice; the rows never are fewer without an error.
      expect([place, await outcome(path)]).toEqual([place, expect.stringMatching(/^(MR31(23|30|31|33)|20000 rows)$/)]);
    }
  });

  it("is read as text when that is asked for, with brackets and stars in its name", async () => {
    const path = join(tempDir, "a[1]*{x}.parquet");
    writeFileSync(path, readFileSync(sound()));
    const staged = await stage(path, "text");
    expect(staged.columns.map((column) => column.type)).toEqual(["VARCHAR", "VARCHAR", "VARCHAR"]);
    expect(staged.rows).toBe(20_000);
    const reader = await connection.runAndReadAll(`select id, list from stage where name = 'row 7'`);
    expect(reader.getRows()).toEqual([["7", "[7, 8]"]]);
  });
});
