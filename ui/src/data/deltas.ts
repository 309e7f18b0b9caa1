// What the live stream tells of runs and assets is put into the answers that are kept at once, before they are asked for again: it is seen without the way there and
// back. Only what is told is changed; where a list might be another one now, that is left to the asking. Pure.
import type { RunAnswer, RunsAnswer } from "../../../src/model/answers.ts";
import type { AssetGraphAnswer } from "../../../src/model/graph-answers.ts";

/** Of the stream's topic `assets`; status null: as the graph says next. */
interface AssetChange {
  readonly asset: string;
  readonly status: string | null;
  readonly rows: number | null;
  readonly at: string;
}

/** `input`: what was asked for. Runs that begin are put first where all runs are listed. */
export function withRuns(answer: RunsAnswer, input: object, changed: readonly RunAnswer[]): RunsAnswer {
  const told = new Map(changed.map((run) => [run.run, run]));
  const isFiltered = Object.entries(input).some(([name, value]) => name !== "limit" && value !== undefined);
  const known = new Set(answer.runs.map(({ run }) => run));
  const newest = answer.runs[0]?.startedAt ?? "";
  const begun = isFiltered ? [] : changed.filter(({ run, startedAt }) => !known.has(run) && startedAt >= newest);
  if (begun.length === 0 && !answer.runs.some(({ run }) => told.has(run))) return answer;
  const first = begun.toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  return { ...answer, runs: [...first, ...answer.runs.map((run) => told.get(run.run) ?? run)] };
}

export function withAssets(answer: AssetGraphAnswer, changed: readonly AssetChange[]): AssetGraphAnswer {
  const told = new Map(changed.map((change) => [change.asset, change]));
  if (!answer.nodes.some(({ asset }) => told.has(asset))) return answer;
  return {
    ...answer,
    nodes: answer.nodes.map((node) => {
      const change = told.get(node.asset);
      if (change === undefined || change.status === null) return node;
      if (change.status !== "current") return { ...node, status: change.status };
      return { ...node, status: "current", rows: change.rows ?? node.rows, updatedAt: change.at };
    }),
  };
}
