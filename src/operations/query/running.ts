// Queries that run in this process: each has a name to cancel it by, an end in time, and a bound of what the process may grow meanwhile.
//   Q1. Whatever ends a query early, it is interrupted in DuckDB, and its caller hears why.
//   Q2. DuckDB looks for an interrupt between two steps, and one value may be a step of a minute: the caller does not wait for longer than GRACE_MS. The
//       session and the place among RUNNING_MAX stay taken until the step is over.
import { randomUUID } from "node:crypto";
import { realClock } from "../../engine/clock.ts";
import { MillraceError } from "../../model/errors.ts";
import { interruptible, type Session } from "../../sql/session.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import { withBoundedFunctions } from "./bounded-functions.ts";

export interface QueryBounds {
  readonly secondsMax: number;
  readonly memoryBytesMax: number;
  readonly spillBytesMax: number;
}

export interface QueryCall {
  readonly id: string;
  readonly bounds: QueryBounds;
  readonly signal: AbortSignal;
}

export const QUERY_BOUNDS: QueryBounds = { secondsMax: 30, memoryBytesMax: 2_000_000_000, spillBytesMax: 10_000_000_000 };
const RUNNING_MAX = 6;
const LOOK_EVERY_MS = 200;
const GRACE_MS = 1_000;

const running = new Map<string, AbortController>();

export function newQueryId(): string {
  return `q_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
}

/** @returns whether there was one to cancel */
export function cancelQuery(id: string): boolean {
  const found = running.get(id);
  if (found === undefined || found.signal.aborted) return false;
  found.abort(new MillraceError({ code: "MR8144", message: "the query was canceled" }));
  return true;
}

/** Runs `use` on a session of its own. @throws MR8141 time, MR8142 too many, MR8143 memory, MR8144 canceled, MR8185 size, and what `use` throws */
export async function boundedQuery<Result>(
  warehouse: Warehouse,
  { id, bounds, signal }: QueryCall,
  use: (session: Session) => Promise<Result>,
): Promise<Result> {
  if (running.size >= RUNNING_MAX || running.has(id))
    throw new MillraceError({ code: "MR8142", message: `${running.size} queries run already`, retryable: true, retryAfterMs: 1_000 });
  const controller = new AbortController();
  running.set(id, controller);
  const stop = (): void => controller.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const cancelTimer = realClock.after(bounds.secondsMax * 1_000, () =>
    controller.abort(new MillraceError({ code: "MR8141", message: `the query was canceled after ${bounds.secondsMax} s` })),
  );
  const unwatch = watchGrowth(warehouse, bounds, (error) => controller.abort(error));
  const work = warehouse.session(async (session) => {
    try {
      return await interruptible(session, controller.signal, () => withBoundedFunctions(session, () => use(session)));
    } finally {
      if (controller.signal.aborted) await session.run("rollback").catch(() => undefined); // its own may have been interrupted, too
    }
  });
  work.then(free, free);
  const abandoned = abandonedAfter(controller.signal, GRACE_MS);
  try {
    return await Promise.race([work, abandoned.wait]);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    abandoned.forget();
    signal.removeEventListener("abort", stop);
    cancelTimer();
    unwatch();
  }

  function free(): void {
    running.delete(id);
  }
}

/** Q2. Rejects so long after the signal aborted. */
function abandonedAfter(signal: AbortSignal, ms: number): { readonly wait: Promise<never>; readonly forget: () => void } {
  let cancel: (() => void) | undefined;
  let begin = (): void => {};
  const wait = new Promise<never>((_, fail) => {
    begin = () => void (cancel ??= realClock.after(ms, () => fail(signal.reason)));
  });
  signal.addEventListener("abort", begin, { once: true });
  if (signal.aborted) begin();
  return {
    wait,
    forget() {
      signal.removeEventListener("abort", begin);
      cancel?.();
    },
  };
}

/** Looks at what the process holds besides cached tables, and at what it spilled; ends at the first that is too much. */
function watchGrowth(
  warehouse: Warehouse,
  { memoryBytesMax, spillBytesMax }: QueryBounds,
  tooMuch: (error: MillraceError) => void,
): () => void {
  let isOver = false;
  let cancel: (() => void) | undefined;
  let begun: { readonly memory: number; readonly spill: number } | undefined;
  const look = async (): Promise<void> => {
    const now = await warehouse.session(footprint).catch(() => undefined);
    if (isOver) return;
    begun ??= now;
    const memory = (now?.memory ?? 0) - (begun?.memory ?? 0);
    const spill = (now?.spill ?? 0) - (begun?.spill ?? 0);
    const what = memory > memoryBytesMax ? `memory grew by ${gigabytes(memory)}` : `temporary files grew by ${gigabytes(spill)}`;
    if (memory > memoryBytesMax || spill > spillBytesMax)
      return tooMuch(new MillraceError({ code: "MR8143", message: `the query was canceled: the engine's ${what} while it ran` }));
    cancel = realClock.after(LOOK_EVERY_MS, () => void look());
  };
  void look();
  return () => {
    isOver = true;
    cancel?.();
  };
}

async function footprint(session: Session): Promise<{ readonly memory: number; readonly spill: number }> {
  const row = await session.row<{ cached: number; spill: number }>(
    `select coalesce(sum(memory_usage_bytes) filter (tag in ('BASE_TABLE', 'METADATA', 'EXTERNAL_FILE_CACHE')), 0)::double as cached,
       coalesce(sum(temporary_storage_bytes), 0)::double as spill from duckdb_memory()`,
  );
  return { memory: process.memoryUsage.rss() - (row?.cached ?? 0), spill: row?.spill ?? 0 };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
