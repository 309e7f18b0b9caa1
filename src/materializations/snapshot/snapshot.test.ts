// Snapshots of models: what closes and opens, late rows, deletes and returns, duplicates, changed columns; and random histories against a computation
// in memory that knows nothing of SQL.
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SnapshotSpec } from "../../model/definitions/kept.ts";
import { Session } from "../../sql/session.ts";
import { recordSnapshot } from "./apply.ts";

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 0, minute));
const text = (minute: number): string =>
  `2026-01-01 ${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}:00`;

describe("a snapshot of a model", () => {
  let instance: DuckDBInstance;
  let session: Session;
  let tables = 0;
  beforeAll(async () => {
    instance = await DuckDBInstance.create(":memory:");
    session = new Session(await instance.connect());
  });
  afterAll(() => {
    session.close();
    instance.closeSync();
  });

  /** Applies deliveries one after the other; answers the last history's table. */
  async function history(
    spec: Partial<SnapshotSpec>,
    deliveries: readonly { readonly now: number; readonly rows: string }[],
  ): Promise<string> {
    let table: string | null = null;
    for (const { now, rows } of deliveries) {
      await session.run(`create or replace temp table delivered as ${rows}`);
      const next = `temp.main.h${++tables}`;
      const full: SnapshotSpec = { by: "columns", deletes: "close", ...spec };
      await recordSnapshot(session, {
        asset: "clean.h",
        table: next,
        existing: table,
        rows: "temp.main.delivered",
        keys: ["id"],
        spec: full,
        now: at(now),
      });
      table = next;
    }
    return table!;
  }
  const show = async (table: string, columns = "id, v"): Promise<string[]> =>
    (
      await session.rows<{ line: string }>(
        `select concat_ws(' ', ${columns
          .split(", ")
          .map((name) => `coalesce(${name}::varchar, '-')`)
          .join(", ")},
         strftime(valid_from, '%H:%M'), coalesce(strftime(valid_to, '%H:%M'), '-')) as line from ${table} order by all`,
      )
    ).map(({ line }) => line);
  const rowsOf = (...rows: readonly (readonly [id: number | null, v: string, u?: number])[]): string =>
    rows.length === 0
      ? "select 0 as id, '' as v, timestamp '2026-01-01' as u where false"
      : `select * from (values ${rows.map(([id, v, u]) => `(${id ?? "null"}::integer, '${v}', timestamp '${text(u ?? 0)}')`).join(", ")}) r(id, v, u)`;
  const failure = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it("by columns closes what changed and what is gone, and opens what is new or returns, at the moment of the run", async () => {
    const table = await history({ columns: ["v"] }, [
      { now: 1, rows: rowsOf([1, "a"], [2, "b"], [3, "c"], [null, "n"]) },
      { now: 2, rows: rowsOf([1, "a"], [2, "B"], [null, "n"]) },
      { now: 3, rows: rowsOf([1, "a"], [2, "B"], [3, "c"], [null, "N"]) },
    ]);
    expect(await show(table)).toEqual([
      "- N 00:03 -",
      "- n 00:01 00:03",
      "1 a 00:01 -",
      "2 B 00:02 -",
      "2 b 00:01 00:02",
      "3 c 00:01 00:02",
      "3 c 00:03 -",
    ]);
  });

  it("by columns goes by those that are named, and does not go back in time", async () => {
    const table = await history({ columns: ["v"] }, [
      { now: 5, rows: rowsOf([1, "a", 1]) },
      { now: 6, rows: rowsOf([1, "a", 2]) },
      { now: 2, rows: rowsOf([1, "b", 3]) },
    ]);
    expect(await show(table, "id, v, u")).toEqual(["1 a 2026-01-01 00:01:00 00:05 00:05", "1 b 2026-01-01 00:03:00 00:05 -"]);
  });

  it("by timestamp puts late rows in their place and keeps all moments of one delivery", async () => {
    const by = { by: "timestamp", updatedAt: "u" } as const;
    const table = await history(by, [
      { now: 50, rows: rowsOf([1, "a", 10], [1, "c", 30]) },
      { now: 51, rows: rowsOf([1, "c", 30], [1, "b", 20], [1, "first", 5]) },
      { now: 52, rows: rowsOf([1, "other", 20], [1, "d", 40]) },
    ]);
    expect(await show(table)).toEqual(["1 a 00:10 00:20", "1 b 00:20 00:30", "1 c 00:30 00:40", "1 d 00:40 -", "1 first 00:05 00:10"]);
  });

  it("by timestamp closes a key that is gone and opens one that returns", async () => {
    const by = { by: "timestamp", updatedAt: "u" } as const;
    const first = [
      { now: 10, rows: rowsOf([1, "a", 5]) },
      { now: 20, rows: rowsOf() },
    ];
    expect(await show(await history(by, [...first, { now: 30, rows: rowsOf([1, "a", 5]) }]))).toEqual(["1 a 00:05 00:20", "1 a 00:30 -"]);
    expect(await show(await history(by, [...first, { now: 30, rows: rowsOf([1, "b", 25]) }]))).toEqual(["1 a 00:05 00:20", "1 b 00:25 -"]);
    expect(await show(await history(by, [...first, { now: 30, rows: rowsOf([1, "late", 8]) }]))).toEqual([
      "1 a 00:05 00:08",
      "1 late 00:08 00:20",
      "1 late 00:30 -",
    ]);
    expect(await show(await history({ ...by, deletes: "ignore" }, first))).toEqual(["1 a 00:05 -"]);
  });

  it("counts the later of two rows with one key", async () => {
    expect(await show(await history({}, [{ now: 1, rows: rowsOf([1, "a"], [1, "b"], [2, "c"], [2, "c"]) }]))).toEqual([
      "1 b 00:01 -",
      "2 c 00:01 -",
    ]);
  });

  it("has NULL before a column came, keeps one that went, and casts only what stays the same", async () => {
    const table = await history({}, [
      { now: 1, rows: "select 1 as id, 'a' as v, 1 as gone" },
      { now: 2, rows: "select 1::bigint as id, 'a' as v, 7 as added" },
    ]);
    expect(await show(table, "id, v, gone, added")).toEqual(["1 a - 7 00:02 -", "1 a 1 - 00:01 00:02"]);
    expect(await session.rows(`select column_name as c, column_type as t from (describe ${table})`)).toEqual([
      { c: "id", t: "BIGINT" },
      { c: "v", t: "VARCHAR" },
      { c: "added", t: "INTEGER" },
      { c: "valid_from", t: "TIMESTAMP" },
      { c: "valid_to", t: "TIMESTAMP" },
      { c: "gone", t: "INTEGER" },
    ]);
    const lossy = [
      { now: 1, rows: "select 1 as id, 1.5 as v" },
      { now: 2, rows: "select 1 as id, 1 as v" },
    ];
    expect(await failure(history({}, lossy))).toMatchObject({ code: "MR4644", message: expect.stringContaining("1 rows") });
  });

  it("says what is wrong with its front matter", async () => {
    const one = [{ now: 1, rows: "select 1 as id, 'x' as v, null::timestamp as u" }];
    expect(await failure(history({ columns: ["vv"] }, one))).toMatchObject({ code: "MR4640", hint: "there are id, v, u" });
    expect(await failure(history({}, [{ now: 1, rows: "select 1 as id, now() as valid_from" }]))).toMatchObject({ code: "MR4641" });
    expect(await failure(history({ by: "timestamp", updatedAt: "v" }, one))).toMatchObject({ code: "MR4642" });
    expect(await failure(history({ by: "timestamp", updatedAt: "u" }, one))).toMatchObject({ code: "MR4643" });
  });

  // Random deliveries; the oracle goes through them row by row, in memory.
  interface Row {
    readonly id: number | null;
    readonly v: string;
    readonly u: number;
  }
  interface Version extends Row {
    from: number;
    to: number | null;
  }
  const row = fc.record({ id: fc.constantFrom(null, 1, 2, 3), v: fc.constantFrom("a", "b", "c"), u: fc.integer({ min: 0, max: 30 }) });
  const deliveries = fc.array(fc.record({ pause: fc.integer({ min: 0, max: 8 }), rows: fc.array(row, { maxLength: 6 }) }), {
    minLength: 1,
    maxLength: 7,
  });

  /** The chain of one key after a delivery, by inserting one row after the other. */
  function expected(
    by: "columns" | "timestamp",
    closes: boolean,
    list: readonly { readonly now: number; readonly rows: readonly Row[] }[],
  ): string[] {
    const chains = new Map<number | null, Version[]>();
    for (const { now, rows } of list) {
      for (const id of new Set([...chains.keys(), ...rows.map((each) => each.id)])) {
        const chain = chains.get(id) ?? [];
        chains.set(id, chain);
        const own = rows.filter((each) => each.id === id);
        const end = (): number => chain.reduce((last, { from, to }) => Math.max(last, from, to ?? from), -1);
        const current = (): Version | undefined => chain.find(({ to }) => to === null);
        if (own.length === 0) {
          const open = current();
          if (closes && open !== undefined) open.to = Math.max(now, open.from);
          continue;
        }
        if (by === "columns") {
          const newest = own.at(-1)!;
          const open = current();
          if (open?.v === newest.v && open.u === newest.u) continue;
          const from = Math.max(now, end());
          if (open !== undefined) open.to = from;
          chain.push({ ...newest, from, to: null });
          continue;
        }
        const moments = new Map(own.map((each) => [each.u, each])); // the later of one moment
        for (const each of [...moments.values()].toSorted((a, b) => a.u - b.u)) {
          if (chain.some(({ u }) => u === each.u)) continue;
          const place = chain.filter(({ from }) => from <= each.u).length;
          const before = chain[place - 1];
          const after = chain[place];
          const within = before !== undefined && (before.to === null || before.to > each.u);
          const to = within ? before.to : (after?.from ?? null);
          if (within) before.to = each.u;
          chain.splice(place, 0, { ...each, from: each.u, to });
        }
        if (closes && current() === undefined) {
          const newest = own.reduce((best, each) => (each.u >= best.u ? each : best));
          chain.push({ ...newest, from: Math.max(now, end()), to: null });
        }
      }
    }
    const show = (minute: number | null): string => (minute === null ? "-" : text(minute).slice(11, 16));
    return [...chains.values()]
      .flat()
      .map(({ id, v, u, from, to }) => `${id ?? "-"} ${v} ${text(u)} ${show(from)} ${show(to)}`)
      .toSorted();
  }

  for (const by of ["columns", "timestamp"] as const)
    for (const deletes of ["close", "ignore"] as const)
      it(`by ${by} with deletes: ${deletes} is what a computation in memory says, and no intervals overlap`, async () => {
        await fc.assert(
          fc.asyncProperty(deliveries, async (random) => {
            let now = 10;
            const list = random.map(({ pause, rows }) => ({ now: (now += pause), rows }));
            const spec = by === "columns" ? { by, deletes } : { by, updatedAt: "u", deletes };
            const table = await history(
              spec,
              list.map(({ now: moment, rows }) => ({
                now: moment,
                rows: rowsOf(...rows.map((each) => [each.id, each.v, each.u] as const)),
              })),
            );
            expect((await show(table, "id, v, u")).toSorted()).toEqual(expected(by, deletes === "close", list));
            const broken = await session.row(
              `select 1 from (select *, lead(valid_from) over (partition by id order by valid_from, valid_to nulls last) as next from ${table})
               where valid_to < valid_from or (next is not null and (valid_to is null or valid_to > next))`,
            );
            expect(broken).toBeUndefined();
            await session.run(`drop table ${table}`);
          }),
          { numRuns: Number(process.env["SNAPSHOT_RUNS"] ?? 12), seed: 20260101 },
        );
      });

  it("by timestamp is a function of the log of changes: however it is cut and in whatever order it comes, the history is the same", async () => {
    const log = fc.uniqueArray(row, { minLength: 1, maxLength: 12, selector: ({ id, u }) => `${id} ${u}` });
    const cuts = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(log, cuts, fc.infiniteStream(fc.nat()), async (rows, parts, random) => {
        const spec = { by: "timestamp", updatedAt: "u", deletes: "ignore" } as const;
        const text = (list: readonly Row[]): string => rowsOf(...list.map((each) => [each.id, each.v, each.u] as const));
        const mixed = rows.map((each) => ({ each, at: random.next().value as number })).toSorted((a, b) => a.at - b.at);
        const pieces = [0, 1, 2, 3].map((part) => mixed.filter((_, index) => parts[index] === part).map(({ each }) => each));
        const whole = await history(spec, [{ now: 1, rows: text(rows) }]);
        const piecemeal = await history(
          spec,
          pieces.map((piece, index) => ({ now: 40 + index, rows: text(piece) })),
        );
        expect(await show(piecemeal, "id, v, u")).toEqual(await show(whole, "id, v, u"));
        await session.run(`drop table ${whole}; drop table ${piecemeal}`);
      }),
      { numRuns: Number(process.env["SNAPSHOT_RUNS"] ?? 12), seed: 20260102 },
    );
  });
});
