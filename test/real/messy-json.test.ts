// Real JSON that other readers stumble over: JSONTestSuite, DuckDB's own folder, GitHub's webhooks, a day of Wikipedia's edits.
import { readdirSync, readFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveFormat } from "../../src/formats/index.ts";
import { json } from "../../src/formats/json/json.ts";
import { ndjson } from "../../src/formats/json/ndjson.ts";
import type { Format, StagedFile } from "../../src/formats/format.ts";
import { realData } from "../real-data.ts";

const suite = realData("messy/JSONTestSuite/test_parsing");
const duckdbJson = realData("messy/duckdb-json");
const webhooks = realData("events/github-webhooks");
const edits = realData("events/wikipedia/wikiticker-2015-09-12-sampled.json.gz");

let tempDir = "";
let connection: DuckDBConnection;
beforeAll(async () => {
  tempDir = mkdtempSync(join(tmpdir(), "millrace-json-"));
  connection = await (await DuckDBInstance.create(":memory:")).connect();
});
afterAll(() => {
  connection.closeSync();
  rmSync(tempDir, { recursive: true, force: true });
});

async function stage(format: Format, path: string, options: Record<string, unknown> = {}): Promise<StagedFile> {
  await connection.run(`drop table if exists stage; drop table if exists rejected`);
  const staged = await format.stage({
    connection,
    path,
    name: path,
    into: `"stage"`,
    rejectedInto: `"rejected"`,
    columns: new Map(),
    otherwise: "infer",
    repair: "note",
    options,
    tempDir,
  });
  const rows = await one(`select count(*) from stage`);
  expect(rows).toBe(staged.rows);
  expect(staged.records.read).toBe(staged.rows + staged.records.quarantined);
  if (staged.hasRejected) {
    expect(await one(`select count(*) from rejected where kind = 'quarantined'`)).toBe(staged.records.quarantined);
    expect(await one(`select count(*) from rejected where raw is null or reason is null or rule is null`)).toBe(0);
  }
  return staged;
}

async function one(sql: string): Promise<number> {
  const reader = await connection.runAndReadAll(sql);
  return Number(reader.getRows()[0]?.[0]);
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

/** What is decided about the documents on which RFC 8259 leaves the choice to the reader. */
const QUARANTINED_BY_CHOICE = new Set([
  "i_object_key_lone_2nd_surrogate.json",
  "i_string_1st_surrogate_but_2nd_missing.json",
  "i_string_1st_valid_surrogate_2nd_invalid.json",
  "i_string_incomplete_surrogate_and_escape_valid.json",
  "i_string_incomplete_surrogate_pair.json",
  "i_string_incomplete_surrogates_escape_valid.json",
  "i_string_invalid_lonely_surrogate.json",
  "i_string_invalid_surrogate.json",
  "i_string_inverted_surrogates_U+1D11E.json",
  "i_string_lone_second_surrogate.json",
  // Bytes that are not UTF-8.
  "i_string_UTF-8_invalid_sequence.json",
  "i_string_UTF8_surrogate_U+D800.json",
  "i_string_invalid_utf-8.json",
  "i_string_iso_latin_1.json",
  "i_string_lone_utf8_continuation_byte.json",
  "i_string_not_in_unicode_range.json",
  "i_string_overlong_sequence_2_bytes.json",
  "i_string_overlong_sequence_6_bytes.json",
  "i_string_overlong_sequence_6_bytes_null.json",
  "i_string_truncated-utf-8.json",
  // UTF-16 that does not say so by a byte order mark.
  "i_string_utf16BE_no_BOM.json",
  "i_string_utf16LE_no_BOM.json",
]);

if (suite !== undefined) {
  describe("JSONTestSuite", () => {
    const files = readdirSync(suite).toSorted();
    it("is the suite we know", () => {
      expect(files.filter((name) => name.startsWith("y_")).length).toBe(95);
      expect(files.filter((name) => name.startsWith("n_")).length).toBe(188);
      expect(files.filter((name) => name.startsWith("i_")).length).toBe(35);
    });

    it("reads every valid document with as many rows as JSON.parse finds records", async () => {
      for (const name of files.filter((file) => file.startsWith("y_"))) {
        const staged = await stage(json, join(suite, name));
        const value: unknown = JSON.parse(readFileSync(join(suite, name), "utf8"));
        expect([name, staged.rows, staged.records.quarantined]).toEqual([name, Array.isArray(value) ? value.length : 1, 0]);
      }
    });

    it("sets every invalid document aside whole, with its raw form, and refuses it when asked to", async () => {
      for (const name of files.filter((file) => file.startsWith("n_"))) {
        const staged = await stage(json, join(suite, name));
        expect([name, staged.rows, staged.records.quarantined]).toEqual([name, 0, 1]);
        await expect(stage(json, join(suite, name), { invalid: "fail" })).rejects.toMatchObject({ code: "MR3120" });
      }
    });

    it("quarantines every invalid document that is one line of NDJSON", async () => {
      for (const name of files.filter((file) => file.startsWith("n_"))) {
        const bytes = readFileSync(join(suite, name));
        if (bytes.includes(10) || bytes.includes(13) || bytes.toString("utf8").replace("\uFEFF", "").trim() === "") continue;
        const staged = await stage(ndjson, join(suite, name));
        expect([name, staged.rows, staged.records.quarantined]).toEqual([name, 0, 1]);
      }
    });

    it("decides on every document that may be read or refused", async () => {
      for (const name of files.filter((file) => file.startsWith("i_"))) {
        const staged = await stage(json, join(suite, name));
        expect([name, staged.records.quarantined]).toEqual([name, QUARANTINED_BY_CHOICE.has(name) ? 1 : 0]);
      }
    });
  });
}

if (duckdbJson !== undefined) {
  describe("DuckDB's JSON files", () => {
    it("are read with the records that JSON.parse finds, or set aside with a reason", async () => {
      for (const path of walk(duckdbJson).filter((name) => /\.(json|jsonl|ndjson|geojson|geojsonl)$/.test(name))) {
        const format = await resolveFormat(path, path);
        const staged = await stage(format, path);
        const text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
        const expected = path.endsWith(".geojson")
          ? featureRecords(text)
          : format.name === "json"
            ? documentRecords(text)
            : lineRecords(text);
        expect([path, format.name, staged.rows, staged.records.quarantined]).toEqual([path, format.name, expected.sound, expected.bad]);
      }
    });
  });
}

function featureRecords(text: string): { sound: number; bad: number } {
  return { sound: (JSON.parse(text) as { readonly features: readonly unknown[] }).features.length, bad: 0 };
}

function documentRecords(text: string): { sound: number; bad: number } {
  try {
    const value: unknown = JSON.parse(text);
    return { sound: Array.isArray(value) ? value.length : 1, bad: 0 };
  } catch {
    return { sound: 0, bad: 1 };
  }
}

function lineRecords(text: string): { sound: number; bad: number } {
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line.trim() !== "");
  const values = lines.map((line): unknown => {
    try {
      return JSON.parse(line) as unknown;
    } catch {
      return undefined;
    }
  });
  const sound = values.filter((value) => value !== undefined);
  const objects = sound.filter((value) => typeof value === "object" && value !== null && !Array.isArray(value));
  const isTable = objects.some((value) => Object.keys(value as object).length > 0) && objects.length * 2 >= sound.length;
  const taken = isTable ? objects.length : sound.length;
  return { sound: taken, bad: lines.length - taken };
}

if (webhooks !== undefined) {
  describe("273 webhooks of GitHub", () => {
    it("are one row each", async () => {
      const files = walk(webhooks).filter((name) => name.endsWith(".json"));
      expect(files.length).toBe(273);
      for (const path of files) expect((await stage(json, path)).rows).toBe(1);
    });
  });
}

if (edits !== undefined) {
  describe("39,244 edits of Wikipedia", () => {
    it("are all read, typed, with the sums that another reader finds", async () => {
      const path = join(tempDir, "edits.json");
      const text = gunzipSync(readFileSync(edits)).toString("utf8");
      const { writeFileSync } = await import("node:fs");
      writeFileSync(path, text);
      expect(statSync(path).size).toBeGreaterThan(1e6);
      const format = await resolveFormat(path, path);
      expect(format.name).toBe("ndjson");
      const staged = await stage(format, path);
      expect([staged.rows, staged.records.quarantined]).toEqual([39_244, 0]);
      const records = text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { added: number; isRobot: boolean; time: string });
      expect(await one(`select sum(added) from stage`)).toBe(records.reduce((sum, record) => sum + record.added, 0));
      expect(await one(`select count(*) from stage where "isRobot"`)).toBe(records.filter((record) => record.isRobot).length);
      const types = Object.fromEntries(staged.columns.map((column) => [column.name, column.type]));
      expect(types).toMatchObject({ time: "TIMESTAMPTZ", added: "BIGINT", isRobot: "BOOLEAN", page: "VARCHAR" });
    });
  });
}
