// One attempt at a task. What it returned is committed for its run, so that an attempt after a lost report does not act again; a task with
// `reuse: true` is also not done again in later runs while its code, its parameters and the assets it comes after are the same.
import { createHash } from "node:crypto";
import type { JsonValue } from "../model/answers.ts";
import type { Attempt, AttemptResult } from "../model/attempt.ts";
import type { NodeId, TaskNode } from "../model/graph.ts";
import { type AttemptToken, alreadyCommitted, passFence, raiseFence, recordCommit } from "../sql/fence.ts";
import type { Warehouse } from "../sql/warehouse.ts";

export interface TaskAttemptRequest {
  readonly warehouse: Warehouse;
  readonly node: TaskNode;
  /** Live versions of the assets it comes after. */
  readonly inputs: Readonly<Record<NodeId, string>>;
  readonly params: Readonly<Record<string, string>>;
  readonly fullRefresh: boolean;
  act(): Promise<JsonValue>;
}

/** @throws what the task throws; MR5006 when a newer attempt has started. */
export async function taskAttempt(request: TaskAttemptRequest, attempt: Attempt): Promise<AttemptResult> {
  const { warehouse, node } = request;
  const token: AttemptToken = { run: attempt.run, node: node.id, attempt: attempt.attempt };
  const version = versionOf(request);
  const done = await warehouse.session((session) => alreadyCommitted(session, token));
  if (done !== undefined) return { output: done.result };
  if (node.reuse === true && !request.fullRefresh) {
    const last = await lastOutput(warehouse, node.id, version);
    if (last !== undefined) return { output: last.output, reused: true };
  }
  await raiseFence(warehouse, token);
  const output = await request.act();
  await warehouse.transaction(async (tx) => {
    await passFence(tx, token);
    await recordCommit(tx, token, node.id, version, output);
  });
  return { output };
}

function versionOf({ node, inputs, params }: TaskAttemptRequest): string {
  const parts = [node.codeHash, Object.entries(inputs).toSorted(byKey), Object.entries(params).toSorted(byKey)];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What the task returned when it was last done, if it was done just so. */
async function lastOutput(warehouse: Warehouse, node: NodeId, version: string): Promise<{ readonly output: JsonValue } | undefined> {
  const row = await warehouse.session((session) =>
    session.row<{ version: string; result: string }>(
      'select version, result from _millrace.commits where node = $1 order by "at" desc limit 1',
      [node],
    ),
  );
  return row === undefined || row.version !== version ? undefined : { output: JSON.parse(row.result) as JsonValue };
}
