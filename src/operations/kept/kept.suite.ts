// What tests of models that keep what they made ask of a project: runs with what became of each node, and rows.
import type { App } from "../../app.ts";
import type { NodeEventAnswer, RunSummaryAnswer } from "../../model/answers.ts";

export interface Ran {
  readonly summary: RunSummaryAnswer;
  /** By asset. */
  readonly nodes: Readonly<Record<string, NodeEventAnswer>>;
}

export async function run(app: App, request: Parameters<App["run"]>[0] = {}): Promise<Ran> {
  const nodes: Record<string, NodeEventAnswer> = {};
  const summary = await app.run(request, (progress) => {
    if (progress.type === "node") nodes[progress.asset ?? ""] = progress;
  });
  return { summary, nodes };
}

/** Runs where everything must succeed; the nodes. */
export async function runAll(app: App, request: Parameters<App["run"]>[0] = {}): Promise<Ran["nodes"]> {
  const { summary, nodes } = await run(app, request);
  if (summary.status !== "succeeded") throw new Error(`the run is ${summary.status}: ${JSON.stringify(nodes, null, 1)}`);
  return nodes;
}

export async function rowsOf(app: App, sql: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  await app.query(sql, (part) => void ("rows" in part && rows.push(...part.rows)));
  return rows;
}

/** What the last build of an incremental model did, and why. */
export async function reasonOf(app: App, asset: string): Promise<string> {
  return (await app.describe(asset)).asset.incremental?.reason ?? "";
}
