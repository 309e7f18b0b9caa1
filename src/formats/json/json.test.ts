// JSON and JSON lines: exact values, types of whole files, and an account in which nothing is lost. JSON.parse is the other reader.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Format, StagedFile, StageRequest } from "../format.ts";
import { json } from "./json.ts";
import { ndjson } from "./ndjson.ts";
import { Scanner } from "./scanner.ts";
import { newShape } from "./shape.ts";

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

async function stage(format: Format, contents: string | Buffer, change: Partial<StageRequest> = {}): Promise<StagedFile> {
  const path = join(tempDir, "data.json");
  writeFileSync(path, contents);
  await connection.run(`drop table if exists stage; drop table if exists rejected`);
  const staged = await format.stage({
    connection,
    path,
    name: "data.json",
    into: `"stage"`,
    rejectedInto: `"rejected"`,
    columns: new Map(),
    otherwise: "infer",
    repair: "note",
    options: {},
    tempDir,
    ...change,
  });
  expect(staged.records.read).toBe(staged.rows + staged.records.quarantined);
  if (staged.lines !== null) expect(staged.lines.total).toBe(staged.lines.blank + staged.records.read);
  return staged;
}

async function values(column = "a"): Promise<unknown[]> {
  const reader = await connection.runAndReadAll(`select "${column}"::varchar from stage`);
  return reader.getRows().map((row) => row[0]);
}

async function rejected(): Promise<unknown[]> {
  const reader = await connection.runAndReadAll(`select kind, line, rule, raw from rejected order by line`);
  return reader.getRows().map((row) => row.map((value) => (typeof value === "bigint" ? Number(value) : value)));
}

const lines = (...texts: readonly string[]): string => texts.map((text) => `{"a":${text}}\n`).join("");

async function typed(...texts: readonly string[]): Promise<readonly [string | undefined, unknown[]]> {
  const staged = await stage(ndjson, lines(...texts));
  expect(staged.records.quarantined).toBe(0);
  return [staged.columns[0]?.type, await values()];
}

const accepts = (text: string): boolean => {
  const bytes = Buffer.from(text);
  return new Scanner().record(bytes, 0, bytes.length, newShape());
};
const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe("the type of a column", () => {
  it("is the one that all its values have", async () => {
    expect(await typed("1", "-5", "null")).toEqual(["BIGINT", ["1", "-5", null]]);
    expect(await typed("1", "2.5")).toEqual(["DOUBLE", ["1.0", "2.5"]]);
    expect(await typed("true", "false")).toEqual(["BOOLEAN", ["true", "false"]]);
    expect(await typed('"2026-01-31"', '"2024-02-29"')).toEqual(["DATE", ["2026-01-31", "2024-02-29"]]);
    expect(await typed('"2026-01-31T08:00:00"', '"2026-01-31 08:00:00.25"')).toEqual([
      "TIMESTAMP",
      ["2026-01-31 08:00:00", "2026-01-31 08:00:00.25"],
    ]);
    expect((await typed('"2026-01-31T08:00:00Z"', '"2026-01-31T08:00:00+02:00"'))[0]).toBe("TIMESTAMPTZ");
    expect(await typed("null", "null")).toEqual(["VARCHAR", [null, null]]);
  });

  it("is text when the values are of several kinds, each as it was written", async () => {
    expect(await typed('"x"', "1", "1.10", "true", "1e5", "-0")).toEqual(["VARCHAR", ["x", "1", "1.10", "true", "1e5", "-0"]]);
    expect(await typed('"00501"', '"10001"')).toEqual(["VARCHAR", ["00501", "10001"]]);
    expect(await typed('"2026-01-31"', '"2026-02-30"')).toEqual(["VARCHAR", ["2026-01-31", "2026-02-30"]]);
    expect(await typed('"01/02/2023"')).toEqual(["VARCHAR", ["01/02/2023"]]);
    expect(await typed('"2026-01-31T08:00:00"', '"2026-01-31T08:00:00Z"')).toEqual([
      "VARCHAR",
      ["2026-01-31T08:00:00", "2026-01-31T08:00:00Z"],
    ]);
  });

  it("never rounds: integers beyond 2^53 and 2^64, long decimals, numbers no type holds", async () => {
    expect(await typed("9007199254740993")).toEqual(["BIGINT", ["9007199254740993"]]);
    expect(await typed("9223372036854775808", "-1")).toEqual(["HUGEINT", ["9223372036854775808", "-1"]]);
    expect(await typed("9".repeat(38))).toEqual(["HUGEINT", ["9".repeat(38)]]);
    expect(await typed("9".repeat(39), "1")).toEqual(["VARCHAR", ["9".repeat(39), "1"]]);
    expect(await typed("1234567890123456789.25", "1")).toEqual(["DECIMAL(38,2)", ["1234567890123456789.25", "1.00"]]);
    expect(await typed("9007199254740993", "0.5")).toEqual(["DECIMAL(38,1)", ["9007199254740993.0", "0.5"]]);
    expect(await typed("1234567890123456789.25", "1e-5")).toEqual(["VARCHAR", ["1234567890123456789.25", "1e-5"]]);
    expect(await typed("1e400", "1")).toEqual(["VARCHAR", ["1e400", "1"]]);
    expect(await typed("0.30000000000000004", "0.10000000000000001")).toEqual(["DOUBLE", ["0.30000000000000004", "0.1"]]);
  });

  it("is a struct or a list when all are alike, else JSON, and exact in it too", async () => {
    expect((await typed('{"x":1,"y":"b"}', '{"x":2,"y":null}', "null"))[0]).toBe('STRUCT("x" BIGINT, "y" VARCHAR)');
    expect((await typed("[1,2]", "[]", "null"))[0]).toBe("BIGINT[]");
    expect((await typed('[{"x":true}]', '[{"x":false}]'))[0]).toBe('STRUCT("x" BOOLEAN)[]');
    expect(await typed('{"x":1}', "null")).toEqual(["JSON", ['{"x":1}', null]]);
    const wide = `{${Array.from({ length: 65 }, (_, i) => `"k${i}":${i}`).join(",")}}`;
    expect(await typed(wide, wide)).toEqual(["JSON", [wide, wide]]);
    expect(await typed('{"x":1}', '{"y":1}')).toEqual(["JSON", ['{"x":1}', '{"y":1}']]);
    expect(await typed('{"x":1}', "{}")).toEqual(["JSON", ['{"x":1}', "{}"]]);
    expect(await typed('{"x":1,"X":2}')).toEqual(["JSON", ['{"x":1,"X":2}']]);
    expect(await typed('{"x":1,"x":2}')).toEqual(["JSON", ['{"x":1,"x":2}']]);
    expect(await typed("[]", "[]")).toEqual(["JSON", ["[]", "[]"]]);
    expect(await typed('[1,"x"]')).toEqual(["JSON", ['[1,"x"]']]);
    expect(await typed("1", "[1]", '"s"')).toEqual(["JSON", ["1", "[1]", '"s"']]);
    expect(await typed('{"x":0.1234567890123456789}', "1.10")).toEqual(["JSON", ['{"x":0.1234567890123456789}', "1.10"]]);
  });

  it("is text when that is asked for, each value as it was written", async () => {
    const contents = lines("1.10", '"s"', "null", '{"x":[1.0]}');
    await stage(ndjson, contents, { otherwise: "text" });
    expect(await values()).toEqual(["1.10", "s", null, '{"x":[1.0]}']);
    const staged = await stage(ndjson, `{"zip":501,"n":1}\n`, { columns: new Map([["zip", "text"]]) });
    expect(staged.columns.map((column) => column.type)).toEqual(["VARCHAR", "BIGINT"]);
  });

  it("is that of the whole file, also when the first million bytes say something else", async () => {
    const staged = await stage(ndjson, `${'{"a":1,"pad":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}\n'.repeat(200_000)}{"a":"late","b":1}\n`);
    expect(staged.rows).toBe(200_001);
    expect(staged.columns.map((column) => [column.name, column.type])).toEqual([
      ["a", "VARCHAR"],
      ["pad", "VARCHAR"],
      ["b", "BIGINT"],
    ]);
    expect(staged.understood.road).toBe("the file as it is");
  });
});

describe("keys", () => {
  it("become columns of their own when DuckDB would take them for one, or for none", async () => {
    const staged = await stage(ndjson, `{"a":1,"A":2,"":3,"a b":4,"x\\"y":5,"n\\u0000l":6,"\\u0061b":7}\n`);
    expect(staged.columns.map((column) => column.name)).toEqual(["a", "A_2", "column3", "a b", 'x"y', "n_l", "ab"]);
    expect((await connection.runAndReadAll(`select * from stage`)).getRows()).toEqual([[1n, 2n, 3n, 4n, 5n, 6n, 7n]]);
  });

  it("that stand twice in a record: the last value counts, which is noted, or the record is set aside", async () => {
    const contents = `{"a":1}\n{"a":2,"b":0,"a":3}\n`;
    const noted = await stage(ndjson, contents);
    expect([noted.rows, noted.records]).toEqual([2, { read: 2, quarantined: 0, repaired: 1 }]);
    expect(await values()).toEqual(["1", "3"]);
    expect(await rejected()).toEqual([["repaired", 2, "duplicateKey", '{"a":2,"b":0,"a":3}']]);
    const strict = await stage(ndjson, contents, { repair: "quarantine" });
    expect([strict.rows, strict.records]).toEqual([1, { read: 2, quarantined: 1, repaired: 0 }]);
  });
});

describe("a record that is wrong", () => {
  it("is set aside with its line, and leaves no trace in the types", async () => {
    const staged = await stage(ndjson, `{"a":1}\n\n{"a":"text" "b":1}\n{"a":NaN}\n{"a":2}{"a":3}\n  \n{'a':1}\n{"a":4,}\n{"a":5}`);
    expect(staged.records).toEqual({ read: 7, quarantined: 5, repaired: 0 });
    expect(staged.lines).toEqual({ total: 9, header: 0, preamble: 0, blank: 2 });
    expect(staged.columns.map((column) => [column.name, column.type])).toEqual([["a", "BIGINT"]]);
    expect(await values()).toEqual(["1", "5"]);
    expect((await rejected()).map((row) => (row as unknown[])[1])).toEqual([3, 4, 5, 7, 8]);
    expect(staged.origins).toEqual([
      { firstRow: 0, line: 1 },
      { firstRow: 1, line: 9 },
    ]);
  });

  it("is set aside when it is not UTF-8, has a NUL or a lone surrogate, or is nested beyond reason", async () => {
    const deep = `{"a":${"[".repeat(100_000)}`;
    const contents = Buffer.concat([
      Buffer.from('{"a":"x"}\n{"a":"'),
      Buffer.from([0xe9]),
      Buffer.from(`"}\n{"a":"x\0"}\n{"a":"\\ud800"}\n${deep}\n{"a":"y\\u0000z\\ud83d\\ude00"}\n`),
    ]);
    const staged = await stage(ndjson, contents);
    expect(staged.records).toEqual({ read: 6, quarantined: 4, repaired: 0 });
    expect(await values()).toEqual(["x", "y\0z😀"]);
    expect((await rejected()).slice(0, 3)).toEqual([
      ["quarantined", 2, "invalidEncoding", '{"a":"\\xE9"}'],
      ["quarantined", 3, "invalidJson", '{"a":"x\0"}'],
      ["quarantined", 4, "invalidJson", '{"a":"\\ud800"}'],
    ]);
  });

  it("is set aside when it is no object among objects; when most are none, all are values of one column", async () => {
    const few = await stage(ndjson, `{"a":1}\n42\n{"a":2}\n`);
    expect(few.records).toEqual({ read: 3, quarantined: 1, repaired: 0 });
    expect(await rejected()).toEqual([["quarantined", 2, "notAnObject", "42"]]);
    const many = await stage(ndjson, `1\n2\n`);
    expect(many.columns.map((column) => [column.name, column.type])).toEqual([["value", "BIGINT"]]);
    const mixed = await stage(ndjson, `{"a":1}\n42\n"x"\n[1]\n`);
    expect(mixed.columns[0]?.type).toBe("JSON");
    expect(await values("value")).toEqual(['{"a":1}', "42", '"x"', "[1]"]);
  });
});

describe("lines", () => {
  it("may end in LF, CRLF or CR, with a mark at the beginning, and hold ten million bytes", async () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const staged = await stage(ndjson, `\uFEFF${['{"a":1}', "", '{"a":2}', '{"a":3}'].join(end)}`);
      expect([end, staged.rows, staged.lines]).toEqual([end, 3, { total: 4, header: 0, preamble: 0, blank: 1 }]);
    }
    const long = await stage(ndjson, `{"a":1}\n{"a":2,"t":"${"x".repeat(40_000_000)}"}\n{"a":3}\n`);
    expect(long.rows).toBe(3);
    expect((await connection.runAndReadAll(`select max(length(t)) from stage`)).getRows()).toEqual([[40_000_000n]]);
  });

  it("stop being read when the load is canceled, and leave no table", async () => {
    const contents = '{"a":1,"pad":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}\n'.repeat(400_000);
    const reason = new Error("canceled");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 20);
    await expect(stage(ndjson, contents, { signal: controller.signal })).rejects.toBe(reason);
    expect((await connection.runAndReadAll(`select count(*) from duckdb_tables() where table_name = 'stage'`)).getRows()).toEqual([[0n]]);
  });

  it("may be UTF-16 when the file says so", async () => {
    const text = Buffer.from('\uFEFF{"a":"Ü"}\n{"a":"😀"}\n', "utf16le");
    expect((await stage(ndjson, text)).understood.encoding?.name).toBe("utf-16le");
    expect(await values()).toEqual(["Ü", "😀"]);
    await stage(json, Buffer.from('\uFEFF[{"a":"Ü"}]', "utf16le").swap16());
    expect(await values()).toEqual(["Ü"]);
  });

  it("may be none at all", async () => {
    expect(await stage(ndjson, "")).toMatchObject({ rows: 0, columns: [], records: { read: 0 } });
    expect(await stage(ndjson, "\n \n")).toMatchObject({ rows: 0, lines: { total: 2, blank: 2 } });
    expect(await stage(json, "[]")).toMatchObject({ rows: 0, columns: [], records: { read: 0, quarantined: 0 } });
  });
});

describe("a document", () => {
  it("gives the items of its list, itself, or the list that `rows` leads to", async () => {
    const staged = await stage(json, `[\n  {"a": 1},\n  {\n    "a": 2\n  },\n  {"a": 3}\n]\n`);
    expect(await values()).toEqual(["1", "2", "3"]);
    expect(staged.origins).toEqual([
      { firstRow: 0, line: 2 },
      { firstRow: 2, line: 6 },
    ]);
    expect((await stage(json, `{"a": {"b": [1, 2]}}`)).rows).toBe(1);
    const inside = `{"meta": {"items": 1}, "data": {"items": [{"a": 1}, {"a": 2}], "next": [3]}, "end": true}`;
    expect((await stage(json, inside, { options: { rows: "data.items" } })).rows).toBe(2);
    expect(await values()).toEqual(["1", "2"]);
  });

  it("can be peeked at without being read whole", async () => {
    const path = join(tempDir, "large.json");
    writeFileSync(path, `{"items": [${`{"id":1,"name":"Ünal 😀"},`.repeat(200_000)}`);
    const columns = await json.peek?.({ connection, path, name: "large.json", options: { rows: "items" }, tempDir });
    expect(columns?.map((column) => [column.name, column.type])).toEqual([
      ["id", "BIGINT"],
      ["name", "VARCHAR"],
    ]);
  });

  it("has no list where `rows` leads: an error that names the keys", async () => {
    const contents = `{"data": {"rows": [], "next": 1}}`;
    await expect(stage(json, contents, { options: { rows: "data.items" } })).rejects.toMatchObject({
      code: "MR3122",
      message: expect.stringContaining('"rows", "next"') as string,
    });
    await expect(stage(json, "[1]", { options: { rows: "items" } })).rejects.toMatchObject({ code: "MR3122" });
  });

  it("that is wrong anywhere gives nothing, however far in", async () => {
    const sound = Array.from({ length: 50_000 }, (_, i) => `{"id":${i},"name":"row ${i}"}`).join(",\n");
    expect((await stage(json, `[${sound}]`)).rows).toBe(50_000);
    for (const contents of [`[${sound}`, `[${sound},]`, `[${sound}] x`, `[${sound},{"id":01}]`, `[${sound}]]`, `[${sound},{"id":"\t"}]`]) {
      const staged = await stage(json, contents);
      expect([staged.rows, staged.records]).toEqual([0, { read: 1, quarantined: 1, repaired: 0 }]);
      await expect(stage(json, contents, { options: { invalid: "fail" } })).rejects.toMatchObject({ code: "MR3120" });
    }
    const late = await stage(json, `[${sound},\n{"id":01}]`);
    expect(late.hasRejected).toBe(true);
    expect((await connection.runAndReadAll(`select line, raw = ? from rejected`, [`[${sound},\n{"id":01}]`])).getRows()).toEqual([
      [50_001n, true],
    ]);
  });
});

describe("the scanner", () => {
  it("accepts what JSON.parse accepts, and nothing else", () => {
    fc.assert(
      fc.property(fc.json(), (text) => accepts(text) && parses(text)),
      { numRuns: 500 },
    );
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"',
      "1",
      "-",
      ".",
      "e",
      "0",
      "true",
      "null",
      " ",
      "\\",
      "\\u00e9",
      "+",
      "\n",
      "E5",
      "\t",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => accepts(parts.join("")) === parses(parts.join(""))),
      { numRuns: 20_000 },
    );
  });

  it("accepts a valid text with one character changed only when JSON.parse does", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom("", "x", '"', "\\", "0", ",", "}", "\u0001"), (text, place, letter) => {
        const at = place % (text.length + 1);
        const changed = text.slice(0, at) + letter + text.slice(at + 1);
        if (/[\ud800-\udfff]|\\u[dD][89a-fA-F]/.test(changed)) return true; // surrogates that were torn apart: ours to refuse
        return accepts(changed) === parses(changed);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("any rows", () => {
  it("come out as JSON.parse has them, row by row, as lines and as a document", async () => {
    const value = fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: "grapheme" }),
      fc.boolean(),
      fc.constant(null),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const rows = fc.array(fc.dictionary(fc.constantFrom("a", "b", "c c", "ü", "A"), value), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(rows, async (made) => {
        const texts = made.map((object) => JSON.stringify(object));
        const objects = texts.map((text) => JSON.parse(text) as (typeof made)[number]); // -0 is written as 0
        for (const [format, contents] of [
          [ndjson, texts.join("\n")],
          [json, `[${texts.join(", ")}]`],
        ] as const) {
          const staged = await stage(format, contents);
          expect(staged.rows).toBe(objects.length);
          for (const column of staged.columns) {
            if (column.label === "value" && !objects.some((object) => "value" in object)) continue;
            const found = await values(column.name);
            const missing = objects.map((object) => (object[column.label] ?? null) === null);
            expect(found.map((one) => one === null)).toEqual(missing);
            if (column.type === "JSON")
              expect(found.map((one) => (one === null ? null : (JSON.parse(one as string) as unknown)))).toEqual(
                objects.map((object) => object[column.label] ?? null),
              );
            if (column.type === "DOUBLE" || column.type === "BIGINT")
              expect(found.map((one) => (one === null ? null : Number(one)))).toEqual(
                objects.map((object) => zeroed(object[column.label] ?? null)),
              );
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

/** -0 has no sign in JSON.stringify; Vitest tells both apart. */
function zeroed(value: unknown): unknown {
  return value === 0 ? 0 : value;
}
