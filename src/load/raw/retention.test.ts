// What retention removes of the raw zone, what it leaves, and that a replay still works after it compressed files.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { page, request, textFile } from "../deliveries.suite.ts";
import { load } from "../load.ts";
import type { LoadRequest, LoadResult } from "../request.ts";
import { rebuild } from "./rebuild.ts";
import { tidyRaw } from "./retention.ts";

const DAY_MS = 86_400_000;
let folder: string;
let root: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-retention-"));
  root = join(folder, "raw");
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true });
});

const give = (id: number, spec: Partial<LoadRequest["spec"]>): Promise<LoadResult> =>
  load(warehouse, request(folder, { deliveries: [page(`p${id}`, [{ id }])], spec, raw: { root } }));
const kept = (): string[] => readdirSync(join(root, "raw.t")).toSorted();
const age = (days: number, of: LoadResult): Promise<number> =>
  warehouse.session((session) =>
    session.run(`update _millrace.raw_loads set "at" = now() - interval ${days} days where load = '${of.load}'`),
  );
const tidy = (keepMs?: number, dryRun = false) => tidyRaw(warehouse, { root, now: Date.now(), keepMs, dryRun });

it("removes loads that are older than the setting, and says so first when asked", async () => {
  const [old, young] = [await give(1, { load: "append" }), await give(2, { load: "append" })];
  await age(31, old);
  expect(await tidy()).toMatchObject({ loads: 0 });
  expect(await tidy(30 * DAY_MS, true)).toMatchObject({ loads: 1 });
  expect(kept()).toEqual([old.load, young.load].toSorted());
  expect((await tidy(30 * DAY_MS)).bytes).toBeGreaterThan(0);
  expect(kept()).toEqual([young.load]);
});

it("keeps what a replaced asset shows however old, and what versions show that can be shown again; no more", async () => {
  const loads: LoadResult[] = [];
  for (const id of [1, 2, 3, 4, 5]) loads.push(await give(id, { load: "replace" }));
  for (const each of loads) await age(100, each);
  expect(await tidy()).toMatchObject({ loads: 2 });
  expect(kept()).toEqual(
    loads
      .slice(2)
      .map((each) => each.load)
      .toSorted(),
  );
  await tidy(DAY_MS);
  expect(kept()).toEqual([loads[4]!.load]);
});

it("sweeps what a killed load left", async () => {
  const { load: id } = await give(1, { load: "append" });
  mkdirSync(join(root, "raw.t", "l_dead"));
  mkdirSync(join(root, "raw.t", "pending", "old"), { recursive: true });
  await tidy();
  expect(kept()).toEqual([id, "pending"].toSorted());
  expect(readdirSync(join(root, "raw.t", "pending"))).toEqual([]);
});

it("compresses large files, and they are replayed", async () => {
  const text = `id,t\n${Array.from({ length: 90_000 }, (_, id) => `${id},some text`).join("\n")}\n`;
  const path = join(folder, "large.csv");
  writeFileSync(path, text);
  const spec: Partial<LoadRequest["spec"]> = { load: "append" };
  const made = request(folder, {
    deliveries: [{ ...textFile("large.csv", text), original: () => Promise.resolve(path) }],
    spec,
    raw: { root },
  });
  const { load: id } = await load(warehouse, made);
  expect(await tidy()).toMatchObject({ compressed: 1 });
  expect(readdirSync(join(root, "raw.t", id)).toSorted()).toEqual(["file-0000", "file-0000.gz"]);
  expect(await tidy()).toMatchObject({ compressed: 0 });
  expect(existsSync(join(root, "raw.t", id, "file-0000"))).toBe(false);
  rmSync(path);
  const { asset, codeHash, audit, repair, tempDir } = made;
  const token = { run: "again", node: asset, attempt: 1 };
  const file = (given: { name: string; path: string }) => textFile(given.name, readFileSync(given.path, "utf8"));
  const result = await rebuild(warehouse, { asset, codeHash, audit, repair, tempDir, spec: made.spec, token, root, file });
  expect(result.rows.loaded).toBe(90_000);
});
