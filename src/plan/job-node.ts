// What the plan says of a task beside what it says of every node: conditions, pools, items, undo. The job's own pools hold the items of mapped tasks.
import type { RetrySpec } from "../model/definitions/source.ts";
import type { TaskNode } from "../model/graph.ts";
import type { PlanNode, RunPlan } from "../model/plan.ts";
import type { TaskAction } from "../model/task.ts";
import { durationMs } from "./policies.ts";

type TaskFields = Pick<PlanNode, "when" | "pools" | "priority" | "queueTimeoutMs" | "silenceMs" | "mapped" | "compensates" | "fallback"> & {
  readonly timeoutMs?: number | null;
};

/** A command is not known to be safe to run twice: it is tried once unless its task, job or project says otherwise. */
export const COMMAND_RETRY: RetrySpec = { attempts: 1 };

export function taskFields(node: TaskNode): TaskFields {
  const { when, pools, priority, queueTimeoutMs, silenceMs, map, compensates, fallback } = node.settings ?? {};
  const items = map?.max === undefined ? undefined : { [itemsPool(node)]: 1 };
  return {
    ...(when === undefined ? {} : { when }),
    ...(pools === undefined && items === undefined ? {} : { pools: { ...pools, ...items } }),
    ...(priority === undefined ? {} : { priority }),
    ...(queueTimeoutMs === undefined ? {} : { queueTimeoutMs }),
    ...(silenceMs === undefined ? {} : { silenceMs }),
    ...(map === undefined ? {} : { mapped: true as const }),
    ...(compensates === undefined ? {} : { compensates }),
    ...(fallback === undefined ? {} : { fallback }),
    // A time-out of millrace.yaml is meant for work, not for waiting.
    ...(isWaiting(node.action) ? { timeoutMs: durationMs(node.timeout) ?? null } : {}),
  };
}

/** Places for the items of mapped tasks. */
export function itemLimits(nodes: readonly TaskNode[]): NonNullable<RunPlan["limits"]> {
  return Object.fromEntries(
    nodes.flatMap((node) => {
      const max = node.settings?.map?.max;
      return max === undefined ? [] : [[itemsPool(node), max] as const];
    }),
  );
}

export function isWaiting({ kind }: TaskAction): boolean {
  return kind === "approval" || kind === "wait" || kind === "job";
}

function itemsPool({ id }: TaskNode): string {
  return `items:${id}`;
}
