// One attempt at a task's effect. What acts in the warehouse commits together with its attempt, so that another attempt finds it done. What acts elsewhere is
// recorded by its report alone: a row of the warehouse would be written no sooner. A task with `reuse: true` is also not done again in later runs while its
// code, its parameters, the outputs that it was given and the assets it comes after are the same.
import { createHash } from "node:crypto";
import type { Attempt, AttemptResult } from "../../model/attempt.ts";
import type { NodeId, TaskNode } from "../../model/graph.ts";
import type { JsonValue } from "../../model/json.ts";
import { oneAtATime } from "../../load/asset-lock.ts";
import { type AttemptToken, alreadyCommitted, committedOrFenced, raiseFence, recordCommit } from "../../sql/ledger/fence.ts";
import type { Transaction } from "../../sql/session.ts";
import type { Warehouse } from "../../sql/warehouse.ts";

export interface TaskAttemptRequest {
  readonly warehouse: Warehouse;
  readonly node: TaskNode;
  /** Under what name it is committed: its node's, and of a loop the round. */
  readonly commitAs: string;
  /** Live versions of the assets it comes after. */
  readonly inputs: Readonly<Record<NodeId, string>>;
  /** What else makes it another piece of work: parameters, outputs, the item. */
  readonly given: JsonValue;
  readonly fullRefresh: boolean;
  readonly effect:
    | { act(): Promise<JsonValue> }
    /** Acts in the transaction that commits it. */
    | { transact(tx: Transaction): Promise<JsonValue> };
}

/** @throws what the task throws; MR5006 when a newer attempt has started. */
export async function taskAttempt(request: TaskAttemptRequest, attempt: Attempt): Promise<AttemptResult & { readonly output: JsonValue }> {
  const { warehouse, node, commitAs, effect } = request;
  if ("act" in effect && node.reuse !== true) return { output: await effect.act() };
  const token: AttemptToken = { run: attempt.run, node: commitAs, attempt: attempt.attempt };
  const version = versionOf(request);
  // Of a first attempt nothing can have been committed before, and it outruns nobody.
  if (attempt.attempt > 1) {
    await raiseFence(warehouse, token);
    const done = await warehouse.session((session) => alreadyCommitted(session, token));
    if (done !== undefined) return { output: done.result };
  }
  if (node.reuse === true && !request.fullRefresh) {
    const last = await lastOutput(warehouse, commitAs, version);
    if (last !== undefined) {
      attempt.log("info", `reused: its code, parameters and inputs are those of ${last.run}`);
      return { output: last.output, reused: true };
    }
  }
  const output = "act" in effect ? await effect.act() : null;
  const commit = async (tx: Transaction): Promise<JsonValue> => {
    const committed = await committedOrFenced(tx, token);
    if (committed !== undefined) return committed;
    const answer = "act" in effect ? output : await effect.transact(tx);
    await recordCommit(tx, token, commitAs, version, answer);
    return answer;
  };
  return { output: await oneAtATime(`${warehouse.path}\0${token.run}\0${commitAs}`, () => warehouse.transaction(commit)) };
}

function versionOf({ node, inputs, given }: TaskAttemptRequest): string {
  const parts = [node.codeHash, Object.entries(inputs).toSorted(byKey), given];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What the task returned when it was last done, if it was done just so. */
async function lastOutput(
  warehouse: Warehouse,
  node: string,
  version: string,
): Promise<{ readonly output: JsonValue; readonly run: string } | undefined> {
  const row = await warehouse.session((session) =>
    session.row<{ version: string; result: string; run: string }>(
      'select version, result, run from _millrace.commits where node = $1 order by "at" desc limit 1',
      [node],
    ),
  );
  return row === undefined || row.version !== version ? undefined : { output: JSON.parse(row.result) as JsonValue, run: row.run };
}
