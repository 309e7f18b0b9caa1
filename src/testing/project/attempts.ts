// What becomes of an attempt in the simulated world. Conditions, lists, loops and waits of tasks are decided by the code that decides them in a real run;
// only the work itself is the world's.
import type { Attempt } from "../../model/attempt.ts";
import { asMillraceError, type ErrorRecord, MillraceError } from "../../model/errors.ts";
import type { TaskNode } from "../../model/graph.ts";
import type { JsonValue } from "../../model/json.ts";
import type { PlanNode } from "../../model/plan.ts";
import type { AttemptContext } from "../../engine/flights.ts";
import type { JobPort, TaskSurroundings } from "../../load/task-port.ts";
import { nextRound, whyNot } from "../../operations/attempts/task-node.ts";
import { taskValues, type TaskValues, typedParameters } from "../../operations/attempts/task-values.ts";
import { isWaiting } from "../../plan/job-node.ts";
import { isQuery } from "../../platform/expression.ts";
import type { Outcome } from "../../run/input.ts";
import { approval } from "../../tasks/approval.ts";
import { job } from "../../tasks/job.ts";
import { wait } from "../../tasks/wait.ts";
import type { JobPlan } from "./plans.ts";
import { seededRandom } from "./seed.ts";
import type { AttemptAnswer, World } from "./world.ts";

export interface Asking {
  readonly job: string | null;
  readonly planned: JobPlan;
  readonly params: Readonly<Record<string, string>>;
  readonly run: string;
  readonly node: string;
  readonly attempt: number;
  /** The node of the plan; of an item that of its list. */
  readonly plan: PlanNode;
  readonly context: AttemptContext;
  readonly jobs: JobPort;
}

export interface Answer {
  readonly afterMs: number;
  readonly outcome: Outcome;
}

/** With times in ms since 1970. */
export interface OutageMs {
  readonly from: number;
  readonly to: number;
  readonly uses: (node: string, plan: PlanNode) => boolean;
}

export interface AttemptsOptions {
  readonly world: World;
  readonly outages: readonly OutageMs[];
  readonly now: () => number;
}

const TAKES_MS = 1_000;
/** How soon an attempt notices that the other side is down. */
const NOTICED_MS = 1_000;
const RATE_LIMITED_MS = 60_000;
/** Errors of the simulated world; no error of ours has this code. */
const SIMULATED = "MR0000";
const NO_SECRETS: ReadonlyMap<string, string> = new Map();

/** What an attempt comes to, asked when it starts. */
export function createAttempts({ world, outages, now }: AttemptsOptions): (asking: Asking) => Answer | Promise<Answer> {
  const ask = ({ job: name, run, node, attempt, params, context }: Asking): AttemptAnswer =>
    world.attempt?.({
      job: name,
      run,
      node,
      attempt,
      params,
      at: new Date(now()),
      ...(context.row.plan.partition === undefined ? {} : { partition: context.row.plan.partition }),
      ...(context.row.item === undefined ? {} : { item: context.row.item }),
      random: seededRandom(world.seed, `${run}/${node}#${attempt}`),
    }) ?? {};

  /** The work itself. */
  const work = (asking: Asking, said = ask(asking)): Answer => {
    const takesMs = said.takesMs ?? TAKES_MS;
    const hit = outages.find(({ from, to, uses }) => from < now() + takesMs && now() < to && uses(asking.node, asking.plan));
    if (hit !== undefined) {
      const afterMs = hit.from > now() ? hit.from - now() : NOTICED_MS;
      return { afterMs, outcome: { kind: "failed", error: errorOf(`${asking.plan.connection ?? asking.node} is down`) } };
    }
    return { afterMs: takesMs, outcome: outcomeOf(said, asking.plan.mapped === true && asking.context.row.item === undefined) };
  };

  const task = async (asking: Asking, node: TaskNode): Promise<Answer> => {
    let passedMs = 0;
    const attempt = attemptOf(asking, () => now() + passedMs);
    const params = typedParameters(asking.planned.paramTypes, asking.params);
    const { graph } = asking.planned;
    const values = taskValues({ node, attempt, graph, params, secrets: NO_SECRETS, onSecret: () => {} });
    try {
      const skip = await whyNot({ node, attempt, values });
      if (skip !== undefined) return { afterMs: 0, outcome: { kind: "skipped", why: skip } };
      if (node.settings?.map !== undefined && attempt.item === undefined) return listOf(asking, values);
      if (isWaiting(node.action)) return await waitOf(asking, node, { attempt, values });
      const answer = work(asking);
      if (answer.outcome.kind !== "succeeded") return answer;
      passedMs = answer.afterMs;
      const next = await nextRound({ node, attempt, values }, answer.outcome.facts.output ?? null);
      return next?.wait === undefined ? answer : { afterMs: passedMs, outcome: { kind: "waiting", wait: next.wait } };
    } catch (thrown) {
      return { afterMs: passedMs, outcome: { kind: "failed", error: asMillraceError(thrown).toJSON() } };
    }
  };

  const listOf = (asking: Asking, values: TaskValues): Answer => {
    const { over } = taskOf(asking)!.settings!.map!;
    const isAsked = typeof over === "string" && !over.trim().startsWith("${");
    if (isAsked) return work(asking, { items: [{}], ...ask(asking) });
    const given = values.fill.value(over);
    const items = (typeof given === "string" ? JSON.parse(given) : given) as readonly JsonValue[];
    return work(asking, { ...ask(asking), items });
  };

  const waitOf = async (asking: Asking, node: TaskNode, { attempt, values }: { attempt: Attempt; values: TaskValues }): Promise<Answer> => {
    const { action } = node;
    if (action.kind === "wait" && action.condition !== undefined && isQuery(action.condition) && attempt.signaled?.accept !== true) {
      const said = ask(asking);
      const until = now() + (action.everyMs ?? 60_000);
      if (said.holds === false) return { afterMs: 0, outcome: { kind: "waiting", wait: { kind: "condition", until, why: "its query" } } };
      return work(asking, { takesMs: 0, ...said });
    }
    const surroundings = {
      attempt,
      fill: values.fill,
      jobs: asking.jobs,
      idempotencyKey: `${attempt.run}/${attempt.node}`,
      holds: async (expression: string) => {
        const { value, seen } = await values.evaluate(expression);
        return { holds: value === true, seen };
      },
    } as unknown as TaskSurroundings;
    const answer =
      action.kind === "approval"
        ? await approval.act!(action, surroundings)
        : action.kind === "job"
          ? await job.act!(action, surroundings)
          : action.kind === "wait"
            ? await wait.act!(action, surroundings)
            : { output: null };
    if ("wait" in answer) return { afterMs: 0, outcome: { kind: "waiting", wait: answer.wait } };
    return { afterMs: 0, outcome: outcomeOf({ output: answer.output }, false) };
  };

  return (asking) => {
    const node = taskOf(asking);
    return node === undefined || !decides(node) ? work(asking) : task(asking, node);
  };
}

function taskOf({ planned, plan }: Asking): TaskNode | undefined {
  const node = planned.graph.nodes.get(plan.id);
  return node?.kind === "task" ? node : undefined;
}

/** Is there anything to decide about a task but its work? */
function decides({ action, settings }: TaskNode): boolean {
  return isWaiting(action) || settings?.condition !== undefined || settings?.map !== undefined || settings?.repeat !== undefined;
}

function attemptOf({ run, node, attempt, context }: Asking, now: () => number): Attempt {
  const { row, firstStartedAt, earlier } = context;
  const { item, waits, signaled, plan } = row;
  return {
    item,
    partition: plan.partition,
    code: plan.code,
    waits,
    firstStartedAt,
    signaled,
    earlier,
    run,
    node,
    attempt,
    token: `${run}/${node}#${attempt}`,
    now,
    log: () => {},
    beat: () => {},
    signal: new AbortController().signal,
  };
}

function outcomeOf({ fails, retryAfterMs, output, items, skip, reused }: AttemptAnswer, isList: boolean): Outcome {
  if (fails !== undefined) return failure(fails, retryAfterMs);
  if (skip !== undefined) return { kind: "skipped", why: skip };
  if (isList) return { kind: "mapped", items: items ?? [] };
  return { kind: "succeeded", facts: output === undefined ? {} : { output }, reused: reused === true };
}

function failure(fails: NonNullable<AttemptAnswer["fails"]>, retryAfterMs: number | undefined): Outcome {
  if (typeof fails !== "string") return { kind: "failed", error: asMillraceError(fails).toJSON() };
  switch (fails) {
    case "lost":
    case "timeout":
      return { kind: fails, error: errorOf(fails) };
    case "terminal":
      return { kind: "failed", error: { ...errorOf(fails), retryable: false } };
    case "rateLimited":
      return { kind: "failed", error: { ...errorOf(fails), retryAfterMs: retryAfterMs ?? RATE_LIMITED_MS } };
    default:
      return { kind: "failed", error: { ...errorOf(fails), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } };
  }
}

function errorOf(message: string): ErrorRecord {
  return { code: SIMULATED, message, retryable: true };
}

export function unknownSubJob(name: string): MillraceError {
  return new MillraceError({ code: "MR6103", message: `there is no job ${name}` });
}
