// A load: deliveries → stage tables → columns under contract → work table → one transaction that merges, audits, accounts and publishes.
//   L1. Until the transaction commits nothing is visible; after it everything is: rows, cursor, schema, files, quarantine, ledger, version.
//   L2. read = loaded + quarantined + filtered, in all and per file (account.ts).
//   L3. A (run, node) that was committed is reported again without work; a stale attempt is refused.
//   L4. A load that finds the same contents keeps the version, so that nothing downstream is rebuilt.
import { createHash, randomBytes } from "node:crypto";
import { splitLedgerAsset } from "../model/environment.ts";
import { MillraceError } from "../model/errors.ts";
import { snakeName, splitAsset } from "../model/names.ts";
import { alreadyCommitted } from "../sql/ledger/fence.ts";
import { keepVersion, physicalName } from "../sql/ledger/publish.ts";
import { interruptible, type Session } from "../sql/session.ts";
import { oneAtATime } from "./asset-lock.ts";
import { isStanding } from "./partition-load.ts";
import { dropTables } from "../sql/ledger/tables.ts";
import type { Warehouse } from "../sql/warehouse.ts";
import { drawAccount, writeLedger } from "./account.ts";
import { leaveOut } from "./apply.ts";
import { commitLoad } from "./commit.ts";
import { completeContract } from "./contract.ts";
import { convertStages } from "./convert.ts";
import { type LoadStart, readCursor, readStart, writeCursor, advanceCursor } from "./cursor.ts";
import { guardLoad } from "./guards.ts";
import { loadModeOf, readMemory, type Memory } from "./memory.ts";
import { planStages, readingsFor } from "./plan-stages.ts";
import type { Prepared } from "./prepared.ts";
import { Keeper } from "./raw/keep.ts";
import type { LoadRequest, LoadResult } from "./request.ts";
import { stageDeliveries } from "./stage.ts";
import type { Held, Staged } from "./staged.ts";

/** Where the next load of a source begins: what connectors get as `since` and `position`. */
export async function startOfLoad(warehouse: Warehouse, request: Pick<LoadRequest, "asset" | "spec" | "fullRefresh">): Promise<LoadStart> {
  const mode = loadModeOf(request.spec);
  if (request.fullRefresh || mode === "replace" || mode === "snapshot") return { since: undefined, position: undefined };
  return warehouse.session((session) => readStart(session, request.asset, request.spec.lookback));
}

/** Loads an asset. @throws MR40xx by contract and account, MR4501 by its checks, what deliveries throw, MR50xx. */
export async function load(warehouse: Warehouse, request: LoadRequest): Promise<LoadResult> {
  if (request.replay === undefined) splitAsset(splitLedgerAsset(request.asset).asset); // a shadow's name is ours
  const startedMs = performance.now();
  const done = await warehouse.session((session) => alreadyCommitted(session, request.token));
  if (done !== undefined) return done.result as LoadResult;
  const loadId = request.replay?.load ?? `l_${Date.now().toString(36)}${randomBytes(5).toString("hex")}`;
  const mode = loadModeOf(request.spec);
  if ((mode === "merge" || mode === "snapshot") && keysOf(request).length === 0) {
    throw new MillraceError({ code: "MR4012", message: `${request.asset} is loaded by ${mode} and has no primaryKey.` });
  }
  const keeper =
    request.raw === undefined ? undefined : new Keeper(warehouse, { asset: request.asset, load: loadId, keeping: request.raw });
  const received: { all?: Held } = {};
  try {
    return await warehouse.session((session) =>
      interruptible(session, request.signal, async () => {
        const memory = await readMemory(session, request, mode);
        const contract = completeContract(request.spec.contract);
        const readings = await readingsFor(session, request.spec, memory.committed);
        const all = await stageDeliveries({
          session,
          request,
          load: loadId,
          taken: request.replay?.taken ?? memory.taken,
          lastFiles: memory.lastFiles,
          identities: memory.identities,
          readings,
          committed: memory.committed,
          keeper,
        });
        received.all = all;
        const finish = async (now: Memory): Promise<LoadResult> => {
          const staged = await all.fit(now.committed);
          const doubts = await guardLoad(session, { request, mode, staged });
          const prepared = await prepare(session, { request, memory: now, staged, contract, loadId, mode });
          request.signal?.throwIfAborted();
          if (prepared === null) {
            await keeper?.discard("drop");
            return await keep(warehouse, { request, memory: now, staged, loadId, mode, startedMs, doubts });
          }
          const raw = await keeper?.finish();
          const result = await commitLoad(warehouse, { ...prepared, startedMs, doubts, ...(raw === undefined ? {} : { raw }) });
          await keeper?.committed(result);
          return result;
        };
        const { replay } = request;
        if (replay !== undefined) return await replay.inTurn(async () => finish(await readMemory(session, request, mode)));
        if (request.partition === undefined) return await finish(memory);
        // Partitions of one asset are fetched side by side and published one after the other.
        return await oneAtATime(`${warehouse.path}\0${request.asset}`, async () => finish(await readMemory(session, request, mode)));
      }),
    );
  } catch (error) {
    // What a source gave in full and could not be loaded is asked for anew; what it did not finish is gone on from.
    await keeper?.discard(received.all !== undefined && !(request.signal?.aborted === true) ? "drop" : "keep");
    throw error;
  } finally {
    received.all?.release();
    await sweep(warehouse, request.asset, loadId);
  }
}

function keysOf(request: LoadRequest): readonly string[] {
  const { primaryKey } = request.spec;
  return primaryKey === undefined ? [] : typeof primaryKey === "string" ? [primaryKey] : primaryKey;
}

interface Preparing {
  readonly request: LoadRequest;
  readonly memory: Memory;
  readonly staged: Staged;
  readonly contract: ReturnType<typeof completeContract>;
  readonly loadId: string;
  readonly mode: Prepared["mode"];
}

/** Everything that can be done before the transaction; null when there is nothing new. */
async function prepare(
  session: Session,
  { request, memory, staged, contract, loadId, mode }: Preparing,
): Promise<Omit<Prepared, "startedMs"> | null> {
  const { live } = memory;
  const contentHash = createHash("sha256").update(`${request.codeHash}\0${staged.contentHash}`).digest("hex").slice(0, 32);
  const isSame = live !== undefined && live.codeHash === request.codeHash;
  if (request.partition !== undefined) {
    if (await isStanding(session, request, contentHash)) return null;
  } else if (mode === "replace" && isSame && live.contentHash === contentHash) return null;
  else if (mode !== "replace" && isSame && staged.stages.every((stage) => stage.rows === 0 && stage.rejected === null)) return null;
  const read = staged.stages.flatMap((stage) => stage.items).reduce((sum, item) => sum + item.read, 0);
  if (
    read === 0 &&
    mode === "replace" &&
    request.partition === undefined &&
    (live?.rows ?? 0) > 0 &&
    contract.emptyDelivery === "fail" &&
    !request.fullRefresh
  ) {
    throw new MillraceError({
      code: "MR4007",
      message: `${request.asset} has ${live?.rows ?? 0} rows and the delivery has none.`,
      hint: "If that is right: contract: { emptyDelivery: accept }",
    });
  }
  const { stages, plan } = await planStages(session, { request, memory, staged, contract, mode });
  const physical = physicalName(request.asset, loadId);
  const conversion = await convertStages({
    session,
    asset: request.asset,
    load: loadId,
    run: request.token.run,
    stages,
    plan,
    needsHidden: mode !== "replace" || request.partition !== undefined,
    physical,
    personal: new Set(Object.keys(request.spec.pii ?? {})),
  });
  const names = new Set(plan.columns.map((column) => column.name));
  const prepared = {
    request,
    memory,
    mode,
    contract,
    loadId,
    contentHash,
    plan,
    conversion,
    items: [...stages.flatMap((stage) => stage.items), ...staged.skipped],
    replacedFiles: staged.replacedFiles,
    rowsOnly: stages.every((stage) => stage.kind === "rows"),
    isExact: stages.every((stage) => stage.exact === true),
    position: staged.position,
    keys: keysOf(request).map((key) => columnOf(request.asset, "primaryKey", key, names)),
    cursor: request.spec.cursor === undefined ? null : columnOf(request.asset, "cursor", request.spec.cursor, names),
  };
  return { ...prepared, ...(await leaveOut(session, prepared)) };
}

/** A key or cursor as the user wrote it: the column's name, or its header. */
function columnOf(asset: string, what: string, written: string, names: ReadonlySet<string>): string {
  const found = [written, snakeName(written)].find((name) => names.has(name));
  if (found !== undefined || names.size === 0) return found ?? written;
  throw new MillraceError({
    code: "MR4010",
    message: `${what}: ${asset} has no column ${JSON.stringify(written)}.`,
    hint: `Its columns are ${[...names].slice(0, 30).join(", ")}.`,
  });
}

interface Keeping {
  readonly request: LoadRequest;
  readonly memory: Memory;
  readonly staged: Staged;
  readonly loadId: string;
  readonly mode: Prepared["mode"];
  readonly startedMs: number;
  readonly doubts: readonly string[];
}

/** L4: the ledger tells that a load looked and found nothing new; readers see what they saw. */
async function keep(warehouse: Warehouse, { request, memory, staged, loadId, mode, startedMs, doubts }: Keeping): Promise<LoadResult> {
  const { asset, token } = request;
  const live = memory.live!;
  return warehouse.transaction(async (tx) => {
    const items = [...staged.stages.flatMap((stage) => stage.items), ...staged.skipped];
    const filtered = items.filter((item) => item.read > 0).map((item) => ({ rule: "unchanged", file: item.name, rows: item.read }));
    const account = await drawAccount(tx, { asset, load: loadId, items, loaded: 0, filtered });
    const seconds = (performance.now() - startedMs) / 1000;
    await writeLedger(
      tx,
      { asset, load: loadId, ...token, mode, status: "unchanged", seconds, version: live.version, warnings: doubts },
      account,
    );
    const before = request.partition === undefined ? await readCursor(tx, asset) : undefined;
    const column = before?.column == null || before.type === null ? null : { name: before.column, type: before.type };
    const cursor = request.partition === undefined ? await advanceCursor(tx, before, column, null, staged.position) : undefined;
    if (cursor !== undefined) await writeCursor(tx, asset, loadId, cursor);
    const result: LoadResult = {
      load: loadId,
      version: live.version,
      changed: false,
      rows: account.rows,
      filtered: account.filtered,
      checks: [],
      files: items.length,
      total: live.rows ?? 0,
      cursor: cursor?.value ?? null,
      warnings: doubts,
    };
    await keepVersion(tx, token, asset, live.version, result, request.partition === undefined ? request.sourceState : undefined);
    return result;
  });
}

/** Drops what the load left behind. What cannot be dropped now is dropped at the next opening. */
async function sweep(warehouse: Warehouse, asset: string, loadId: string): Promise<void> {
  await warehouse.session((session) => dropTables(session, physicalName(asset, loadId))).catch(() => undefined);
}
