// One attempt to load a source: ask whether anything changed, read its deliveries, load them. What commits is the load itself, in one transaction.
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Attempt, AttemptResult } from "../../model/attempt.ts";
import type { SourceSpec } from "../../model/definitions/source.ts";
import { auditWith } from "../../load/audit.ts";
import type { PartitionRequest } from "../../load/partition-port.ts";
import { spanOf } from "./partition.ts";
import type { CompiledCheck } from "../../load/check.ts";
import type { Delivery, Json } from "../../load/connector.ts";
import type { LoadStart } from "../../load/cursor.ts";
import { load, startOfLoad } from "../../load/load.ts";
import { openPending } from "../../load/raw/pending.ts";
import type { PendingPages } from "../../load/raw/port.ts";
import { raiseFence, type AttemptToken } from "../../sql/ledger/fence.ts";
import { type LiveVersion, readLiveVersion } from "../../sql/ledger/publish.ts";
import type { Warehouse } from "../../sql/warehouse.ts";

export interface SourceRequest {
  readonly warehouse: Warehouse;
  readonly asset: string;
  readonly spec: SourceSpec;
  readonly codeHash: string;
  readonly checks: readonly CompiledCheck[];
  readonly repair: "note" | "quarantine";
  readonly fullRefresh: boolean;
  readonly tempDir: string;
  /** The partitions to load; left out: the whole asset. */
  readonly partition?: PartitionRequest;
  /** Where what is received is kept; left out: nowhere. */
  readonly raw?: RawRequest;
  /** A token that changes when there may be something new; null when only reading can tell. */
  state(connection: DuckDBConnection): Promise<string | null>;
  deliveries(connection: DuckDBConnection, start: LoadStart & { readonly resume?: Json }): AsyncIterable<Delivery>;
}

export interface RawRequest {
  readonly root: string;
  /** The connector's options, where it can go on after pages of an earlier try. */
  readonly resumes?: unknown;
}

/** @throws what the connector and the load throw. */
export async function sourceAttempt(request: SourceRequest, attempt: Attempt): Promise<AttemptResult> {
  const { warehouse, asset, spec, fullRefresh } = request;
  const token: AttemptToken = { run: attempt.run, node: attempt.node, attempt: attempt.attempt };
  await raiseFence(warehouse, token);
  const { partition } = request;
  const start =
    partition === undefined
      ? await startOfLoad(warehouse, { asset, spec, fullRefresh })
      : { since: spanOf(partition)?.start.toISOString() ?? undefined, position: undefined };
  return warehouse.session(async (session) => {
    const sourceState = await request.state(session.connection);
    const live = await readLiveVersion(session, asset);
    const isKnown = sourceState !== null && live?.sourceState === sourceState && live.codeHash === request.codeHash;
    if (partition === undefined && (isKnown || isHeld(live, request.codeHash, sourceState)) && !fullRefresh) return { reused: true };
    const personal = Object.keys(spec.pii ?? {});
    if (personal.length > 0) attempt.log("info", `pii: quarantine and the raw zone keep ${personal.join(", ")} as received`);
    const pending = request.raw === undefined ? undefined : await pendingOf(request, request.raw, start);
    const result = await load(warehouse, {
      asset,
      spec,
      deliveries: continued(request, session.connection, { start, pending, log: attempt.log }),
      ...(request.raw === undefined ? {} : { raw: { root: request.raw.root, ...(pending === undefined ? {} : { pending }) } }),
      token,
      codeHash: request.codeHash,
      sourceState,
      audit: auditWith(request.checks),
      checks: request.checks,
      repair: request.repair,
      fullRefresh,
      tempDir: request.tempDir,
      ...(partition === undefined ? {} : { partition }),
      signal: attempt.signal,
      log: attempt.log,
    });
    for (const warning of result.warnings) attempt.log("warn", warning);
    return { rows: result.rows, checks: result.checks, reused: !result.changed };
  });
}

/** What an earlier try of this load had received. */
async function pendingOf(request: SourceRequest, raw: RawRequest, start: LoadStart): Promise<PendingPages | undefined> {
  if (raw.resumes === undefined) return undefined;
  const { asset, codeHash, fullRefresh, partition } = request;
  const question = { asset, codeHash, options: raw.resumes, partition: partition?.name ?? null, fullRefresh, ...start };
  return openPending(raw.root, question, Date.now());
}

interface Continuing {
  readonly start: LoadStart;
  readonly pending: PendingPages | undefined;
  readonly log: Attempt["log"];
}

/** The pages of an earlier try, then what the source gives after them. */
async function* continued(
  request: SourceRequest,
  connection: DuckDBConnection,
  { start, pending, log }: Continuing,
): AsyncGenerator<Delivery> {
  if (pending?.resume === undefined) {
    yield* request.deliveries(connection, start);
    return;
  }
  log("info", `${pending.pages} pages of an earlier try are kept; the source goes on after them`);
  yield* pending.received();
  yield* request.deliveries(connection, { ...start, resume: pending.resume });
}

/** Somebody went back from what this source would give again; where only reading tells, it waits for `--release`. */
function isHeld(live: LiveVersion | undefined, codeHash: string, sourceState: string | null): boolean {
  const rolledBack = live?.rolledBack ?? null;
  return rolledBack !== null && rolledBack.codeHash === codeHash && (sourceState === null || sourceState === rolledBack.sourceState);
}
