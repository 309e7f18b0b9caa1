// What a query computes, as hashes: of which rows there are, and of the values of each column. Equal hashes mean equal results from equal inputs;
// different ones may still mean the same. `words` say the same for people and are never compared to decide anything.
//   F1. The hashes are local: their leaves are assets and columns, not what those hold. `leaves` and `rests` say which leaves each of them stands on.
//   F2. What is not understood has no fingerprint (null): then the hash of the syntax tree decides, and every input counts as a whole.
import type { NodeId } from "./graph.ts";

/** Something of an asset that a result stands on: its rows (`rows`), one of its columns (with the type that it was bound as), or the order in which its rows stand. */
export type FingerprintLeaf =
  | { readonly asset: NodeId; readonly part: "rows" }
  | { readonly asset: NodeId; readonly part: "order" }
  | { readonly asset: NodeId; readonly part: "column"; readonly column: string; readonly type: string };

export interface QueryFingerprint {
  /** Which rows there are. */
  readonly rows: string;
  /** Per column what its values are. */
  readonly columns: Readonly<Record<string, string>>;
  /** The columns in their order (an object does not keep the order of names like `2024`). */
  readonly names: readonly string[];
  /** How the query sorts its result; null where it leaves that open. */
  readonly sort: string | null;
  /** Per asset the columns that are read. */
  readonly reads: Readonly<Record<NodeId, readonly string[]>>;
  readonly leaves: readonly FingerprintLeaf[];
  /** Positions in `leaves`. */
  readonly rests: { readonly rows: readonly number[]; readonly columns: Readonly<Record<string, readonly number[]>> };
  /** What the order of rows decides where the query does not settle it: ties, `limit`, `list()`, `row_number()`. Whatever else is asked for may turn it. */
  readonly delicate: { readonly rows: boolean; readonly columns: readonly string[] };
  readonly words: {
    /** Each a part of a sentence: `raw.orders`, `where raw.orders.amount > 0`. */
    readonly rows: readonly string[];
    readonly columns: Readonly<Record<string, string>>;
  };
}

/** How two results differ. Without any difference all lists are empty and all flags false. */
export interface FingerprintDiff {
  /** Are there other rows? Where that is so, or cannot be told, nothing of the result can be taken over. */
  readonly rows: boolean;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** The values of these columns are computed in another way. */
  readonly changed: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** The columns that both have stand in another order. */
  readonly order: boolean;
  /** The result is sorted in another way. */
  readonly sort: boolean;
  /** The first difference of what both have, in words; null where there is none, or none that can be told. */
  readonly because: string | null;
}

const SAME: FingerprintDiff = {
  rows: false,
  added: [],
  removed: [],
  changed: [],
  renamed: [],
  order: false,
  sort: false,
  because: null,
};

/** What changed from one query to another. What has no fingerprint differs in its rows from everything. */
export function diffFingerprints(before: QueryFingerprint | null, after: QueryFingerprint | null): FingerprintDiff {
  if (before === null || after === null) return { ...SAME, rows: true, because: "one of the two cannot be compared column by column" };
  const [old, now] = [new Set(before.names), new Set(after.names)];
  const removed = before.names.filter((name) => !now.has(name));
  const added = after.names.filter((name) => !old.has(name));
  const renamed = removed.flatMap((from) => {
    const to = added.find((name) => after.columns[name] === before.columns[from]);
    if (to === undefined) return [];
    added.splice(added.indexOf(to), 1);
    return [{ from, to }];
  });
  const gone = new Set(renamed.map(({ from }) => from));
  const newName = new Map(renamed.map(({ from, to }) => [from, to]));
  const kept = before.names.filter((name) => now.has(name) || gone.has(name)).map((name) => newName.get(name) ?? name);
  const keptNow = after.names.filter((name) => kept.includes(name));
  const changed = before.names.filter((name) => now.has(name) && before.columns[name] !== after.columns[name]);
  const rows = before.rows !== after.rows;
  return {
    rows,
    added,
    removed: removed.filter((name) => !gone.has(name)),
    changed,
    renamed,
    order: kept.some((name, index) => name !== keptNow[index]),
    sort: before.sort !== after.sort,
    because: rows ? rowsBecause(before, after) : changed[0] === undefined ? null : columnBecause(before, after, changed[0]),
  };
}

/** Is there no difference at all? */
export function isSameResult(diff: FingerprintDiff): boolean {
  const { rows, added, removed, changed, renamed, order, sort } = diff;
  return !rows && !order && !sort && [added, removed, changed, renamed].every((list) => list.length === 0);
}

function rowsBecause(before: QueryFingerprint, after: QueryFingerprint): string | null {
  const gone = before.words.rows.filter((word) => !after.words.rows.includes(word));
  const come = after.words.rows.filter((word) => !before.words.rows.includes(word));
  const [was, is] = [gone[0], come[0]];
  if (was === undefined) return is === undefined ? null : `"${is}" was added`;
  return is === undefined ? `"${was}" was taken out` : `"${was}" became "${is}"`;
}

function columnBecause(before: QueryFingerprint, after: QueryFingerprint, column: string): string | null {
  const [was, is] = [before.words.columns[column] ?? "", after.words.columns[column] ?? ""];
  return was === is ? null : `${column} was "${was}" and is "${is}"`;
}
