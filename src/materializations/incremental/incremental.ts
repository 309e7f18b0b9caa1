// incremental: only what is new, or what a change touched, is made; the rest of the table stays. Deciding, making, checking and publishing are one transaction.
//   I1. The result is what a full build would give, as far as the plan's reason does not say otherwise (a cursor, `ignore`, `forwardOnly`, append).
//   I2. A blocking check that fails leaves the version, its intervals and what it was made of as they were.
//   I3. A (run, node) that was committed is reported again without work; a stale attempt is refused.
import { isSameCode } from "../../model/code-hash.ts";
import { ledgerAsset, splitLedgerAsset } from "../../model/environment.ts";
import { CLOSED_COLUMN, dependsOnPast, type Incremental, incrementalOf } from "../../model/incremental.ts";
import { MillraceError } from "../../model/errors.ts";
import type { AskedIncrement, BuildResult } from "../../load/build-port.ts";
import { type Past, pastOf, takeOver } from "../../sql/ledger/begun.ts";
import { alreadyCommitted, raiseFence } from "../../sql/ledger/fence.ts";
import { readIncrement, writeIncrement } from "../../sql/ledger/intervals.ts";
import { keepVersion, type LiveVersion, readLive } from "../../sql/ledger/publish.ts";
import type { Session, Transaction } from "../../sql/session.ts";
import { withInterrupt } from "../commit.ts";
import { defineMaterialization, type ModelRequest } from "../materialization.ts";
import { assertQuery } from "../statement.ts";
import { hash, inputsKey } from "../hash.ts";
import { heldAfter, type IncrementBuild } from "./build.ts";
import { changeInPlace } from "./change.ts";
import { type Decision, decideIncrement } from "./decide.ts";
import { columnsOf } from "./made.ts";
import { rebuild } from "./rebuild.ts";

export const incremental = defineMaterialization({
  name: "incremental",
  summary: "The rows are stored; only intervals or keys that are new or were touched are built again.",
  async build(request) {
    const { warehouse, token } = request;
    request.signal.throwIfAborted();
    await raiseFence(warehouse, token);
    const done = await warehouse.session((session) => alreadyCommitted(session, token));
    if (done !== undefined) return done.result as BuildResult;
    return withInterrupt(request, (tx) => buildIn(tx, request));
  },
});

async function buildIn(tx: Transaction, request: ModelRequest): Promise<BuildResult> {
  const { unit, token } = request;
  await assertQuery(tx, unit);
  const live = await readLive(tx);
  const { own, past } = await standingOf(tx, request, live);
  const { inputs } = request;
  if (own?.rolledBack != null && isHeldBack(request, own.rolledBack, inputs)) return keep(tx, { request, own, reads: null, inputs });
  const decision =
    request.asked === undefined ? await decideWithColumns(tx, request, { live, own }) : await decidedBy(tx, request.asked, own);
  const build: IncrementBuild = {
    request,
    how: howOf(request),
    decision,
    // What was asked for is a part: what else changed is still to be done.
    inputs: request.asked !== undefined && own !== undefined ? own.inputs : inputs,
    own,
    begun: past?.begun,
    load: `b_${hash(token.run, token.node, token.attempt)}`,
  };
  if (decision.todo.kind === "rebuild") return rebuild(tx, build);
  if (own === undefined) throw new Error("only a first build has nothing that stands");
  const mine = past?.isProds === true ? await takeOver(tx, { key: unit.id, from: own, token, load: build.load }) : own;
  const changed = decision.todo.kind === "nothing" ? undefined : await changeInPlace(tx, { ...build, own: mine });
  return changed ?? keep(tx, { request, own: mine, reads: decision, inputs });
}

/** A query of other columns than before (`select *` of an input that has more now) gives other rows everywhere. */
async function decideWithColumns(
  tx: Transaction,
  request: ModelRequest,
  { live, own }: { readonly live: ReadonlyMap<string, LiveVersion>; readonly own: LiveVersion | undefined },
): Promise<Decision> {
  const decision = await decideFor(tx, request, live);
  const how = howOf(request);
  const isSettled = Object.entries(decision.reads).every(([asset, version]) => decision.readBefore[asset] === version);
  if (own === undefined || decision.todo.kind === "rebuild" || how.forwardOnly || isSettled) return decision;
  const before = new Map(own.columns.map(({ name, type }) => [name, type]));
  const columns = await columnsOf(tx, { unit: request.unit, how, parameters: request.parameters });
  const changed = columns.filter(({ name, type }) => before.get(name) !== type).map(({ name }) => name);
  const gone = [...before.keys()].filter((name) => name !== CLOSED_COLUMN && !columns.some((column) => column.name === name));
  if (changed.length + gone.length === 0) return decision;
  return decideFor(tx, { ...request, because: `its columns are others now (${[...changed, ...gone].join(", ")})` }, live);
}

/** What was asked for in so many words; where nothing stands yet, the first table is made of it. */
async function decidedBy(session: Session, asked: AskedIncrement, own: LiveVersion | undefined): Promise<Decision> {
  const before = own === undefined ? undefined : await readIncrement(session, own.asset, own.version);
  const common = { reads: before?.reads ?? {}, readBefore: {}, held: before?.ranges ?? [], isJoinable: true, reason: "asked for" };
  const range = asked.kind === "interval" ? [{ startMs: asked.startMs, endMs: asked.endMs }] : null;
  if (own === undefined) return { ...common, todo: { kind: "rebuild", ranges: range } };
  switch (asked.kind) {
    case "interval":
      return { ...common, todo: { kind: "intervals", ranges: range ?? [] } };
    case "since":
    case "whole":
      return { ...common, todo: asked };
    default:
      return asked satisfies never;
  }
}

/** The same decision for `plan`, which does nothing. */
export async function decideFor(
  session: Session,
  request: Pick<ModelRequest, "unit" | "spec" | "codeHash" | "inputs" | "parameters" | "fullRefresh" | "mayReuse" | "macros"> & {
    readonly because?: string;
  },
  live: ReadonlyMap<string, LiveVersion>,
): Promise<Decision> {
  const { now } = request.parameters;
  const { own, past } = await standingOf(session, request, live);
  const decision = await decideIncrement(session, {
    unit: request.unit,
    own,
    how: howOf(request),
    codeHash: request.codeHash,
    inputs: Object.keys(request.inputs),
    parameters: request.parameters,
    live,
    nowMs: now instanceof Date ? now.getTime() : Date.now(),
    fullRefresh: request.fullRefresh,
    because: request.because,
    mayReuse: request.mayReuse,
    macros: request.macros,
  });
  if (past?.isProds !== true || decision.todo.kind === "rebuild") return decision;
  return { ...decision, reason: `${decision.reason}; it begins with the rows that prod has` };
}

/** The version that is gone on from: what the environment has of its own, or where its rows depend on those before, what prod has by now. */
async function standingOf(
  session: Session,
  request: Pick<ModelRequest, "unit" | "spec" | "fullRefresh">,
  live: ReadonlyMap<string, LiveVersion>,
): Promise<{ readonly own: LiveVersion | undefined; readonly past: Past | undefined }> {
  const key = ledgerAsset(splitLedgerAsset(request.unit.id).asset, session.environment);
  const own = ownVersion(live, key);
  const past = dependsOnPast(howOf(request)) ? await pastOf(session, { key, own, fullRefresh: request.fullRefresh }) : undefined;
  return { own: past === undefined ? own : past.from, past };
}

/** What the environment has of its own: prod's table is not changed for another. */
function ownVersion(live: ReadonlyMap<string, LiveVersion>, key: string): LiveVersion | undefined {
  const found = live.get(splitLedgerAsset(key).asset);
  return found?.asset === key ? found : undefined;
}

function howOf({ spec, unit }: Pick<ModelRequest, "spec" | "unit">): Incremental {
  const how = incrementalOf(spec);
  if (how !== undefined) return how;
  throw new MillraceError({
    code: "MR4610",
    message: `${unit.id}: an incremental model says how: by a column of time, by a key, or mode: append`,
  });
}

/** A version that somebody went back to stays while what the left one was made of is the same. */
function isHeldBack(
  request: ModelRequest,
  { codeHash, inputs }: NonNullable<LiveVersion["rolledBack"]>,
  now: Readonly<Record<string, string>>,
): boolean {
  return !request.fullRefresh && isSameCode(codeHash, request.codeHash) && inputsKey(inputs) === inputsKey(now);
}

interface Keeping {
  readonly request: ModelRequest;
  readonly own: LiveVersion;
  /** Null while a rollback holds. */
  readonly reads: Decision | null;
  readonly inputs: Readonly<Record<string, string>>;
}

/** Nothing that readers see changes; that it was looked at is noted, so that it is not looked at again. */
async function keep(tx: Transaction, { request, own, reads, inputs }: Keeping): Promise<BuildResult> {
  const { unit, token, codeHash } = request;
  const result: BuildResult = { version: own.version, reused: true, rows: own.rows, quarantined: 0, checks: [] };
  await keepVersion(tx, token, unit.id, own.version, result);
  if (reads === null) return result;
  await tx.run("update _millrace.versions set inputs = $3, code_hash = $4 where asset = $1 and version = $2", [
    unit.id,
    own.version,
    JSON.stringify(inputs),
    codeHash,
  ]);
  const version = { asset: unit.id, version: own.version, run: token.run };
  await writeIncrement(tx, version, {
    mode: howOf(request).mode,
    reads: reads.reads,
    ranges: heldAfter(reads, codeHash),
    reason: reads.reason,
  });
  return result;
}
