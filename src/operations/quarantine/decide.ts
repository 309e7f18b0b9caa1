// Decisions over records in quarantine. Those of sources go through the contract and checks in a run of their own; what is made of other assets is built
// again; a discarded record stays in the ledger with who discarded it and why.
import { randomBytes } from "node:crypto";
import type { QuarantineDecisionAnswer, RunSummaryAnswer } from "../../model/answers.ts";
import { splitLedgerAsset } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ExtractNode, SourceNode } from "../../model/graph.ts";
import type { RunProgress } from "../../model/progress.ts";
import { acceptRows, amend, type AmendOutcome, recordDecision } from "../../load/amend/amend.ts";
import type { Correction } from "../../load/amend/edit.ts";
import { openRecords } from "../../load/amend/records.ts";
import { auditWith } from "../../load/audit.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import { realClock } from "../../engine/clock.ts";
import { keepInside } from "../access/expressions.ts";
import { actor } from "../actor.ts";
import { defineProject } from "../plan/definitions.ts";
import { QUERY_BOUNDS } from "../query/running.ts";
import { runOperation } from "../runs/run.ts";
import type { Workspace } from "../workspace.ts";
import { type Amendment, isLoaded } from "./amendment.ts";
import { correctionsIn } from "./exchange.ts";
import { nothingOpen, type Targets, targetsOf } from "./targets.ts";

export interface DecisionRequest {
  readonly act: "fix" | "accept" | "replay";
  /** Ids, or an asset and perhaps ids of it. */
  readonly named: readonly string[];
  readonly rule?: string;
  /** SQL condition over the records' cells. */
  readonly where?: string;
  /** Column → SQL. */
  readonly set?: Readonly<Record<string, string>>;
  /** A file of corrected records, absolute. */
  readonly file?: string;
  /** Corrected records as such a file holds them: cells as text by column, with `_id`. */
  readonly records?: readonly Readonly<Record<string, string | null>>[];
  readonly why?: string;
  readonly by?: string;
  readonly dryRun: boolean;
}

type Observe = (progress: RunProgress) => void;
type Tell = (answer: QuarantineDecisionAnswer) => void;

/** Returns the run's summary; null for a preview. @throws MR8401–MR8407, MR4501 when a check says stop. */
export async function decideRecords(
  workspace: Workspace,
  request: DecisionRequest,
  observe: Observe,
  tell: Tell,
): Promise<RunSummaryAnswer | null> {
  await workspace.projectWithWarehouse();
  const warehouse = await workspace.warehouse();
  await keepInside(warehouse, [request.where, ...Object.values(request.set ?? {})]);
  const targets = await targetsOf(workspace, warehouse, request.named);
  const { act, by = actor(), why = null, dryRun } = request;
  const { node } = targets;
  if (!isLoaded(node)) return decideBuilt(workspace, request, { targets, by, why, observe, tell });
  if (node.spec.partition !== undefined) {
    throw new MillraceError({
      code: "MR8407",
      message: `${node.id} is loaded by partition`,
      hint: `correct its source, then: millrace run --select ${node.id} --partition KEY`,
    });
  }
  const correction: Correction =
    request.file !== undefined
      ? { kind: "cells", records: await correctionsIn(warehouse, request.file) }
      : request.records !== undefined
        ? { kind: "cells", records: request.records }
        : request.set !== undefined
          ? { kind: "set", set: request.set }
          : { kind: "none" };
  const narrowed = {
    ...(targets.ids === undefined ? {} : { ids: targets.ids }),
    ...(request.rule === undefined ? {} : { rule: request.rule }),
    ...(request.where === undefined ? {} : { where: request.where }),
  };
  const common = { asset: targets.asset, act, correction, by, why, ...narrowed };
  const answer = (outcome: AmendOutcome): QuarantineDecisionAnswer => answerOf(outcome, { act, by, why, dryRun });
  if (dryRun) {
    tell(answer(await preview(workspace, node, { ...common, asset: targets.key })));
    return null;
  }
  return runOperation(
    workspace,
    {
      select: targets.asset,
      fullRefresh: true,
      because: reasonOf(act),
      amendment: { ...common, done: (outcome) => tell(answer(outcome)) },
    },
    observe,
  );
}

/** What stands as the reason of the node in the run. */
function reasonOf(act: DecisionRequest["act"]): string {
  return `millrace quarantine ${act}`;
}

async function preview(workspace: Workspace, node: SourceNode | ExtractNode, common: Omit<Amendment, "done">): Promise<AmendOutcome> {
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const { checks } = await defineProject(workspace, { live, lineage: "tables", params: {} });
  const own = checks.get(node.id) ?? [];
  const token = { run: `preview_${randomBytes(6).toString("hex")}`, node: node.id, attempt: 1 };
  const tempDir = workspace.tempDir();
  const tooLong = new AbortController();
  const cancelTimer = realClock.after(QUERY_BOUNDS.secondsMax * 1_000, () =>
    tooLong.abort(new MillraceError({ code: "MR8141", message: `the preview was canceled after ${QUERY_BOUNDS.secondsMax} s` })),
  );
  const signal = AbortSignal.any([workspace.signal, tooLong.signal]);
  const request = { ...common, spec: node.spec, token, audit: auditWith(own), checks: own, tempDir, dryRun: true, signal };
  try {
    return await amend(warehouse, request);
  } finally {
    cancelTimer();
  }
}

interface Deciding {
  readonly targets: Targets;
  readonly by: string;
  readonly why: string | null;
  readonly observe: Observe;
  readonly tell: Tell;
}

/** Rows that a check took out of a model: the check is told that they are right, then the model is built again. */
async function decideBuilt(
  workspace: Workspace,
  { act, dryRun, rule, where, set, file, records }: DecisionRequest,
  { targets, by, why, observe, tell }: Deciding,
): Promise<RunSummaryAnswer | null> {
  const { asset, key } = targets;
  if (act === "fix" || where !== undefined || set !== undefined || file !== undefined || records !== undefined) {
    throw new MillraceError({
      code: "MR8407",
      message: `${asset} is made of other assets: correct the model, or what it reads`,
      hint: `millrace quarantine accept ${asset}`,
    });
  }
  const warehouse = await workspace.warehouse();
  const fits = openRecords({
    asset: key,
    ...(targets.ids === undefined ? {} : { ids: targets.ids }),
    ...(rule === undefined ? {} : { rule }),
  });
  const rows = await warehouse.session((session) =>
    session.rows<{ id: string }>(`select id from _millrace.quarantine where ${fits} order by id`),
  );
  if (rows.length === 0) throw await nothingOpen(warehouse, targets);
  const ids = rows.map(({ id }) => id);
  tell(answerOf({ ...NOTHING, asset, records: ids.length, loaded: act === "accept" ? ids.length : 0 }, { act, by, why, dryRun }));
  if (dryRun) return null;
  if (act === "accept") {
    const decision = `d_${Date.now().toString(36)}${randomBytes(5).toString("hex")}`;
    await warehouse.transaction(async (tx) => {
      await acceptRows(tx, fits, decision);
      await tx.run(`update _millrace.quarantine set status = 'accepted', decided_at = now(), decided_by = $1, note = $2 where ${fits}`, [
        by,
        decision,
      ]);
      await recordDecision(tx, { decision, asset: key, act, ids, load: null, run: null, by, why, detail: null });
    });
  }
  return runOperation(workspace, { select: asset, fullRefresh: true, because: reasonOf(act) }, observe);
}

const NOTHING: AmendOutcome = {
  asset: "",
  records: 0,
  loaded: 0,
  superseded: 0,
  asideAgain: 0,
  stillBroken: [],
  stillBrokenRows: 0,
  changes: [],
  checks: [],
  load: "",
  version: "",
  total: 0,
};

function answerOf(
  outcome: AmendOutcome,
  { act, by, why, dryRun }: Pick<QuarantineDecisionAnswer, "act" | "by" | "why" | "dryRun">,
): QuarantineDecisionAnswer {
  const { asset, records, loaded, superseded, asideAgain, changes } = outcome;
  return {
    type: "quarantine",
    act,
    asset: splitLedgerAsset(asset).asset,
    dryRun,
    records,
    loaded,
    superseded,
    asideAgain,
    stillBroken: { rows: outcome.stillBrokenRows, first: outcome.stillBroken },
    changes,
    by,
    why,
    version: dryRun || outcome.version === "" ? null : outcome.version,
  };
}

/** Notes that records are not wanted. @throws MR8401 when none is open. */
export async function discardRecords(
  workspace: Workspace,
  request: { readonly named: readonly string[]; readonly rule?: string; readonly why?: string; readonly by?: string },
): Promise<QuarantineDecisionAnswer> {
  const warehouse = await workspace.warehouse();
  const { asset, key, ids } = await targetsOf(workspace, warehouse, request.named);
  const { by = actor(), why = null, rule } = request;
  const fits = openRecords({ asset: key, ...(ids === undefined ? {} : { ids }), ...(rule === undefined ? {} : { rule }) });
  const decision = `d_${Date.now().toString(36)}${randomBytes(5).toString("hex")}`;
  const records = await warehouse.transaction(async (tx) => {
    const found = await tx.rows<{ id: string }>(`select id from _millrace.quarantine where ${fits} order by id`);
    if (found.length === 0) return 0;
    await tx.run(`update _millrace.quarantine set status = 'discarded', decided_at = now(), decided_by = $1, note = $2 where ${fits}`, [
      by,
      decision,
    ]);
    await recordDecision(tx, {
      decision,
      asset: key,
      act: "discard",
      ids: found.map(({ id }) => id),
      load: null,
      run: null,
      by,
      why,
      detail: null,
    });
    return found.length;
  });
  if (records === 0) throw await nothingOpen(warehouse, { asset, ...(ids === undefined ? {} : { ids }) });
  return answerOf({ ...NOTHING, asset, records }, { act: "discard", by, why, dryRun: false });
}
