// A warehouse with assets of which each version shows one number, so that any mix of versions shows: for tests of promotion, at the level of the ledger.
import { noteEnvironment, settle } from "../../src/sql/environments/ledger.ts";
import { ledgerAsset } from "../../src/model/environment.ts";
import { promote, readActs, takeBack } from "../../src/sql/environments/promote.ts";
import { physicalName, physicalTable, publish } from "../../src/sql/ledger/publish.ts";
import type { Warehouse } from "../../src/sql/warehouse.ts";

export const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `s${index % 3}.t${index}`);

let acts = 0;

/** Every asset gets a version that shows `value`, in one transaction; every third is a view. */
export async function publishAll(warehouse: Warehouse, assets: readonly string[], environment: string, value: number): Promise<void> {
  await warehouse.transaction(async (tx) => {
    if (environment !== "prod") await noteEnvironment(tx, { environment, kind: "research", branch: null });
    for (const [index, asset] of assets.entries()) {
      const key = ledgerAsset(asset, environment);
      const physical = physicalName(key, `v${value}`);
      const isView = index % 3 === 2;
      if (!isView) await tx.run(`create or replace table ${physicalTable(physical)} as select ${value} as value`);
      await publish(tx, {
        asset: key,
        body: isView ? { kind: "view", sql: `select ${value} as value` } : { kind: "table", physical, hidden: [] },
        version: `v${value}`,
        codeHash: `code ${value}`,
        inputs: {},
        rows: isView ? null : 1,
        token: { run: `r_${value}_${environment}`, node: asset, attempt: 1 },
        result: {},
      });
    }
  });
}

export function promoteAll(warehouse: Warehouse, environment: string): Promise<unknown> {
  return warehouse.transaction(async (tx) => {
    await promote(tx, { id: nextAct(), environment, by: "test", why: null });
    await settle(tx, environment);
  });
}

/** The environment is there, and shows what prod shows. */
export function settleAll(warehouse: Warehouse, environment: string): Promise<void> {
  return warehouse.transaction(async (tx) => {
    await noteEnvironment(tx, { environment, kind: "research", branch: null });
    await settle(tx, environment);
  });
}

/** The newest act is taken back; false where there is none that can be. */
export async function flip(warehouse: Warehouse): Promise<boolean> {
  const open = (await warehouse.session(readActs)).find((act) => act.act !== "drop" && act.endedAt === null && act.collectedAt === null);
  if (open === undefined) return false;
  await warehouse.transaction((tx) => takeBack(tx, { id: nextAct(), of: open.id, by: "test", why: null }));
  return true;
}

/** What readers of prod see of all assets in one statement. */
export function everything(assets: readonly string[], schema: (asset: string) => string = (asset) => asset): string {
  return assets.map((asset) => `select value from ${schema(asset)}`).join(" union all ");
}

function nextAct(): string {
  return `${Date.now()}x${process.pid}x${++acts}`;
}
