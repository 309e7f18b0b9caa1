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
