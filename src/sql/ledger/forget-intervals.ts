// Intervals that are to be made again: they are taken out of the ledger, so that the next build finds them missing and makes them as it makes any other.
import type { Transaction } from "../session.ts";

export interface ForgottenIntervals {
  /** The ledger's key. */
  readonly asset: string;
  readonly version: string;
  readonly unit: "hour" | "day" | "week" | "month";
  readonly fromMs: number;
  /** In the last interval. */
  readonly toMs: number;
}

interface RangeRow {
  readonly start_ms: number;
  readonly end_ms: number;
  readonly code_hash: string;
  readonly run: string;
}

/** Splits the ranges that it cuts. */
export async function forgetIntervals(tx: Transaction, { asset, version, unit, fromMs, toMs }: ForgottenIntervals): Promise<void> {
  const bounds = await tx.row<{ start: number; end: number }>(
    `select epoch_ms(date_trunc('${unit}', make_timestamp_ms($1::bigint))) as start, epoch_ms(date_trunc('${unit}', make_timestamp_ms($2::bigint)) + interval 1 ${unit}) as "end"`,
    [BigInt(fromMs), BigInt(toMs)],
  );
  const { start, end } = bounds!;
  const cut = await tx.rows<RangeRow>(
    `select start_ms, end_ms, code_hash, run from _millrace.intervals where asset = $1 and version = $2 and start_ms < $3::bigint and end_ms > $4::bigint`,
    [asset, version, BigInt(end), BigInt(start)],
  );
  for (const { start_ms: from, end_ms: to, code_hash: code, run } of cut) {
    await tx.run("delete from _millrace.intervals where asset = $1 and version = $2 and start_ms = $3::bigint", [
      asset,
      version,
      BigInt(from),
    ]);
    for (const [left, right] of [
      [from, Math.min(to, start)],
      [Math.max(from, end), to],
    ] as const)
      if (left < right)
        await tx.run("insert into _millrace.intervals values ($1, $2, $3::bigint, $4::bigint, $5, $6, now())", [
          asset,
          version,
          BigInt(left),
          BigInt(right),
          code,
          run,
        ]);
  }
}
