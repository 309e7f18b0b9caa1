// What an incremental model's version was made of, beside what every version says: the intervals that it holds, as ranges and not as lists, and the version
// of each table that its query reads in the end (through views). Per version, so that going back to one goes back to its intervals.
import type { Session, Transaction } from "../session.ts";
import { literal, value } from "../text.ts";

export interface LedgerRange {
  readonly startMs: number;
  readonly endMs: number;
  /** The code that made its rows. */
  readonly codeHash: string;
}

export interface Increment {
  readonly mode: string;
  /** Per table that was read its version, per view on the way its code; `asset` → text. */
  readonly reads: Readonly<Record<string, string>>;
  readonly ranges: readonly LedgerRange[];
  /** What the last build did, and why. */
  readonly reason: string;
}

/** Versions of an asset whose intervals are kept. */
const VERSIONS_KEPT_MAX = 20;

/** Undefined for a version that was not made by an incremental build. */
export async function readIncrement(session: Session, asset: string, version: string): Promise<Increment | undefined> {
  const row = await session.row<{ mode: string; reads: string; reason: string }>(
    "select mode, reads, reason from _millrace.increments where asset = $1 and version = $2",
    [asset, version],
  );
  if (row === undefined) return undefined;
  const ranges = await session.rows<{ start_ms: number; end_ms: number; code_hash: string }>(
    "select start_ms, end_ms, code_hash from _millrace.intervals where asset = $1 and version = $2 order by start_ms",
    [asset, version],
  );
  return {
    mode: row.mode,
    reason: row.reason,
    reads: JSON.parse(row.reads) as Record<string, string>,
    ranges: ranges.map((range) => ({ startMs: range.start_ms, endMs: range.end_ms, codeHash: range.code_hash })),
  };
}

/** Where the last interval of each version ends, by `asset\0version`. */
export async function intervalEnds(session: Session): Promise<ReadonlyMap<string, number>> {
  const rows = await session.rows<{ asset: string; version: string; end_ms: number }>(
    "select asset, version, max(end_ms) as end_ms from _millrace.intervals group by all",
  );
  return new Map(rows.map(({ asset, version, end_ms: endMs }) => [`${asset}\0${version}`, endMs]));
}

/** Says what a version holds, in the transaction that publishes it. */
export async function writeIncrement(
  tx: Transaction,
  { asset, version, run }: { readonly asset: string; readonly version: string; readonly run: string },
  { mode, reads, ranges, reason }: Increment,
): Promise<void> {
  for (const table of ["increments", "intervals"])
    await tx.run(`delete from _millrace.${table} where asset = ${literal(asset)} and version = ${literal(version)}`);
  await tx.run("insert into _millrace.increments values ($1, $2, $3, $4, $5, now())", [
    asset,
    version,
    mode,
    JSON.stringify(reads),
    reason,
  ]);
  if (ranges.length > 0) {
    const rows = ranges.map(
      ({ startMs, endMs, codeHash }) => `(${[asset, version, startMs, endMs, codeHash, run].map((cell) => value(cell)).join(", ")}, now())`,
    );
    await tx.run(`insert into _millrace.intervals values ${rows.join(", ")}`);
  }
  const old = `select version from _millrace.increments where asset = ${literal(asset)} order by "at" desc offset ${VERSIONS_KEPT_MAX}`;
  const known = await tx.row<{ n: number }>("select count(*) as n from _millrace.increments where asset = $1", [asset]);
  if ((known?.n ?? 0) <= VERSIONS_KEPT_MAX) return;
  await tx.run(`delete from _millrace.intervals where asset = ${literal(asset)} and version in (${old})`);
  await tx.run(`delete from _millrace.increments where asset = ${literal(asset)} and version in (${old})`);
}
