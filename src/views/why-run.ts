// Why a run is as it is: what it waits for while it goes on, what failed first when it did not end well, and what that holds up.
import type { NodeId } from "../model/graph.ts";
import type { NodeRow, RunFold } from "./run-fold.ts";
import type { RunRow } from "./runs.ts";
import { joinReasons, moment, named, NO_REASONS, type Reason, type Reasons, sentence, span } from "./why.ts";

/** A node of any run that holds places of a pool. */
export interface PoolHolder {
  readonly pool: string;
  readonly run: string;
  readonly node: NodeId;
}

export interface RunWhyInput {
  readonly fold: RunFold;
  readonly concurrency: number;
  /** Of all live runs. */
  readonly holders: readonly PoolHolder[];
  /** Places of the project's pools. */
  readonly slots: Readonly<Record<string, number>>;
  readonly now: number;
}

/** Nodes that are told one by one. */
const NODES_TOLD = 10;

/** `started`: what asked for it. */
export function explainRun(input: RunWhyInput, started: Reasons): Reasons {
  const row = input.fold.row()!;
  if (row.status === "running") return joinReasons(head(row, input.now), failures(input.fold), waiting(input, row), started);
  return joinReasons(head(row, input.now), failures(input.fold), started, reasonsToBuild(input.fold));
}

function head(row: RunRow, now: number): Reasons {
  const name = row.job === null ? row.run : `${row.run} (job ${row.job})`;
  const started = Date.parse(row.startedAt);
  const { succeeded, failed, skipped, reused, total } = row.nodes;
  const sentences =
    row.status === "running"
      ? [
          sentence(
            `${name} has been going since ${moment(started, now)}; ${succeeded + reused + failed + skipped} of ${total} nodes are settled`,
          ),
        ]
      : [sentence(`${name} ended ${row.status} at ${moment(Date.parse(row.finishedAt!), now)} after ${span((row.seconds ?? 0) * 1_000)}`)];
  const waitsFor: Reason[] = [];
  const causes: Reason[] = [];
  if (row.paused !== null) {
    sentences.push(sentence(`It is paused by ${row.paused.by}${because(row.paused.why)}; millrace resume ${row.run} lets it go on`));
    waitsFor.push({ kind: "paused", by: row.paused.by, why: row.paused.why });
  }
  if (row.cancel !== null) {
    const { by, why, cause } = row.cancel;
    sentences.push(cause === "timeout" ? "It took longer than its timeout allows." : sentence(`It was canceled by ${by}${because(why)}`));
    causes.push({ kind: cause === "timeout" ? "timeout" : "canceled", by, why });
  }
  return { ...NO_REASONS, sentences, waitsFor, causes };
}

function because(why: string): string {
  return why === "" ? "" : `: ${why}`;
}

/** Root causes along the graph: what failed although everything it stands on was well, in the order in which it failed. */
function failures(fold: RunFold): Reasons {
  const nodes = fold.nodes();
  const failed = nodes.filter((node) => node.status === "failed" && !node.plan.needs.some((need) => fold.node(need)?.status === "failed"));
  const ordered = failed.toSorted((a, b) => (endedAt(a) < endedAt(b) ? -1 : 1));
  const sentences: string[] = [];
  const causes: Reason[] = [];
  const blocks = new Set<string>();
  for (const [index, node] of ordered.entries()) {
    const held = standingOn(nodes, node.node).filter((each) => each.status === "skipped" || each.status === "pending");
    for (const each of held) blocks.add(each.node);
    causes.push({
      kind: "failed",
      node: node.node,
      code: node.error?.code ?? null,
      message: node.error?.message ?? null,
      attempts: node.attempts.length,
    });
    if (index >= NODES_TOLD) continue;
    const tries = node.attempts.length > 1 ? ` after ${node.attempts.length} attempts` : "";
    const error = node.error === null ? "" : `: ${node.error.code} ${firstLine(node.error.message)}`;
    sentences.push(sentence(`${index === 0 && ordered.length > 1 ? "First " : ""}${node.node} failed${tries}${error}`));
    if (held.length > 0) sentences.push(sentence(`That holds up ${named(held.map((each) => each.node))}`));
  }
  for (const node of nodes) {
    if (node.status === "canceled" && fold.row()?.cancel === null) {
      const held = standingOn(nodes, node.node).filter((each) => each.status === "skipped");
      for (const each of held) blocks.add(each.node);
      sentences.push(sentence(`${node.node} was canceled${node.why === null ? "" : `: ${node.why}`}`));
      if (held.length > 0) sentences.push(sentence(`That holds up ${named(held.map((each) => each.node))}`));
      causes.push({ kind: "canceled", node: node.node, why: node.why });
    }
    if (node.status === "skipped" && node.because === null && node.why !== null) {
      sentences.push(sentence(`${node.node} was skipped because its condition does not hold: ${node.why}`));
      causes.push({ kind: "condition", node: node.node, why: node.why });
    }
  }
  return { sentences, waitsFor: [], blocks: [...blocks], causes };
}

function endedAt(node: NodeRow): string {
  return node.attempts.at(-1)?.finishedAt ?? "";
}

export function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}

/** Everything that needs the node, directly or not, in the order of the plan. */
function standingOn(nodes: readonly NodeRow[], root: NodeId): readonly NodeRow[] {
  const reached = new Set<NodeId>([root]);
  const found: NodeRow[] = [];
  for (const node of nodes) {
    if (!node.plan.needs.some((need) => reached.has(need))) continue;
    reached.add(node.node);
    found.push(node);
  }
  return found;
}

/** Why it did what it did: nodes that were built, by the plan's reason. */
function reasonsToBuild(fold: RunFold): Reasons {
  const built = fold.nodes().filter((node) => node.plan.action === "build");
  const causes = built.map((node) => ({ kind: "plan", node: node.node, reason: node.plan.reason, change: node.plan.change }));
  const shown = built.slice(0, NODES_TOLD).map((node) => sentence(`${node.node} was to be built: ${node.plan.reason}`));
  const more = built.length > NODES_TOLD ? [`${built.length - NODES_TOLD} more were to be built; millrace run show has them all.`] : [];
  return {
    ...NO_REASONS,
    sentences: built.length === 0 ? ["Nothing was to be built: everything was unchanged."] : [...shown, ...more],
    causes,
  };
}

function waiting(input: RunWhyInput, row: RunRow): Reasons {
  const told = input.fold.nodes().flatMap((node) => {
    const reasons = explainNode(node, input, row);
    return reasons === null ? [] : [reasons];
  });
  const shown = told.slice(0, NODES_TOLD);
  const more =
    told.length > shown.length ? [`${told.length - shown.length} more nodes wait; millrace run show ${row.run} has them all.`] : [];
  return joinReasons(...shown, { ...NO_REASONS, sentences: more });
}

/** Why a node of a run that goes on has not ended; null for one that only waits for others of the run, or has ended. */
export function explainNode(node: NodeRow, { fold, concurrency, holders, slots, now }: RunWhyInput, row: RunRow): Reasons | null {
  const name = node.node;
  const one = (text: string, waitsFor: readonly Reason[]): Reasons => ({ ...NO_REASONS, sentences: [sentence(text)], waitsFor });
  switch (node.status) {
    case "running": {
      const live = node.attempts.at(-1)!;
      return one(`${name} is running (attempt ${live.attempt}, since ${moment(Date.parse(live.startedAt), now)})`, []);
    }
    case "retrying": {
      const at = Date.parse(node.retryAt!);
      const error = node.error === null ? "" : ` ${node.error.code} ${firstLine(node.error.message)}`;
      return one(`${name} failed and is tried again at ${moment(at, now)}:${error}`, [
        { kind: "retry", node: name, until: node.retryAt, attempts: node.attempts.length, error: node.error?.code ?? null },
      ]);
    }
    case "waiting": {
      const wait = node.wait!;
      const until = wait.until === null ? "" : `, until ${moment(wait.until, now)}`;
      const how = wait.kind === "approval" ? `; millrace approve ${row.run} ${name.replace(/^task:/, "")} decides it` : "";
      return one(`${name} waits for ${wait.kind === "approval" ? "an approval" : `a ${wait.kind}`}: ${wait.why}${until}${how}`, [
        {
          kind: wait.kind,
          node: name,
          why: wait.why,
          until: wait.until === null ? null : new Date(wait.until).toISOString(),
          ...(wait.run === undefined ? {} : { run: wait.run }),
        },
      ]);
    }
    case "pending": {
      const open = node.plan.needs.filter((need) => !isSettled(fold.node(need)));
      if (open.length > 0 || node.plan.compensates !== undefined) return null;
      if (row.paused !== null)
        return one(`${name} could start, but the run is paused`, [{ kind: "paused", node: name, by: row.paused.by }]);
      return noPlace(node, { fold, concurrency, holders, slots });
    }
    default:
      return null;
  }
}

/** Everything it stands on is settled: only places can be missing. */
function noPlace(
  node: NodeRow,
  { fold, concurrency, holders, slots }: Pick<RunWhyInput, "fold" | "concurrency" | "holders" | "slots">,
): Reasons {
  const name = node.node;
  const waitsFor: Reason[] = [];
  const sentences: string[] = [];
  for (const [pool, weight] of Object.entries(node.plan.pools ?? {})) {
    const held = holders.filter((holder) => holder.pool === pool && holder.node !== name);
    if (held.length === 0) continue;
    const places = slots[pool];
    const of = places === undefined ? "" : ` of ${places} slots`;
    const who = named(held.map((holder) => `${holder.node} of ${holder.run}`));
    sentences.push(sentence(`${name} waits for a place in the pool ${pool}${of}, held by ${who}`));
    waitsFor.push({ kind: "pool", node: name, pool, weight, heldBy: held.map(({ run, node: by }) => ({ run, node: by })) });
  }
  const running = fold.nodes().filter((each) => each.status === "running");
  if (running.length >= concurrency) {
    sentences.push(
      sentence(`${name} waits for one of the run's ${concurrency} places, held by ${named(running.map((each) => each.node))}`),
    );
    waitsFor.push({ kind: "place", node: name, concurrency, heldBy: running.map((each) => each.node) });
  }
  if (sentences.length === 0) {
    const connection = node.plan.connection === undefined ? "" : `, the breaker of ${node.plan.connection} is open`;
    sentences.push(
      sentence(`${name} is ready and waits for an engine to start it (no engine is at work${connection}, or a pool's rate is used up)`),
    );
    waitsFor.push({ kind: "engine", node: name });
  }
  return { ...NO_REASONS, sentences, waitsFor };
}

function isSettled(node: NodeRow | undefined): boolean {
  return node === undefined || !["pending", "running", "retrying", "waiting"].includes(node.status);
}
