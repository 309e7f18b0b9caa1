// A node of a run as the page talks of it.
import type { RunShowAnswer } from "../../../../src/model/answers.ts";

export type RunNode = RunShowAnswer["nodes"][number];

/** Its name in addresses and acts: `clean.sales`, `clean.sales[2026-11]`, `task:report`. */
export function nodeKey({ asset, task, partition }: Pick<RunNode, "asset" | "task" | "partition">): string {
  const name = asset ?? `task:${task ?? ""}`;
  return partition === undefined ? name : `${name}[${partition}]`;
}

/** Failed though nothing it stands on failed: where to look first. */
export function rootFailures(nodes: readonly RunNode[]): readonly RunNode[] {
  const failed = new Set(nodes.filter(({ status }) => status === "failed").map(nodeKey));
  return nodes.filter((node) => node.status === "failed" && !node.needs.some((need) => failed.has(need)));
}

/** When each node could have begun, in milliseconds since 1970: what it stands on had ended. */
export function readyTimes(nodes: readonly RunNode[], startedMs: number): ReadonlyMap<string, number> {
  const ended = new Map<string, number>();
  for (const node of nodes) {
    const last = node.attempts.at(-1);
    if (last?.finishedAt != null) ended.set(nodeKey(node), Date.parse(last.finishedAt));
  }
  return new Map(nodes.map((node) => [nodeKey(node), Math.max(startedMs, ...node.needs.map((need) => ended.get(need) ?? startedMs))]));
}

/** Seconds that it waited before its first attempt and between them, and those in which it worked; null: it never began. */
export function timesOf({ attempts }: RunNode, ready: number, now: number): { readonly queued: number; readonly worked: number } | null {
  const [first, last] = [attempts[0], attempts.at(-1)];
  if (first === undefined || last === undefined) return null;
  const endOf = (each: RunNode["attempts"][number]): number => (each.finishedAt === null ? now : Date.parse(each.finishedAt));
  const worked = attempts.reduce((sum, each) => sum + endOf(each) - Date.parse(each.startedAt), 0);
  const from = Math.min(ready, Date.parse(first.startedAt));
  return { queued: Math.max(0, endOf(last) - from - worked) / 1_000, worked: worked / 1_000 };
}
