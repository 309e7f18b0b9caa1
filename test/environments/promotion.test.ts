// Promotion under readers and kills: what readers see is what was there or what is there now, never a mix of both.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { openWarehouse, type Warehouse } from "../../src/sql/warehouse.ts";
import { everything, flip, names, promoteAll, publishAll } from "./shop.ts";

const VIEWS = 50;
const PROMOTIONS = 100;
const KILLS = Number(process.env["MILLRACE_KILLS"] ?? 40);
const dir = mkdtempSync(join(tmpdir(), "millrace-promotion-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function seen(warehouse: Warehouse, sql: string): Promise<readonly number[]> {
  const rows = await warehouse.session((session) => session.rows<{ value: number }>(`select distinct value from (${sql}) order by 1`));
  return rows.map(({ value }) => value);
}

it("a reader who polls during promotions never sees a mix", { timeout: 300_000 }, async () => {
  const warehouse = await openWarehouse({ path: join(dir, "polled.duckdb") });
  try {
    const assets = names(VIEWS);
    await publishAll(warehouse, assets, "prod", 0);
    await publishAll(warehouse, assets, "other", 1_000_000); // has its own of everything: nothing is held for it
    let isOver = false;
    let looks = 0;
    const mixes: unknown[] = [];
    const reader = async (): Promise<void> => {
      while (!isOver) {
        const one = await seen(warehouse, everything(assets));
        // The same in one transaction, view by view.
        const several = await warehouse.session(async (session) => {
          await session.run("begin transaction read only");
          const values = new Set<unknown>();
          for (const asset of assets.slice(0, 6)) values.add((await session.row(`select value from ${asset}`))?.["value"]);
          await session.run("commit");
          return values.size;
        });
        if (one.length !== 1 || several !== 1) mixes.push([one, several]);
        looks++;
        await pause(5);
      }
    };
    const reading = reader();
    for (let promotion = 1; promotion <= PROMOTIONS; promotion++) {
      if (promotion % 25 === 1) {
        await publishAll(warehouse, assets, "dev", promotion);
        await promoteAll(warehouse, "dev");
        expect(await seen(warehouse, everything(assets))).toEqual([promotion]);
      } else await flip(warehouse);
    }
    isOver = true;
    await reading;
    expect(mixes).toEqual([]);
    expect(looks).toBeGreaterThan(PROMOTIONS / 10);
    const [schema, name] = assets[0]!.split(".");
    expect(await seen(warehouse, `select value from ${schema}__other.${name}`)).toEqual([1_000_000]);
  } finally {
    warehouse.close();
  }
});

it("kill -9 during promotion, rollback and collection leaves the old or the new", { timeout: 600_000 }, async () => {
  const path = join(dir, "killed.duckdb");
  const assets = names(12);
  const first = await openWarehouse({ path });
  await publishAll(first, assets, "prod", 0);
  first.close();
  for (let kill = 1; kill <= KILLS; kill++) {
    const worker = fork(fileURLToPath(new URL("worker.ts", import.meta.url)), [path, String(assets.length), String(kill * 1_000)], {
      execArgv: ["--import", "jiti/register"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const ended = new Promise((done) => worker.on("exit", done));
    await new Promise((done) => worker.once("message", done));
    await pause((kill * 37) % 400);
    worker.kill("SIGKILL");
    await ended;
    const warehouse = await openWarehouse({ path });
    try {
      expect(await seen(warehouse, everything(assets)), `kill ${kill}`).toHaveLength(1);
      await warehouse.session(async (session) => {
        // The ledger says of each asset what is there, and nothing else is there.
        const lost = await session.rows(
          `select v.asset, v.physical from _millrace.versions v where physical is not null
             and physical not in (select table_name from duckdb_tables() where schema_name = '_millrace_data')`,
        );
        expect(lost).toEqual([]);
        const live = await session.rows<{ n: number }>(
          `select count(*) as n from _millrace.environments e join _millrace.versions v on v.asset = e.asset and v.version = e.version where e.environment = 'prod'`,
        );
        expect(live).toEqual([{ n: assets.length }]);
        const own = await session.rows<{ n: number }>("select count(*) as n from _millrace.environments where environment = 'dev'");
        expect([0, assets.length]).toContain(own[0]!.n);
      });
    } finally {
      warehouse.close();
    }
  }
});
