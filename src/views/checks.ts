// Events → one row per check: what it found lately. Kept with the control plane, so that results of builds that were never published are there, too.
import { ledgerAsset, PROD, splitLedgerAsset } from "../model/environment.ts";
import type { CheckFact } from "../model/events.ts";
import { splitNodeId } from "../model/partition.ts";
import type { CheckResultAnswer } from "../model/quality-answers.ts";
import { runEventsOf } from "../model/store-events.ts";
import type { EventStore } from "../store/store.ts";
import { catchUp, type ReadTable } from "./catch-up.ts";
import { iso } from "./iso.ts";

/** Results that are kept of one check. */
const RESULTS_MAX = 60;
const CHECKS_MAX = 100_000;
const SEPARATOR = "\0";

export type CheckRow = {
  readonly asset: string;
  readonly check: string;
  /** Oldest first. */
  readonly results: readonly CheckResultAnswer[];
  /** Rows that broke it, of the last result. */
  readonly sample: CheckFact["sample"];
  /** Since when it has not passed; null when it does. */
  readonly since: string | null;
};

/** Raise the number when a row changes its shape, and it is folded anew. */
export const checksTable: ReadTable = {
  name: "checks.1",
  async fold(batch, rows) {
    const events = runEventsOf(batch);
    const [first] = events;
    if (first?.type === "run_started" && first.plan.environment !== undefined)
      rows.put({ key: placeKey(batch.stream), label: PLACE, rank: first.at, body: first.plan.environment });
    for (const event of events) {
      if ((event.type !== "node_succeeded" && event.type !== "attempt_failed") || event.checks === undefined) continue;
      const environment = ((await rows.get(placeKey(batch.stream))) as string | undefined) ?? PROD;
      const asset = ledgerAsset(splitNodeId(event.node).asset, environment);
      for (const fact of event.checks) {
        const key = `${asset}${SEPARATOR}${fact.check}`;
        const before = (await rows.get(key)) as CheckRow | undefined;
        const { status, failing } = fact;
        const result: CheckResultAnswer = { at: iso(event.at), run: batch.stream, status, failing };
        const body: CheckRow = {
          asset,
          check: fact.check,
          results: [...(before?.results ?? []), result].slice(-RESULTS_MAX),
          sample: fact.sample,
          since: status === "passed" ? null : (before?.since ?? result.at),
        };
        rows.put({ key, label: CHECK, rank: event.at, body });
      }
    }
  },
};

const CHECK = "check";
const PLACE = "run";

/** Where a run is carried out that is not in prod. */
function placeKey(run: string): string {
  return `${PLACE}:${run}`;
}

/** Rows of an environment's checks by `asset`, then by name. */
export async function readChecks(
  store: EventStore,
  environment: string = PROD,
): Promise<ReadonlyMap<string, ReadonlyMap<string, CheckRow>>> {
  await catchUp(store, checksTable);
  const bodies = (await store.tables.list(checksTable.name, { limit: CHECKS_MAX, label: CHECK })) as unknown as readonly CheckRow[];
  const byAsset = new Map<string, Map<string, CheckRow>>();
  for (const row of bodies) {
    const { asset, environment: own } = splitLedgerAsset(row.asset);
    if (own !== environment) continue;
    const checks = byAsset.get(asset) ?? new Map<string, CheckRow>();
    byAsset.set(asset, checks.set(row.check, row));
  }
  return byAsset;
}
