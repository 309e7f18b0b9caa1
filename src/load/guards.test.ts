// Guards: what is stopped, what is only told, and what passes; and the limit on quarantine in every mode.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";
import { type Overrides, page, request, textFile } from "./deliveries.suite.ts";
import { load } from "./load.ts";
import type { LoadRequest, LoadResult } from "./request.ts";

let folder: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-guards-"));
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true });
});

type Spec = Partial<LoadRequest["spec"]>;
let next = 0;
const some = (count: number): { id: number }[] => Array.from({ length: count }, () => ({ id: next++ }));
const give = (count: number, spec: Spec, more: Partial<Overrides> = {}): Promise<LoadResult> =>
  load(warehouse, request(folder, { deliveries: count === 0 ? [] : [page("p", some(count))], spec, ...more }));
const total = async (): Promise<number> =>
  (await warehouse.session((session) => session.row<{ n: number }>("select count(*)::integer as n from raw.t")))!.n;

describe("an empty delivery", () => {
  it("stops a snapshot before it closes every row, once there were three loads", async () => {
    const spec: Spec = { load: "snapshot", primaryKey: "id", guards: { drop: "off" } };
    for (let at = 0; at < 3; at++) await give(2, spec);
    await expect(give(0, spec)).rejects.toMatchObject({ code: "MR4310", message: expect.stringContaining("last 3 loads") });
    await give(0, spec, { fullRefresh: true });
  });

  it("is told of an appended asset, stopped where it says so, and nothing where it happened before", async () => {
    for (let at = 0; at < 3; at++) await give(2, { load: "append" });
    await expect(give(0, { load: "append", guards: { empty: "stop" } })).rejects.toMatchObject({ code: "MR4310" });
    expect((await give(0, { load: "append" })).warnings).toEqual(["the source gave no row; each of its last 3 loads had some"]);
    expect((await give(0, { load: "append", guards: { empty: "stop" } })).warnings).toEqual([]);
    expect(await total()).toBe(6);
  });
});

describe("a drop", () => {
  it("below half of the median is told of whole deliveries, stopped where it says so", async () => {
    for (const count of [9, 12, 11, 40]) await give(count, { load: "replace" });
    expect((await give(6, { load: "replace" })).warnings).toEqual([]);
    expect((await give(5, { load: "replace" })).warnings).toEqual(["5 rows; usual are 11 (median of the last 5 loads), 50% would pass"]);
    const strict: Spec = { load: "replace", guards: { drop: { below: "90%", act: "stop" } } };
    await expect(give(7, strict)).rejects.toMatchObject({ code: "MR4311" });
    expect(await total()).toBe(5);
    await give(7, strict, { fullRefresh: true });
    expect(await total()).toBe(7);
  });

  it("of an incremental source is normal unless it says otherwise", async () => {
    for (const count of [9, 12, 11]) await give(count, { load: "append" });
    expect((await give(1, { load: "append" })).warnings).toEqual([]);
    expect((await give(1, { load: "append", guards: { drop: "30%" } })).warnings).toHaveLength(1);
  });
});

describe("full pages", () => {
  const pages = (...sizes: number[]): Overrides => ({ deliveries: sizes.map((size, at) => page(`p${at}`, some(size))) });
  const run = ({ spec, ...overrides }: Overrides): Promise<LoadResult> =>
    load(warehouse, request(folder, { ...overrides, spec: { guards: { drop: "off", ...spec?.guards } } }));

  it("to the last one are told or stopped; a last page that is not full is an end", async () => {
    expect((await run(pages(100, 100))).warnings).toEqual(["all 2 pages have 100 rows, the last one too: is there more?"]);
    expect((await run(pages(100, 99))).warnings).toEqual([]);
    expect((await run(pages(100))).warnings).toEqual([]);
    expect((await run(pages(7, 7))).warnings).toEqual([]);
    await expect(run({ ...pages(50, 50, 50), spec: { guards: { fullPages: "stop" } } })).rejects.toMatchObject({ code: "MR4312" });
    expect(await total()).toBe(14);
    expect((await run({ ...pages(50, 50), spec: { guards: { fullPages: "off" } } })).warnings).toEqual([]);
  });
});

describe("maxQuarantined", () => {
  const text = (bad: number): string => `id,n\n${Array.from({ length: 100 }, (_, id) => `${id},${id < bad ? "x" : id}`).join("\n")}\n`;
  for (const mode of ["replace", "append", "merge", "snapshot"] as const)
    it(`stops a load by ${mode} before it is published`, async () => {
      const spec: Spec = {
        load: mode,
        columns: { n: { type: "bigint" } },
        contract: { maxQuarantined: "1%" },
        ...(mode === "merge" || mode === "snapshot" ? { primaryKey: "id" } : {}),
      };
      const run = (name: string, bad: number): Promise<LoadResult> =>
        load(warehouse, request(folder, { deliveries: [textFile(name, text(bad))], spec }));
      expect((await run("a.csv", 1)).rows).toMatchObject({ quarantined: 1 });
      const before = await warehouse.session((session) => session.rows("from raw.t order by all"));
      await expect(run("b.csv", 2)).rejects.toMatchObject({ code: "MR4006", message: expect.stringContaining("2 of 100 rows") });
      expect(await warehouse.session((session) => session.rows("from raw.t order by all"))).toEqual(before);
      await expect(run("c.csv", 100)).rejects.toMatchObject({ code: "MR4006" });
    });
});
