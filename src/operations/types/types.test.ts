import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openWarehouse } from "../../sql/warehouse.ts";
import { readRowObjects } from "../../sql/values.ts";
import { streamRows } from "../../load/stream-rows.ts";
import { testProjects } from "../projects.suite.ts";
import { valueType } from "./value-types.ts";

const repository = resolve(fileURLToPath(import.meta.url), "../../../..");
const { project, open, write } = testProjects("types", "name: types\n");

/** What the compiler says of files beside a project; empty when it accepts them. */
function compile(dir: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const compilerOptions = {
    noEmit: true,
    strict: true,
    target: "ES2023",
    module: "NodeNext",
    moduleResolution: "NodeNext",
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    types: ["node"],
    typeRoots: [join(repository, "node_modules/@types")],
    paths: { millrace: [join(repository, "src/index.ts")] },
  };
  writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts", "pipelines/*.ts"] }));
  const { stdout, stderr } = spawnSync(process.execPath, [join(repository, "node_modules/typescript/bin/tsc"), "-p", dir], {
    encoding: "utf8",
  });
  return stdout + stderr;
}

/** A value as TypeScript writes it. */
function literal(value: unknown): string {
  switch (typeof value) {
    case "bigint":
      return `${value}n`;
    case "number":
      return Number.isFinite(value)
        ? String(value)
        : `Number.${Number.isNaN(value) ? "NaN" : value > 0 ? "POSITIVE_INFINITY" : "NEGATIVE_INFINITY"}`;
    case "object":
      if (value === null) return "null";
      if (value instanceof Uint8Array) return `Uint8Array.of(${[...value].join(", ")})`;
      if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
      return `{ ${Object.entries(value)
        .map(([key, each]) => `${JSON.stringify(key)}: ${literal(each)}`)
        .join(", ")} }`;
    default:
      return JSON.stringify(value);
  }
}

// One value each of the types that are small, wide, exact, nested and odd. The first of a line is its type.
const VALUES: readonly (readonly [type: string, ...values: string[]])[] = [
  ["BOOLEAN", "true"],
  ["TINYINT", "-7"],
  ["UINTEGER", "4294967295"],
  ["BIGINT", "5", "9007199254740993"],
  ["UBIGINT", "18446744073709551615"],
  ["HUGEINT", "170141183460469231731687303715884105727", "3"],
  ["BIGNUM", "123456789012345678901234567890", "7"],
  ["FLOAT", "1.1", "'nan'", "'-infinity'"],
  ["DOUBLE", "0.5", "'infinity'"],
  ["DECIMAL(18,2)", "10.50", "1234567890123456.78"],
  ["VARCHAR", "'a'"],
  ["ENUM('a', 'it''s, b')", "'it''s, b'"],
  ["UUID", "'b1f7a4a0-0000-4000-8000-000000000001'"],
  ["DATE", "'2026-01-02'"],
  ["TIME", "'01:02:03'"],
  ["TIMESTAMP", "'2026-01-02 03:04:05.5'"],
  ["TIMESTAMP_NS", "'2026-01-02 03:04:05.123456789'"],
  ["TIMESTAMP WITH TIME ZONE", "'2026-01-02 03:04:05+00'"],
  ["INTERVAL", "'1 day'"],
  ["BIT", "'0101'"],
  ["BLOB", "'\\xAA\\x01'"],
  ["JSON", `'{"a": 1}'`],
  ["INTEGER[]", "[1, null]"],
  ["BIGINT[]", "[9007199254740993, 1]"],
  ["DOUBLE[]", "['nan'::double, 1]"],
  ["BLOB[]", "['\\xAA'::blob]"],
  ["INTEGER[3]", "[1, 2, 3]"],
  ['STRUCT(a INTEGER, "b c" DECIMAL(5,2)[], "d""e, f" STRUCT(g DATE))', "{'a': null, 'b c': [1.5], 'd\"e, f': {'g': date '2026-01-01'}}"],
  ["MAP(VARCHAR, INTEGER)", "map {'x': 1, '__proto__': null}", "map {}"],
  ["MAP(INTEGER, VARCHAR)", "map {1: 'a'}", "map {}"],
  ["UNION(num INTEGER, text VARCHAR)", "'a'::varchar", "1::integer"],
];

describe("types of values", () => {
  it("are what `read()` and JSON really give, of every type of DuckDB", async () => {
    const dir = mkdtempSync(join(tmpdir(), "millrace-values-"));
    const warehouse = await openWarehouse({ path: join(dir, "values.duckdb") });
    try {
      const columns = VALUES.flatMap(([type, ...values]) => values.map((value) => ({ type, sql: `(${value})::${type}` })));
      const sql = `select ${columns.map((column, index) => `${column.sql} as c${index}`).join(", ")}`;
      const spelled: string[] = [];
      const code: Record<string, unknown>[] = [];
      for await (const rows of streamRows(warehouse, sql, new AbortController().signal, (_name, type) => spelled.push(type)))
        code.push(...rows);
      const json = await warehouse.session(async ({ connection }) => readRowObjects(await connection.stream(sql)));
      const lines = columns.flatMap((_, index) => [
        `export const code${index}: ${valueType(spelled[index]!, "code")} = ${literal(code[0]![`c${index}`])};`,
        `export const json${index}: ${valueType(spelled[index]!, "json")} = ${literal(json[0]![`c${index}`])};`,
      ]);
      expect(lines.filter((line) => line.includes(": unknown ="))).toEqual([]);
      expect(compile(dir, { "values.ts": `${lines.join("\n")}\n` })).toBe("");
      // A type that takes everything would pass as well: each refuses what its values never are.
      const wrong = lines.map(
        (line) => `// @ts-expect-error\n${line.replace(/^export const (\w+)(: .*) = .*$/, "export const $1$2 = Symbol();")}`,
      );
      expect(compile(dir, { "values.ts": `${wrong.join("\n")}\n` })).toBe("");
    } finally {
      warehouse.close();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

describe("fields without names", () => {
  it.each<[string, string]>([
    ["STRUCT(INTEGER, VARCHAR)", "unknown"],
    ["STRUCT(TIMESTAMP WITH TIME ZONE, INTEGER)[]", "readonly (unknown)[]"],
    ["STRUCT(STRUCT(a INTEGER), DECIMAL(5, 2))", "unknown"],
    ["STRUCT(timestamp TIMESTAMP WITH TIME ZONE)", "{ readonly timestamp: string | null }"],
  ])("are not made up: %s", (type, expected) => {
    expect(valueType(type, "json")).toBe(expected);
  });
});

const FILES = {
  "data/sales.csv": "id,price,sold_on\n1,10.50,2026-01-02\n2,3.20,2026-01-03\n",
  "sources/sales.yaml": `description: "Sales */ export const hurt = 1; /*"
from: { files: { path: data/sales.csv } }
columns: { id: { type: bigint, required: true }, price: { type: "decimal(18,2)", description: Price in dollars } }
`,
  "models/clean/sales.sql": `/*---
checks: [{ notNull: [sold_on] }]
---*/
select id, price, sold_on, { 'a': [price], 'b-c': 1 } as more from raw.sales
`,
  "pipelines/scored.ts": `import { defineAsset } from "millrace";
export const scored = defineAsset({
  name: "final.scored", needs: ["clean.sales"],
  async *transform({ read }) {
    for await (const batch of read("clean.sales"))
      yield batch.map((row) => {
        const id: number | bigint | null = row.id;
        const day: string = row.sold_on;
        const exact: string | number | null = row.price;
        const first: string | null | undefined = row.more?.a?.[0];
        // @ts-expect-error it may be null
        const never: number | bigint = row.id;
        // @ts-expect-error there is no such column
        row.prize;
        return { id, day, exact, first, never };
      });
    // What the file does not know are rows of anything.
    for await (const batch of read("raw.other")) yield batch.map((row) => ({ id: row["id"] }));
  },
});
`,
};

describe("millrace types", () => {
  it("writes a file that the compiler takes, and that makes `read()` in pipelines exact", async () => {
    const dir = project(FILES);
    symlinkSync(join(repository, "node_modules"), join(dir, "node_modules"));
    const app = await open(dir);
    const answer = await app.types({ check: false });
    expect(answer).toMatchObject({ file: join(dir, "millrace.types.ts"), assets: 3, unknown: ["final.scored"], changed: true });
    expect(readFileSync(answer.file!, "utf8")).toBe(answer.text);
    expect(answer.text).not.toMatch(/^export const hurt/m);
    expect(
      compile(dir, {
        "use.ts": `import type { CleanSales, JsonRows, Rows } from "./millrace.types.ts";
export const row: CleanSales = { id: 1n, price: 1, sold_on: "2026-01-02", more: null };
export const json: JsonRows["clean.sales"] = { id: "9007199254740993", price: "10.50", sold_on: "2026-01-02", more: { a: ["1"], "b-c": 2 } };
// @ts-expect-error decimals are texts in JSON
export const wrong: JsonRows["clean.sales"] = { ...json, price: 10.5 };
// @ts-expect-error the check keeps it from being null
export const empty: Rows["clean.sales"] = { ...row, sold_on: null };
// @ts-expect-error no such asset
export type None = Rows["clean.none"];
`,
      }),
    ).toBe("");
    // Without the file nothing is known, and what the pipeline expects to fail does not.
    rmSync(answer.file!);
    rmSync(join(dir, "use.ts"));
    expect(compile(dir, {})).toContain("pipelines/scored.ts");
  });

  it("writes the same text again, tells with --check whose part is old, and says where a description comes from", async () => {
    const dir = project(FILES);
    const first = await (await open(dir)).types({ check: false });
    expect(first.text).toContain("   * Price in dollars\n   * From raw.sales.price.\n   * DECIMAL(18,2)\n");
    const again = await (await open(dir)).types({ check: true });
    expect([again.changed, again.differs, again.text]).toEqual([false, [], first.text]);
    write(dir, {
      "models/clean/sales.sql": "select id, price::varchar as price from raw.sales\n",
      "models/final/new.sql": "select 1 as one\n",
    });
    const old = await (await open(dir)).types({ check: true });
    expect([old.changed, old.differs]).toEqual([true, ["clean.sales", "final.new"]]);
    expect(readFileSync(first.file!, "utf8")).toBe(first.text);
    rmSync(join(dir, "models/final/new.sql"));
    const printed = await (await open(dir)).types({ check: false, out: null });
    expect([printed.file, printed.text.includes("final.new")]).toEqual([null, false]);
  });

  it("gives every asset a name of its own", async () => {
    const dir = project({
      "models/a/b_c.sql": "select 1 as x\n",
      "models/a_b/c.sql": "select 'x' as x\n",
      "models/json/rows.sql": "select true as x\n",
    });
    const { text } = await (await open(dir)).types({ check: false });
    expect([...text.matchAll(/^export type (\w+) =/gm)].map((match) => match[1])).toEqual(["ABC", "ABC2", "JsonRows2"]);
    expect(compile(dir, {})).toBe("");
  });
});
