// What a model reads in the end: tables with their versions, and views on the way with their code. Kept with each version, so that the next build knows from
// where to look for what changed.
import { isSameCode } from "../../model/code-hash.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";

/** `asset` → version of a table, `code:HASH` of a view. */
const CODE = "code:";

export type Reads = Readonly<Record<string, string>>;

export function readsOf(inputs: readonly string[], live: ReadonlyMap<string, LiveVersion>): Reads {
  const reads: Record<string, string> = {};
  const add = (asset: string): void => {
    const version = live.get(asset);
    if (version === undefined || Object.hasOwn(reads, asset)) return;
    reads[asset] = version.kind === "view" ? `${CODE}${version.codeHash}` : version.version;
    if (version.kind === "view") for (const input of Object.keys(version.inputs)) add(input);
  };
  for (const input of inputs) add(input);
  return reads;
}

export interface ReadChange {
  readonly asset: string;
  readonly from: string;
  readonly to: string;
}

export interface ReadChanges {
  readonly tables: readonly ReadChange[];
  /** Views that are another query now, and what was not read before: nothing tells which rows that changes. */
  readonly others: readonly string[];
}

export function changedReads(before: Reads, now: Reads): ReadChanges {
  const tables: ReadChange[] = [];
  const others: string[] = [];
  for (const [asset, to] of Object.entries(now)) {
    const from = before[asset];
    if (from === to) continue;
    if (from?.startsWith(CODE) === true && to.startsWith(CODE) && isSameCode(from.slice(CODE.length), to.slice(CODE.length))) continue;
    if (from === undefined || from.startsWith(CODE) || to.startsWith(CODE)) others.push(asset);
    else tables.push({ asset, from, to });
  }
  return { tables, others };
}
