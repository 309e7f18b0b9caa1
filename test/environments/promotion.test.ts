// Promotion under readers: what they see is what was there or what is there now, never a mix of both, in prod as in the branches. Kills: kills.test.ts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { openWarehouse, type Warehouse } from "../../src/sql/warehouse.ts";
import { everything, flip, names, promoteAll, publishAll, settleAll } from "./shop.ts";

const VIEWS = 6;
const PROMOTIONS = 60;
const LOOK_MS = 20;
/** Each so many times one is taken back in between. */
const BACK_EACH = 5;
const dir = mkdtempSync(join(tmpdir(), "millrace-promotion-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function seen(warehouse: Warehouse, sql: string): Promise<readonly number[]> {
  const rows = await warehouse.session((session) => session.rows<{ value: number }>(`select distinct value from (${sql}) order by 1`));
  return rows.map(({ value }) => value);
}

it(`a reader who polls during ${PROMOTIONS} promotions of two branches never sees a mix`, { timeout: 300_000 }, async () => {
  const warehouse = await openWarehouse({ path: join(dir, "polled.duckdb") });
  try {
    const assets = names(VIEWS);
    await publishAll(warehouse, assets, "prod", 0);
    await publishAll(warehouse, assets, "other", 1_000_000); // has its own of everything: nothing is held for it
    const branches = ["left", "right"] as const;
    for (const branch of branches) await settleAll(warehouse, branch);
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
          for (const asset of assets.slice(0, 4)) values.add((await session.row(`select value from ${asset}`))?.["value"]);
          await session.run("commit");
          return values.size;
        });
        if (one.length !== 1 || several !== 1) mixes.push([one, several]);
        for (const branch of branches) {
          const there = await seen(
            warehouse,
            everything(assets, (asset) => asset.replace(".", `__${branch}.`)),
          );
          if (there.length !== 1) mixes.push([branch, there]);
        }
        looks++;
        await pause(LOOK_MS);
      }
    };
    const reading = reader();
    try {
      let before = 0;
      for (let promotion = 1; promotion <= PROMOTIONS; promotion++) {
        const branch = branches[promotion % 2]!;
        await publishAll(warehouse, assets, branch, promotion);
        await promoteAll(warehouse, branch);
        expect(await seen(warehouse, everything(assets))).toEqual([promotion]);
        if (promotion % BACK_EACH === 0) {
          expect(await flip(warehouse)).toBe(true);
          expect(await seen(warehouse, everything(assets))).toEqual([before]);
        } else before = promotion;
      }
    } finally {
      isOver = true;
    }
    await reading;
    expect(mixes).toEqual([]);
    expect(looks).toBeGreaterThan(PROMOTIONS / 10);
    const [schema, name] = assets[0]!.split(".");
    expect(await seen(warehouse, `select value from ${schema}__other.${name}`)).toEqual([1_000_000]);
  } finally {
    warehouse.close();
  }
});
