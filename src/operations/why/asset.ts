// Why an asset or task is as it is: what it waits for in a run that goes on, what a run would do with it now and which change is behind that, how it went
// last and which failure upstream is behind that, what it holds up.
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { splitNodeId } from "../../model/partition.ts";
import type { PlanNode } from "../../model/plan.ts";
import type { AssetRow } from "../../views/assets.ts";
import { foldRun } from "../../views/run-fold.ts";
import { explainNode, firstLine, type RunWhyInput } from "../../views/why-run.ts";
import { joinReasons, moment, named, NO_REASONS, type Reason, type Reasons, sentence } from "../../views/why.ts";
import { assetsHere } from "../environments/assets.ts";
import { planOperation, type Planned } from "../plan/plan.ts";
import { isHeldByOthers } from "../serve/engine-calls.ts";
import type { Workspace } from "../workspace.ts";

export async function whyAsset(workspace: Workspace, id: NodeId, live: readonly RunWhyInput[]): Promise<Reasons> {
  const now = Date.now();
  const { row, partitions } = await outcomeOf(workspace, id);
  const going = joinReasons(...live.map((input) => inLiveRun(id, input)));
  const planned = await plannedOrHeld(workspace);
  const wouldBe = planned instanceof MillraceError ? held(planned) : wouldRun(id, planned);
  const last = row === undefined ? never(id) : await lastOutcome(workspace, row, now);
  const blocks = planned instanceof MillraceError || !needsHelp(row) ? NO_REASONS : blockedBy(id, planned);
  return joinReasons(going, partitions, last, wouldBe, blocks);
}

/** How it went last. Of a partitioned asset the newest failure stands for all, else the newest outcome. */
async function outcomeOf(workspace: Workspace, id: NodeId): Promise<{ readonly row: AssetRow | undefined; readonly partitions: Reasons }> {
  const whole = (await assetsHere(workspace, [id])).get(id);
  if (whole !== undefined) return { row: whole, partitions: NO_REASONS };
  const rows = [...(await assetsHere(workspace)).values()].filter(({ node }) => node !== id && splitNodeId(node).asset === id);
  const failed = rows.filter(({ status }) => status === "failed");
  const newest = (failed.length > 0 ? failed : rows).toSorted((a, b) => (a.at < b.at ? 1 : -1))[0];
  if (newest === undefined) return { row: undefined, partitions: NO_REASONS };
  const about = failed.length > 0 ? `${failed.length} of them failed last, the newest is ${newest.node}` : `the newest is ${newest.node}`;
  return {
    row: newest,
    partitions: { ...NO_REASONS, sentences: [sentence(`Runs have settled ${rows.length} partitions of ${id}; ${about}`)] },
  };
}

function needsHelp(row: AssetRow | undefined): boolean {
  return row?.status === "failed" || row?.status === "skipped" || row?.status === "canceled";
}

/** In a run that goes on: how far it is there. */
function inLiveRun(id: NodeId, input: RunWhyInput): Reasons {
  const run = input.fold.row()!;
  const parts = input.fold.nodes().filter((node) => splitNodeId(node.node).asset === id);
  return joinReasons(
    ...parts.map((node) => {
      const own = explainNode(node, input, run);
      if (own !== null) return { ...own, sentences: own.sentences.map((text) => `In run ${run.run}: ${text}`) };
      if (node.status !== "pending") return NO_REASONS;
      const open = node.plan.needs.flatMap((need) => {
        const status = input.fold.node(need)?.status;
        return status !== undefined && ["pending", "running", "retrying", "waiting"].includes(status) ? [{ need, status }] : [];
      });
      const text = `In run ${run.run}: ${node.node} waits for ${named(open.map(({ need, status }) => `${need} (${status})`))}`;
      return {
        ...NO_REASONS,
        sentences: [sentence(text)],
        waitsFor: open.map(({ need, status }) => ({ kind: "need", node: need, status })),
      };
    }),
  );
}

async function plannedOrHeld(workspace: Workspace): Promise<Planned | MillraceError> {
  try {
    return await planOperation(workspace, {});
  } catch (error) {
    if (isHeldByOthers(workspace.dir, error)) return error as MillraceError;
    throw error;
  }
}

function held(error: MillraceError): Reasons {
  return { ...NO_REASONS, sentences: [sentence(`What a run would do now cannot be told: ${firstLine(error.message)}`)] };
}

/** What a run would do, and the first change that is behind it. */
function wouldRun(id: NodeId, { plan }: Planned): Reasons {
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  const node = nodes.get(id);
  if (node === undefined) return NO_REASONS;
  if (node.action === "reuse") return { ...NO_REASONS, sentences: [sentence(`A run would leave it as it is: ${node.reason}`)] };
  const roots = rootsOf(node, nodes);
  const sentences = [sentence(`A run would build it: ${node.reason}`)];
  const behind = roots.filter((root) => root.id !== id);
  if (behind.length > 0) sentences.push(sentence(`Behind that: ${behind.map((root) => `${root.id} (${root.reason})`).join(", ")}`));
  return {
    ...NO_REASONS,
    sentences,
    causes: roots.map((root): Reason => ({ kind: "plan", node: root.id, reason: root.reason, change: root.change })),
  };
}

/** Nodes above (or itself) that would be built although nothing they need would be. */
function rootsOf(node: PlanNode, nodes: ReadonlyMap<NodeId, PlanNode>): readonly PlanNode[] {
  const seen = new Set<NodeId>();
  const roots: PlanNode[] = [];
  const queue = [node];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (seen.has(next.id)) continue;
    seen.add(next.id);
    const above = next.needs.flatMap((need) => {
      const found = nodes.get(need);
      return found?.action === "build" && found.kind !== "task" ? [found] : [];
    });
    if (above.length === 0) roots.push(next);
    else queue.push(...above);
  }
  return roots;
}

function never(id: NodeId): Reasons {
  return { ...NO_REASONS, sentences: [sentence(`No run has settled ${id} yet`)] };
}

async function lastOutcome(workspace: Workspace, row: AssetRow, now: number): Promise<Reasons> {
  const when = moment(Date.parse(row.at), now);
  const verb = row.status === "succeeded" ? "was built" : row.status === "reused" ? "was unchanged" : `ended ${row.status}`;
  const sentences = [sentence(`It ${verb} in run ${row.run} at ${when}`)];
  const causes: Reason[] = [];
  if (row.error !== null) sentences.push(sentence(`${row.error.code} ${firstLine(row.error.message)}`));
  const fold = foldRun(await (await workspace.store()).read(row.run));
  const node = fold?.node(row.node);
  if (fold !== undefined && node !== undefined) {
    if (row.status === "succeeded") {
      sentences.push(sentence(`The reason was: ${node.plan.reason}`));
      causes.push({ kind: "plan", node: row.node, reason: node.plan.reason, change: node.plan.change });
    }
    if (row.status === "failed")
      causes.push({ kind: "failed", node: row.node, code: row.error?.code ?? null, message: row.error?.message ?? null });
    if (row.status === "skipped") {
      const root = node.because === null ? undefined : firstFailed(node.because, (need) => fold.node(need));
      sentences.push(
        sentence(
          root === undefined ? `Its condition did not hold: ${node.why ?? ""}` : `It was skipped because ${root.node} ended ${root.status}`,
        ),
      );
      if (root?.error != null) sentences.push(sentence(`${root.error.code} ${firstLine(root.error.message)}`));
      if (root !== undefined)
        causes.push({ kind: "failed", node: root.node, code: root.error?.code ?? null, message: root.error?.message ?? null });
    }
  }
  if (row.status !== "succeeded" && row.status !== "reused")
    sentences.push(
      sentence(
        row.succeededRun === null
          ? "It has never succeeded"
          : `It last succeeded in run ${row.succeededRun}, ${moment(Date.parse(row.succeededAt!), now)}`,
      ),
    );
  return { ...NO_REASONS, sentences, causes };
}

type FoldNode = NonNullable<ReturnType<NonNullable<ReturnType<typeof foldRun>>["node"]>>;

/** Follows skips up to what was not skipped itself. */
function firstFailed(id: NodeId, nodeOf: (id: NodeId) => FoldNode | undefined): FoldNode | undefined {
  const seen = new Set<NodeId>();
  for (let node = nodeOf(id); node !== undefined && !seen.has(node.node);) {
    seen.add(node.node);
    const above = node.because === null ? undefined : nodeOf(node.because);
    if (node.status !== "skipped" || above === undefined) return node;
    node = above;
  }
  return nodeOf(id);
}

function blockedBy(id: NodeId, { definitions: { graph } }: Planned): Reasons {
  const below: NodeId[] = [];
  const reached = new Set<NodeId>([id]);
  for (const each of graph.order) {
    if (each === id || !(graph.needs.get(each) ?? []).some((need) => reached.has(need))) continue;
    reached.add(each);
    below.push(each);
  }
  return { ...NO_REASONS, sentences: below.length === 0 ? [] : [sentence(`It holds up ${named(below)}`)], blocks: below };
}
