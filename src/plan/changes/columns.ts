// Which columns of an asset differ between two states of it, and whether its rows may.
//   C1. What is not understood is a change: without fingerprints on both sides a changed text means other rows.
//   C2. A column is renamed when its values are the same and the name is all that differs.
import { isAdditive, isSameCode } from "../../model/code-hash.ts";
import { diffFingerprints, type QueryFingerprint } from "../../model/fingerprint.ts";
import type { AssetSnapshot, SnapshotColumn } from "./snapshot.ts";

export interface ColumnChange {
  readonly column: string;
  readonly change: "added" | "removed" | "renamed" | "retyped" | "changed";
  readonly from?: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface ColumnComparison {
  /** Which rows there are may differ. */
  readonly rows: boolean;
  readonly columns: readonly ColumnChange[];
  /** The same columns stand in another order. */
  readonly isReordered: boolean;
  /** Its rows are sorted in another way. */
  readonly isSorted: boolean;
  /** Both sides were understood. */
  readonly isExact: boolean;
  /** The first difference, in words. */
  readonly because: string | null;
}

const SAME: ColumnComparison = { rows: false, columns: [], isReordered: false, isSorted: false, isExact: true, because: null };

export function compareColumns(before: AssetSnapshot, after: AssetSnapshot): ColumnComparison {
  const [old, now] = [before.fingerprint, after.fingerprint];
  if (old !== null && now !== null) return compareFingerprints(before, after, { old, now });
  const schema = compareSchemas(before.columns, after.columns);
  if (before.code !== "" && isSameCode(before.code, after.code)) return { ...SAME, ...schema, isExact: false };
  return { ...SAME, ...schema, rows: !isAdditive(before.code, after.code), isExact: false };
}

function compareFingerprints(
  before: AssetSnapshot,
  after: AssetSnapshot,
  { old, now }: { readonly old: QueryFingerprint; readonly now: QueryFingerprint },
): ColumnComparison {
  const diff = diffFingerprints(old, now);
  const [was, is] = [typesOf(before), typesOf(after)];
  const typed = (column: string, from = column): Pick<ColumnChange, "before" | "after"> => ({
    before: was.get(from.toLowerCase()) ?? null,
    after: is.get(column.toLowerCase()) ?? null,
  });
  const changed = new Set(diff.changed);
  const columns = now.names.flatMap((column): ColumnChange[] => {
    const renamed = diff.renamed.find(({ to }) => to === column);
    if (renamed !== undefined) return [{ column, change: "renamed", from: renamed.from, ...typed(column, renamed.from) }];
    if (diff.added.includes(column)) return [{ column, change: "added", before: null, after: typed(column).after }];
    const types = typed(column);
    if (types.before !== null && types.after !== null && types.before !== types.after) return [{ column, change: "retyped", ...types }];
    return changed.has(column) ? [{ column, change: "changed", ...types }] : [];
  });
  const removed = diff.removed.map((column): ColumnChange => ({ column, change: "removed", before: typed(column).before, after: null }));
  return {
    rows: diff.rows,
    columns: [...columns, ...removed],
    isReordered: diff.order,
    isSorted: diff.sort,
    isExact: true,
    because: diff.because,
  };
}

function typesOf({ columns }: AssetSnapshot): ReadonlyMap<string, string> {
  return new Map((columns ?? []).map(({ name, type }) => [name.toLowerCase(), type]));
}

function compareSchemas(
  old: readonly SnapshotColumn[] | null,
  now: readonly SnapshotColumn[] | null,
): Pick<ColumnComparison, "columns" | "isReordered"> {
  if (old === null || now === null) return { columns: [], isReordered: false };
  const [known, present] = [byName(old), byName(now)];
  const columns = now.flatMap(({ name, type }): ColumnChange[] => {
    const was = known.get(name.toLowerCase());
    if (was === undefined) return [{ column: name, change: "added", before: null, after: type }];
    return was.type === type ? [] : [{ column: name, change: "retyped", before: was.type, after: type }];
  });
  const gone = old.filter(({ name }) => !present.has(name.toLowerCase()));
  const removed = gone.map(({ name, type }): ColumnChange => ({ column: name, change: "removed", before: type, after: null }));
  const order = (list: readonly SnapshotColumn[], other: ReadonlyMap<string, unknown>): string =>
    list.flatMap(({ name }) => (other.has(name.toLowerCase()) ? [name.toLowerCase()] : [])).join("\0");
  return { columns: [...columns, ...removed], isReordered: order(old, present) !== order(now, known) };
}

function byName(columns: readonly SnapshotColumn[]): ReadonlyMap<string, SnapshotColumn> {
  return new Map(columns.map((column) => [column.name.toLowerCase(), column]));
}
