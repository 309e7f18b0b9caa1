// An asset built again from its raw zone has the rows it had: random histories of deliveries in every mode, compared by SQL.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { auditWith } from "../audit.ts";
import type { Delivery, FileDelivery, Row, TableDelivery } from "../connector.ts";
import { type Overrides, page, request, textFile } from "../deliveries.suite.ts";
import { load } from "../load.ts";
import type { LoadRequest, LoadResult } from "../request.ts";
import { rollBack } from "../rollback.ts";
import { rebuild } from "./rebuild.ts";

let folder: string;
let root: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-rebuild-"));
  root = join(folder, "raw");
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true });
});

type Spec = Partial<LoadRequest["spec"]>;

const run = (overrides: Overrides): Promise<LoadResult> => load(warehouse, request(folder, { raw: { root }, ...overrides }));
const rows = <R>(sql: string): Promise<R[]> => warehouse.session((session) => session.rows<R>(sql));

let replays = 0;
function replay(spec: Spec, overrides: Pick<Overrides, "codeHash" | "audit"> = {}): Promise<LoadResult> {
  const { asset, codeHash, audit, repair, tempDir, spec: whole } = request(folder, { deliveries: [], spec, ...overrides });
  const run = `replay${++replays}`;
  const file: (kept: { name: string; path: string }) => FileDelivery = ({ name, path }) => textFile(name, readFileSync(path, "utf8"));
  return rebuild(warehouse, { asset, codeHash, audit, repair, tempDir, spec: whole, token: { run, node: asset, attempt: 1 }, root, file });
}

let files = 0;
function localFile(name: string, text: string): FileDelivery {
  const path = join(folder, `f${++files}`);
  writeFileSync(path, text);
  return { ...textFile(name, text), original: () => Promise.resolve(path) };
}

function table(name: string, sql: string): TableDelivery {
  return {
    kind: "table",
    name,
    fill: async ({ connection, into }) => {
      await connection.run(`create table ${into} as ${sql}`);
      const described = await connection.runAndReadAll(`describe ${into}`);
      const columns = described.getRowObjectsJson().map((row) => {
        const column = String(row["column_name"]);
        return { name: column, label: column, type: String(row["column_type"]), exactText: true, why: "" };
      });
      const counted = await connection.runAndReadAll(`select count(*)::integer from ${into}`);
      return { rows: Number(counted.getRows()[0]![0]), columns };
    },
  };
}

/** Rows with their origins, and what the ledger says of them. */
async function contents(): Promise<unknown> {
  return {
    rows: await rows("select * from _millrace.rows('raw.t') order by all"),
    loads: await rows(
      "select load, rows_read, rows_loaded, rows_quarantined, rows_filtered from _millrace.loads where rows_read > 0 order by load",
    ),
    files: await rows("select load, file, status, hash, rows_read, rows_loaded from _millrace.files where asset = 'raw.t' order by all"),
    quarantine: await rows("select id, load, rule, file, line, raw, status from _millrace.quarantine where asset = 'raw.t' order by all"),
    cursor: await rows("select column_name, value, position from _millrace.cursors where asset = 'raw.t'"),
    partitions: await rows("select partition, load, rows from _millrace.partitions where asset = 'raw.t' order by all"),
  };
}

async function nothingLeft(): Promise<void> {
  for (const name of ["loads", "files", "versions", "environments", "steps", "quarantine", "cursors", "schemas", "commits", "accepted"])
    expect([name, await rows(`select asset from _millrace.${name} where starts_with(asset, '_millrace_replay')`)]).toEqual([name, []]);
  expect(
    await rows(
      "select view_name from duckdb_views() where schema_name = '_millrace_replay' or view_name like '\\_millrace\\_replay%' escape '\\'",
    ),
  ).toEqual([]);
}

/** A generator of its own: the same seed, the same history. */
function seeded(seed: number): (below: number) => number {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0;
    return (state >>> 8) % below;
  };
}

function history(mode: "replace" | "append" | "merge" | "snapshot", kind: "rows" | "file" | "table", seed: number): Delivery[][] {
  const random = seeded(seed);
  const value = (): string => ["x", "y", "z", "1"][random(4)]!;
  return Array.from({ length: mode === "replace" ? 1 + random(2) : 2 + random(5) }, (_, at) => {
    const ids = [...new Set(Array.from({ length: 1 + random(8) }, () => random(10)))];
    const named = (n: number): string => `${["a", "b", "c"][random(3)]!}${kind === "file" ? "" : at}${n}`;
    const count = 1 + random(2);
    return Array.from({ length: count }, (__, n): Delivery => {
      const own = mode === "snapshot" || mode === "merge" ? ids.filter((id) => id % count === n) : ids;
      if (kind === "file") return localFile(named(n), `id,v\n${own.map((id) => `${id === 7 ? "bad" : id},${value()}`).join("\n")}\n`);
      if (kind === "table")
        return table(
          named(n),
          `select * from (values ${own.length === 0 ? "(0, 'x')" : own.map((id) => `(${id}, '${value()}')`).join(", ")}) t(id, v)`,
        );
      const list: Row[] = own.map((id) => ({
        id: id === 7 ? "bad" : id,
        v: value(),
        ...(at > 1 ? { extra: { a: BigInt(id) * 2n ** 60n } } : {}),
      }));
      return { ...page(named(n), list), position: { at, n } };
    });
  });
}

/** Of each mode and kind; REBUILD_RUNS names more. */
const HISTORIES = Number(process.env["REBUILD_RUNS"] ?? 2);

describe("a random history", () => {
  for (const mode of ["replace", "append", "merge", "snapshot"] as const)
    for (const kind of ["rows", "file", "table"] as const)
      it(`of ${kind} by ${mode} comes out of its raw zone as it was`, { timeout: 120_000 }, async () => {
        for (let seed = 1; seed <= HISTORIES; seed++) {
          await warehouse.session((session) =>
            session.run(
              "drop view if exists raw.t; " +
                ["loads", "files", "versions", "environments", "steps", "quarantine", "cursors", "schemas", "raw", "raw_loads", "changes"]
                  .map((name) => `delete from _millrace.${name};`)
                  .join(" "),
            ),
          );
          const spec: Spec = {
            load: mode,
            columns: { id: { type: "bigint" } },
            ...(mode === "merge" || mode === "snapshot" ? { primaryKey: "id" } : {}),
            ...(mode === "append" && kind === "rows" && seed % 2 === 0 ? { cursor: "id" } : {}),
          };
          for (const deliveries of history(mode, kind, seed)) await run({ deliveries, spec });
          const before = await contents();
          const live = (await rows<{ version: string }>("select version from _millrace.environments where asset = 'raw.t'"))[0]!.version;
          await replay(spec);
          expect(await contents()).toEqual(before);
          expect(
            (await rows<{ version: string }>("select version from _millrace.environments where asset = 'raw.t'"))[0]!.version,
          ).not.toBe(live);
          await nothingLeft();
          // What comes after goes on as if nothing had been; and a replay of the replayed gives the same.
          const [more] = history(mode, kind, seed + 100);
          await run({ deliveries: more!, spec });
          const after = await contents();
          await replay(spec);
          expect(await contents()).toEqual(after);
        }
      });
});

describe("a changed definition", () => {
  it("changes the types of what was loaded long ago", async () => {
    const spec: Spec = { load: "append", columns: { id: { type: "bigint" } } };
    await run({ deliveries: [localFile("a.csv", "id,zip\n1,00501\nx,10001\n")], spec });
    await run({ deliveries: [localFile("b.csv", "id,zip\n2,90210\n")], spec });
    expect(await rows("select id from raw.t order by id")).toEqual([{ id: 1 }, { id: 2 }]);
    const result = await replay(
      { load: "append", columns: { id: { type: "text" }, code: { from: "zip", type: "text" } } },
      { codeHash: "new" },
    );
    expect(result.rows).toEqual({ read: 3, loaded: 3, quarantined: 0, filtered: 0 });
    expect(await rows("select id, code, _file from _millrace.rows('raw.t') order by id")).toEqual([
      { id: "1", code: "00501", _file: "a.csv" },
      { id: "2", code: "90210", _file: "b.csv" },
      { id: "x", code: "10001", _file: "a.csv" },
    ]);
    expect(await rows("select count(*)::integer as n from _millrace.quarantine where status = 'open'")).toEqual([{ n: 0 }]);
  });

  it("turns an appended asset into a merged one", async () => {
    await run({
      deliveries: [
        page("p1", [
          { id: 1, v: "old" },
          { id: 2, v: "b" },
        ]),
      ],
      spec: { load: "append" },
    });
    await run({ deliveries: [page("p2", [{ id: 1, v: "new" }])], spec: { load: "append" } });
    await replay({ load: "merge", primaryKey: "id" });
    expect(await rows("select id, v from raw.t order by id")).toEqual([
      { id: 1, v: "new" },
      { id: 2, v: "b" },
    ]);
  });

  it("that would forget loads is refused", async () => {
    for (const id of [1, 2]) await run({ deliveries: [page(`p${id}`, [{ id }])], spec: { load: "append" } });
    await expect(replay({ load: "replace" })).rejects.toMatchObject({ code: "MR4304" });
    expect(await rows("select id from raw.t order by id")).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it("that today's rows break changes nothing", async () => {
    await run({ deliveries: [page("p1", [{ id: "x" }])], spec: { load: "append" } });
    const before = await contents();
    const spec: Spec = { load: "append", columns: { id: { type: "bigint" } }, contract: { maxQuarantined: 0 } };
    await expect(replay(spec)).rejects.toMatchObject({ code: "MR4006" });
    expect(await contents()).toEqual(before);
    await nothingLeft();
  });
});

describe("raw that is not what it was", () => {
  const spec: Spec = { load: "append" };
  beforeEach(async () => {
    for (const id of [1, 2]) await run({ deliveries: [page(`p${id}`, [{ id }])], spec });
  });

  it("is named by load when it is damaged or gone, and nothing is changed", async () => {
    const before = await contents();
    const [first] = readdirSync(join(root, "raw.t")).toSorted();
    const path = join(root, "raw.t", first!, "pages.ndjson.gz");
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, bytes.length - 1), Buffer.from([bytes.at(-1)! ^ 1])]));
    await expect(replay(spec)).rejects.toMatchObject({ code: "MR4302", message: expect.stringContaining(first!) });
    rmSync(join(root, "raw.t", first!), { recursive: true });
    await expect(replay(spec)).rejects.toMatchObject({ code: "MR4302", message: expect.stringContaining("is gone") });
    expect(await contents()).toEqual(before);
  });

  it("is named by load when it was never kept", async () => {
    const { load: without } = await load(warehouse, request(folder, { deliveries: [page("p3", [{ id: 3 }])], spec }));
    await expect(replay(spec)).rejects.toMatchObject({ code: "MR4301", message: expect.stringContaining(without) });
    expect(await rows("select id from raw.t order by id")).toHaveLength(3);
  });
});

describe("beside the live version", () => {
  it("checks judge, and a rollback finds the version before", async () => {
    const spec: Spec = { load: "merge", primaryKey: "id" };
    for (const v of ["a", "b"])
      await run({
        deliveries: [
          page(`p${v}`, [
            { id: 1, v },
            { id: v === "a" ? 2 : 3, v },
          ]),
        ],
        spec,
      });
    const before = await contents();
    const [{ version }] = (await rows<{ version: string }>("select version from _millrace.environments where asset = 'raw.t'")) as [
      { version: string },
    ];
    await replay(spec, { audit: auditWith([]) });
    await warehouse.transaction((tx) => rollBack(tx, { asset: "raw.t", version, by: "test", why: null, id: "x" }));
    expect(((await contents()) as { rows: unknown }).rows).toEqual((before as { rows: unknown }).rows);
  });

  it("a killed replay is forgotten when the warehouse opens again", async () => {
    const spec: Spec = { load: "append" };
    await run({ deliveries: [page("p1", [{ id: 1 }])], spec });
    await load(warehouse, {
      ...request(folder, { asset: "_millrace_replay.raw_t_dead_1", deliveries: [page("p1", [{ id: 9 }])], spec }),
      replay: { load: "l_dead", moment: "2026-01-01 00:00:00", taken: new Map(), inTurn: (work) => work() },
    });
    warehouse.close();
    warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
    await nothingLeft();
    expect(await rows("from raw.t")).toEqual([{ id: 1 }]);
    expect(existsSync(join(root, "raw.t"))).toBe(true);
  });
});
