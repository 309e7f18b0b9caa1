// Records leave quarantine: corrected, accepted or tried again, they go through the contract and the checks like a load of their own and are published
// in one transaction with what was decided. Nothing else of the asset is read again.
//   Q1. A record is decided once: it must still be open when the transaction begins.
//   Q2. A record that breaks the contract again stays where it is, as it was; one that a check sets aside again is a new record.
//   Q3. A record never takes the place of a row that a later load brought (merge): it counts as filtered, rule `superseded`.
//   Q4. A preview is the transaction itself, rolled back.
import { createHash, randomBytes } from "node:crypto";
import { MillraceError } from "../../model/errors.ts";
import { HIDDEN_COLUMNS, physicalName, physicalTable, publish, readLiveVersion } from "../../sql/ledger/publish.ts";
import { interruptible, type Session, type Transaction } from "../../sql/session.ts";
import { dropTables } from "../../sql/ledger/tables.ts";
import { literal } from "../../sql/text.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import { drawAccount, writeLedger } from "../account.ts";
import { applyRows } from "../apply.ts";
import { stoppedByChecks } from "../audit.ts";
import { stoppedBy } from "../audit-port.ts";
import { keptRows } from "../before.ts";
import type { CheckResult } from "../check.ts";
import type { LoadResult } from "../request.ts";
import { type AmendRequest, type AmendStage, prepareAmend, type StillBroken } from "./prepare.ts";
import type { CellChange } from "./edit.ts";

export interface AmendOutcome {
  readonly asset: string;
  /** Records that were meant. */
  readonly records: number;
  /** Rows that stand in the asset now. */
  readonly loaded: number;
  /** Records that a later row of the same key makes superfluous. */
  readonly superseded: number;
  /** Records that a check set aside again. */
  readonly asideAgain: number;
  /** Records that still break the contract and stay as they are; the first of them. */
  readonly stillBroken: readonly StillBroken[];
  readonly stillBrokenRows: number;
  /** Cells that were corrected; the first of them. */
  readonly changes: readonly CellChange[];
  readonly checks: readonly CheckResult[];
  readonly load: string;
  readonly version: string;
  readonly total: number;
}

/** Leaves the transaction of a preview. */
class Preview extends Error {
  readonly outcome: AmendOutcome;
  constructor(outcome: AmendOutcome) {
    super("a preview");
    this.outcome = outcome;
  }
}

/** @throws MR8401 nothing is open, MR8402–MR8406, MR4501 by checks, MR5007 when another run published meanwhile. */
export async function amend(warehouse: Warehouse, request: AmendRequest): Promise<AmendOutcome> {
  const loadId = `l_${Date.now().toString(36)}${randomBytes(5).toString("hex")}`;
  const startedMs = performance.now();
  try {
    return await warehouse.session((session) =>
      interruptible(session, request.signal, async () => {
        const staged = await prepareAmend(session, request, loadId);
        return warehouse.transaction((tx) => commitAmend(tx, request, staged, { loadId, startedMs }));
      }),
    );
  } catch (thrown) {
    if (thrown instanceof Preview) return thrown.outcome;
    throw thrown;
  } finally {
    await warehouse.session((session) => dropTables(session, physicalName(request.asset, loadId))).catch(() => undefined);
  }
}

async function commitAmend(
  tx: Transaction,
  request: AmendRequest,
  staged: AmendStage,
  { loadId, startedMs }: { readonly loadId: string; readonly startedMs: number },
): Promise<AmendOutcome> {
  const { asset, token } = request;
  const { prepared, memory } = staged;
  await guard(tx, request, staged);
  const decision = `d_${loadId.slice(2)}`;
  await decide(tx, request, staged, { decision, loadId });
  const applied = await applyRows(tx, prepared);
  const candidate = { asset, table: physicalTable(applied.physical), load: loadId, run: token.run, physical: applied.physical };
  const checks = applied.changed ? (await request.audit(tx, candidate)).results : [];
  if (stoppedBy(checks) !== undefined) throw stoppedByChecks(asset, checks, request.checks);
  const counted = await tx.row<{ total: number; loaded: number }>(
    `select count(*) as total, count(*) filter (where _load = ${literal(loadId)}) as loaded from ${candidate.table}`,
  );
  const { total, loaded } = counted ?? { total: 0, loaded: 0 };
  const account = await drawAccount(tx, {
    asset,
    load: loadId,
    items: prepared.items,
    loaded,
    filtered: [...prepared.filtered, ...applied.filtered],
  });
  const live = memory.live!;
  const version = applied.changed
    ? `v_${createHash("sha256").update([asset, live.version, loadId].join("\0")).digest("hex").slice(0, 16)}`
    : live.version;
  await writeLedger(
    tx,
    {
      asset,
      load: loadId,
      ...token,
      mode: request.act,
      status: applied.changed ? "loaded" : "unchanged",
      seconds: (performance.now() - startedMs) / 1000,
      version,
      warnings: [],
    },
    account,
  );
  const outcome: AmendOutcome = {
    asset,
    records: staged.records,
    loaded,
    superseded: account.rows.filtered,
    asideAgain: account.rows.quarantined,
    stillBroken: staged.stillBroken,
    stillBrokenRows: staged.stillBrokenRows,
    changes: staged.changes,
    checks,
    load: loadId,
    version,
    total,
  };
  if (request.dryRun) throw new Preview(outcome);
  const result: LoadResult = {
    load: loadId,
    version,
    changed: applied.changed,
    rows: account.rows,
    filtered: account.filtered,
    checks,
    files: 0,
    total,
    cursor: null,
    warnings: [],
  };
  if (!applied.changed) return outcome;
  await publish(tx, {
    asset,
    body: { kind: "table", physical: applied.physical, hidden: applied.hidden ? HIDDEN_COLUMNS : [] },
    version,
    // The definition and the contents of the source are what they were: the next load goes on from there.
    codeHash: live.codeHash,
    inputs: live.inputs,
    sourceState: live.sourceState,
    contentHash: live.contentHash,
    rows: total,
    checks,
    load: loadId,
    token,
    result,
    step: {
      continues: true,
      inPlace: applied.inPlace,
      undo: applied.inPlace ? await keptRows(tx, asset, loadId) : null,
      closes: prepared.mode === "snapshot",
      replacedFiles: [],
    },
  });
  return outcome;
}

/** Q1; and the asset is what it was when the records were prepared. */
async function guard(tx: Transaction, { asset }: AmendRequest, { ids, memory }: AmendStage): Promise<void> {
  const live = await readLiveVersion(tx, asset);
  const open = await tx.row<{ n: number }>(
    `select count(*) as n from _millrace.quarantine where asset = $1 and status = 'open' and list_contains(from_json($2, '["varchar"]'), id)`,
    [asset, JSON.stringify(ids)],
  );
  if (live?.version === memory.live?.version && open?.n === ids.length) return;
  throw new MillraceError({
    code: "MR5007",
    message: `Another run or person changed ${asset} or these records meanwhile.`,
    retryable: true,
  });
}

const STATUS = { fix: "fixed", accept: "accepted", replay: "replayed" } as const;

async function decide(
  tx: Transaction,
  request: AmendRequest,
  { ids, changes }: AmendStage,
  { decision, loadId }: { readonly decision: string; readonly loadId: string },
): Promise<void> {
  const { asset, act, by, why } = request;
  const mine = `asset = ${literal(asset)} and list_contains(from_json(${literal(JSON.stringify(ids))}, '["varchar"]'), id)`;
  if (act === "accept") await acceptRows(tx, mine, decision);
  await tx.run(
    `update _millrace.quarantine set status = '${STATUS[act]}', decided_at = now(), decided_by = ${literal(by)}, note = ${literal(decision)} where ${mine}`,
  );
  await recordDecision(tx, {
    decision,
    asset,
    act,
    ids,
    load: loadId,
    run: request.token.run,
    by,
    why,
    detail: detailOf(request, changes),
  });
}

/** The rules of checks are told that these rows are right. */
export async function acceptRows(tx: Session, condition: string, decision: string): Promise<void> {
  await tx.run(
    `insert into _millrace.accepted select asset, rule, md5("row"::varchar), ${literal(decision)}, now() from _millrace.quarantine
     where "row" is not null and ${condition}`,
  );
}

export interface Decision {
  readonly decision: string;
  readonly asset: string;
  readonly act: "fix" | "accept" | "discard" | "replay";
  readonly ids: readonly string[];
  readonly load: string | null;
  readonly run: string | null;
  readonly by: string;
  readonly why: string | null;
  readonly detail: string | null;
}

/** Who decided what over which records, and why. */
export async function recordDecision(tx: Session, decision: Decision): Promise<void> {
  await tx.run("insert into _millrace.decisions values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now())", [
    decision.decision,
    decision.asset,
    decision.act,
    JSON.stringify(decision.ids),
    decision.ids.length,
    decision.load,
    decision.run,
    decision.by,
    decision.why,
    decision.detail,
  ]);
}

function detailOf({ correction, where }: AmendRequest, changes: readonly CellChange[]): string | null {
  const set = correction.kind === "set" ? { set: correction.set } : correction.kind === "cells" ? { cells: changes } : {};
  const detail = { ...set, ...(where === undefined ? {} : { where }) };
  return Object.keys(detail).length === 0 ? null : JSON.stringify(detail);
}
