// Runs of sub-jobs: started once per key, carried out beside the run that waits for them, ended with it.
//   J1. The id of a sub-run is made from its key, so that a second request is the same run, also after a crash.
//   J2. When a sub-run ends, the node that waits for it is woken; who polls finds out later.
//   J3. A sub-run whose parent no longer waits for it is canceled.
import { createHash } from "node:crypto";
import type { RunEvent } from "../../model/events.ts";
import type { NodeId } from "../../model/graph.ts";
import type { JsonValue } from "../../model/json.ts";
import type { RunSummaryAnswer } from "../../model/answers.ts";
import type { JobPort, SubmitRequest, SubRun } from "../../load/task-port.ts";
import type { Engine } from "../../engine/engine.ts";
import type { RunFold } from "../../views/run-fold.ts";
import { planForRun, planOperation, type Planned } from "../plan/plan.ts";
import type { Workspace } from "../workspace.ts";

/** How often a waiting node looks itself, for when nobody told of the end. */
const POLL_MS = 10_000;
const ID_CHARS = 16;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

export interface SubJobsOptions {
  readonly engine: () => Engine;
  readonly carry: (
    run: string,
    equipment: { readonly workspace: Workspace; readonly planned: Planned; readonly resumed: boolean },
  ) => Promise<RunSummaryAnswer>;
  readonly onProblem: (error: unknown) => void;
}

export interface SubJobs {
  /** For the attempts of one run. */
  port(workspace: Workspace): JobPort;
  /** Sees the events of every run that is carried out (J3). */
  event(run: string, event: RunEvent): void;
  /** Does the parent of a run still wait for it? Cancels it otherwise. */
  check(fold: RunFold): Promise<void>;
  /** Resolves when the runs that were canceled have ended. */
  idle(): Promise<void>;
}

export function createSubJobs({ engine, carry, onProblem }: SubJobsOptions): SubJobs {
  const going = new Map<string, Promise<unknown>>();
  /** By run and node: the sub-run that it waits for. */
  const waiting = new Map<string, Map<NodeId, string>>();
  const leaving = new Set<Promise<unknown>>();

  const begin = (run: string, workspace: Workspace, planned: Planned, resumed: boolean, parent: SubmitRequest["parent"]): void => {
    if (going.has(run)) return;
    const follow = async (): Promise<void> => {
      const { status } = await carry(run, { workspace, planned, resumed });
      if (status === "running") return; // it was stopped and goes on later
      const said = { by: "millrace", why: `run ${run} ended as ${status}`, accept: false, fields: null };
      await engine().act(parent.run, { type: "signal", node: parent.node, signal: said });
    };
    const done = follow()
      .catch(onProblem)
      .finally(() => going.delete(run));
    going.set(run, done);
  };

  const cancel = (run: string, why: string): void => {
    const done = engine()
      .cancel(run, { by: "millrace", why })
      .then(() => going.get(run))
      .catch(onProblem)
      .finally(() => leaving.delete(done));
    leaving.add(done);
  };

  return {
    port: (workspace) => ({
      pollMs: POLL_MS,
      async submit({ job, params, key, parent }) {
        const run = subRunId(key);
        const known = await engine()
          .inspect(run)
          .catch(() => undefined);
        if (known?.row()?.finishedAt != null) return subRun(run, known);
        if (going.has(run)) return subRun(run, await engine().inspect(run));
        const request = { job, params };
        const planned = await (known === undefined ? planForRun : planOperation)(workspace, request);
        if (known === undefined) await engine().start(planned.plan, { run, trigger: `job:${parent.run}`, parent });
        begin(run, workspace, planned, known !== undefined, parent);
        return subRun(run, await engine().inspect(run));
      },
    }),
    event(run, event) {
      if (event.type === "node_waiting" && event.wait.run !== undefined) {
        const nodes = waiting.get(run) ?? new Map<NodeId, string>();
        waiting.set(run, nodes.set(event.node, event.wait.run));
      } else if (event.type === "node_canceled" || event.type === "node_failed") {
        const sub = waiting.get(run)?.get(event.node);
        if (sub !== undefined) cancel(sub, `${event.node} of ${run} does not wait for it any more`);
      } else if (event.type === "run_finished") waiting.delete(run);
    },
    async check(fold) {
      const { parent, run } = fold.row() ?? { parent: null, run: "" };
      if (parent === null) return;
      const above = await engine()
        .inspect(parent.run)
        .catch(() => undefined);
      const node = above?.node(parent.node);
      const isOver = node !== undefined && ["failed", "canceled", "skipped"].includes(node.status);
      if (isOver || above?.row()?.finishedAt != null) cancel(run, `${parent.node} of ${parent.run} does not wait for it any more`);
    },
    async idle() {
      while (leaving.size > 0) await Promise.allSettled(leaving);
    },
  };
}

/** J1. */
export function subRunId(key: string): string {
  const bytes = createHash("sha256").update(key).digest();
  return `r_${Array.from({ length: ID_CHARS }, (_, index) => ALPHABET[bytes[index]! % ALPHABET.length]!).join("")}`;
}

function subRun(run: string, fold: RunFold): SubRun {
  const row = fold.row();
  const outputs: Record<string, JsonValue> = {};
  let error: string | null = null;
  for (const node of fold.nodes()) {
    if (node.node.startsWith("task:") && node.output !== undefined) outputs[node.node.slice("task:".length)] = node.output;
    error ??= node.error?.message ?? null;
  }
  return { run, status: row?.status ?? "running", isFinished: row?.finishedAt != null, outputs, error };
}
