// Files that share a stage table come out as they do by themselves: the same rows, types, places, quarantine and accounts.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { delimited } from "../formats/delimited/index.ts";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";
import type { FileDelivery } from "./connector.ts";
import { type Overrides, request } from "./deliveries.suite.ts";
import { load } from "./load.ts";
import type { LoadRequest, LoadResult } from "./request.ts";

type Spec = Partial<LoadRequest["spec"]>;
type Way = "together" | "apart";
/** Texts by name, and what one load asks for. */
interface Step {
  readonly files: readonly (readonly [name: string, text: string])[];
  readonly spec: Spec;
}

let folder: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-group-"));
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true });
});

let written = 0;
/** A file whose size is not known is never taken for a small one. */
function file(name: string, text: string, way: Way): FileDelivery {
  const path = join(folder, `f${++written}`);
  writeFileSync(path, text);
  const hash = createHash("sha256").update(text).digest("hex");
  return {
    kind: "file",
    name,
    sizeBytes: way === "together" ? statSync(path).size : null,
    modifiedMs: 0,
    format: "csv",
    hash: () => Promise.resolve(hash),
    original: () => Promise.resolve(path),
    stage: (staging) => delimited.stage({ ...staging, path, name, options: {}, tempDir: folder }),
  };
}

const rows = <R>(sql: string): Promise<R[]> => warehouse.session((session) => session.rows<R>(sql));
const run = (overrides: Overrides): Promise<LoadResult> => load(warehouse, request(folder, overrides));

async function contents(asset: string, loads: readonly string[]): Promise<unknown> {
  const load = `list_position([${loads.map((id) => `'${id}'`).join(", ")}], load)`;
  const of = `where asset = '${asset}'`;
  return {
    columns: await rows(`select name, type from (describe ${asset}) t(name, type, a, b, c, d)`).catch(() => "none"),
    // Which of equal keys wins shows in the rows; their order does where nothing but places is told.
    rows: await rows(`select * exclude (_load) from _millrace.rows('${asset}') order by all`).catch(() => "none"),
    files: await rows(
      `select file, hash, status, rows_read, rows_loaded, rows_quarantined, rows_filtered, lines, lines_header, lines_blank from _millrace.files ${of} order by all`,
    ),
    quarantine: await rows(
      `select ${load} as load, reason, rule, file, line, lines, raw, row, status from _millrace.quarantine ${of} order by all`,
    ),
    counts: await rows(
      `select ${load} as load, rows_read, rows_loaded, rows_quarantined, rows_filtered, filtered from _millrace.loads ${of} order by all`,
    ),
    changes: await rows(
      `select ${load} as load, "column", rule, sum("values") as n from _millrace.changes ${of} group by all order by all`,
    ),
  };
}

/** All steps in one way; an error is told by its code. */
async function outcome(way: Way, steps: readonly Step[]): Promise<unknown> {
  const asset = `raw.${way}`;
  const loads: string[] = [];
  const errors: string[] = [];
  for (const { files, spec } of steps) {
    const deliveries = files.map(([name, text]) => file(name, text, way));
    try {
      loads.push((await run({ asset, deliveries, spec, raw: { root: join(folder, "raw") } })).load);
    } catch (error) {
      errors.push((error as { code?: string }).code ?? "");
    }
  }
  return { errors, ...((await contents(asset, loads)) as object) };
}

async function expectSame(steps: readonly Step[]): Promise<void> {
  expect(await outcome("together", steps)).toEqual(await outcome("apart", steps));
}

async function stageTables(): Promise<number> {
  const left = await rows<{ n: number }>(
    "select count(*) as n from duckdb_tables() where schema_name = '_millrace_data' or database_name like '\\_millrace\\_staged%' escape '\\'",
  );
  return left[0]!.n;
}

describe("small files of one load", () => {
  it("come out as each by itself where types differ, files are empty or a column has no values", () =>
    expectSame([
      {
        files: [
          ["a", "id,v,w\n1,5,\n2,6,\n"],
          ["b", "id,v,w\n3,5.25,x\n"],
          ["c", "id,v,w\n"],
          ["d", ""],
          ["e", "id,v,w\n4,,\n"],
          ["f", "id,v,w\n5,text,2024-01-01\n"],
          ["g", "id,v,w\n6,7,2024-01-02\n"],
        ],
        spec: { load: "append" },
      },
    ]));

  it("keep the place of every row and the raw form of every record that is set aside", () =>
    expectSame([
      {
        files: [
          ["a", 'id,price\n1,5.50\n\n2,"x, ""y"""\n'],
          ["b", "id,price\n3,nothing\n4,7.25\n5\n"],
          ["c", "id,price\n,7.250\n8,1,2,3\n"],
        ],
        spec: { load: "append", columns: { id: { type: "bigint", required: true }, price: { type: "decimal(9,2)" } } },
      },
    ]));

  it("are taken once, replaced when they change, and merged in their order", () =>
    expectSame([
      { files: [["a", "id,v\n1,a\n2,a\n"], ["b", "id,v\n2,b\n"]], spec: { load: "merge", primaryKey: "id" } }, // prettier-ignore
      { files: [["a", "id,v\n1,a\n2,a\n"], ["b", "id,v\n3,b2\n"], ["c", "id,v\n1,c\n"]], spec: { load: "merge", primaryKey: "id" } }, // prettier-ignore
    ]));

  it("share one table per kind, and leave nothing behind", async () => {
    const texts = Array.from({ length: 150 }, (_, at) => [`f${String(at).padStart(3, "0")}`, `id,v\n${at},${at}.5\n`] as const);
    const before = await stageTables();
    const { rows: counts } = await run({
      asset: "raw.many",
      deliveries: texts.map(([name, text]) => file(name, text, "together")),
      spec: { load: "append" },
    });
    expect(counts).toMatchObject({ read: 150, loaded: 150 });
    expect((await stageTables()) - before).toBe(1);
    expect(await rows("select count(distinct _file) as files, count(distinct _line) as lines from _millrace.rows('raw.many')")).toEqual([
      { files: 150, lines: 1 },
    ]);
    expect(await rows("select count(*) as n from duckdb_databases() where database_name like '%staged%'")).toEqual([{ n: 0 }]);
  });

  it("leave nothing behind when one cannot be read, which is named", async () => {
    const before = await stageTables();
    const broken: FileDelivery = { ...file("broken", "id\n1\n", "together"), stage: () => Promise.reject(new Error("torn")) };
    const deliveries = [file("a", "id\n1\n", "together"), file("b", "id\n2\n", "together"), broken];
    await expect(run({ deliveries, spec: {} })).rejects.toMatchObject({
      code: "MR4016",
      message: expect.stringContaining("broken") as unknown,
    });
    expect(await stageTables()).toBe(before);
    expect(await rows("select count(*) as n from duckdb_databases() where database_name like '%staged%'")).toEqual([{ n: 0 }]);
  });

  it("are read one by one where what came of them together cannot be proven", async () => {
    const doubtful = (name: string, text: string): FileDelivery => {
      const delivery = file(name, text, "together");
      const stage: FileDelivery["stage"] = async (staging) => {
        const staged = await delivery.stage(staging);
        const { deferred } = staged;
        if (deferred === undefined) return staged;
        const begin: typeof deferred.begin = (first) => {
          const shared = deferred.begin(first);
          const take: typeof shared.take = (other, unify) => shared.take(other, unify);
          const lying = async (how: Parameters<typeof shared.load>[0]): Promise<string> =>
            `${await shared.load(how)}, but one row is another`;
          return { columns: shared.columns, take, load: lying };
        };
        return { ...staged, deferred: { begin } };
      };
      return { ...delivery, stage };
    };
    const { rows: counts } = await run({
      deliveries: [doubtful("a", "id,v\n1,x\n"), doubtful("b", "id,v\n2,y\n"), doubtful("c", "id,v\n3,\n")],
      spec: {},
    });
    expect(counts).toMatchObject({ read: 3, loaded: 3 });
    expect(await rows("select id, v, _file, _line from _millrace.rows('raw.t') order by all")).toEqual([
      { id: 1, v: "x", _file: "a", _line: 2 },
      { id: 2, v: "y", _file: "b", _line: 2 },
      { id: 3, v: null, _file: "c", _line: 2 },
    ]);
  });

  it("are read by one statement, whatever their bodies end with", () =>
    expectSame([
      {
        files: [
          ["a", 'id,v,w\n1,"x\ny",2024-01-01\n2,"say ""so""",2024-01-02'],
          ["b", "id,v,w\n"],
          ["c", "id,v,w\n3,z,2024-01-03\n\n\n"],
          ["d", "id,v,w\n4,é,\n5,,\n"],
          ["e", "id,v,w\n6,,2024-01-04\n"],
        ],
        spec: { load: "append" },
      },
    ]));

  it("are kept as they came, each under its name", async () => {
    const texts = [["a", "id\n1\n"], ["b", "id\n2\n"], ["c", "name\nx\n"]] as const; // prettier-ignore
    const { load: id } = await run({
      deliveries: texts.map(([name, text]) => file(name, text, "together")),
      spec: { load: "append" },
      raw: { root: join(folder, "raw") },
    });
    const kept = await rows<{ name: string; hash: string }>(`select name, hash from _millrace.raw where load = '${id}' order by name`);
    expect(kept).toEqual(texts.map(([name, text]) => ({ name, hash: createHash("sha256").update(text).digest("hex") })));
    expect(readFileSync(join(folder, "raw", "raw.t", id, "files.gz")).length).toBeGreaterThan(0);
  });
});

describe("random small files", () => {
  const cell = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 30 }).map(String) },
    { weight: 3, arbitrary: fc.constantFrom("1.5", "2.25", "-0.125", "12345678901234567890", "007", "1e3") },
    { weight: 2, arbitrary: fc.constantFrom("", "", "x", "2024-01-05", "2024-01-05 10:00:00", "true", '"a, ""b"""', "5 ", '"') },
  );
  const header = fc.oneof(
    { weight: 6, arbitrary: fc.constant("id,v,w") },
    { weight: 1, arbitrary: fc.constantFrom("id,v", "id,w,v", "id,v,w,extra") },
  );
  const text = fc
    .tuple(header, fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 }), fc.constantFrom("", "\n"))
    .map(([head, records, end]) => {
      const width = head.split(",").length;
      return `${head}\n${records.map((record) => [...record, "z"].slice(0, width).join(",")).join("\n")}${end}`;
    });
  const names = ["a", "b", "c", "d", "e", "f"];
  const step = fc.array(text, { minLength: 1, maxLength: 6 }).map((texts) => texts.map((one, at) => [names[at]!, one] as const));
  const spec = fc.constantFrom<Spec>(
    {},
    { load: "append" },
    { load: "merge", primaryKey: "id" },
    { load: "append", columns: { v: { type: "double" }, w: { type: "varchar" } } },
    { load: "append", columns: { v: { type: "bigint", required: true } }, contract: { newColumn: "ignore" } } as Spec,
    { contract: { typeChange: "variant" } } as Spec,
  );

  it("come out as each by itself, load after load", { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(spec, fc.array(step, { minLength: 1, maxLength: 2 }), async (how, steps) => {
        const own = await openWarehouse({ path: join(folder, `w${++written}.duckdb`) });
        const outer = warehouse;
        warehouse = own;
        try {
          await expectSame(steps.map((files) => ({ files, spec: how })));
        } finally {
          warehouse = outer;
          own.close();
          rmSync(own.path);
        }
      }),
      { numRuns: 25, seed: 20261121 },
    );
  });
});
