// Why a run is as it is: what it waits for while it goes on, what failed first when it did not end well, and what that holds up.
import type { NodeId } from "../model/graph.ts";
import { explainNode as explainPlaces, type Reason as PlaceReason, sentenceOf } from "../run/admission/explain.ts";
import type { AdmissionFacts } from "../run/admission/facts.ts";
import type { RunState } from "../run/state.ts";
import { iso } from "./iso.ts";
import { isSettled, type NodeRow, type RunFold } from "./run-fold.ts";
import type { RunRow } from "./runs.ts";
import { joinReasons, moment, named, NO_REASONS, type Reason, type Reasons, sentence, span } from "./why.ts";

export interface RunWhyInput {
  readonly fold: RunFold;
  readonly state: RunState;
  /** What is in flight over all runs. */
  readonly facts: AdmissionFacts;
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
    const how = row.trigger === "backfill" ? `; millrace backfill resume ${row.run} lets it go on` : "";
    sentences.push(sentence(`It is paused by ${row.paused.by}${because(row.paused.why)}${how}`));
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
export function explainNode(node: NodeRow, { fold, state, facts, now }: RunWhyInput, row: RunRow): Reasons | null {
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
      const when = at > now ? `is tried again at ${moment(at, now)}` : `may be tried again since ${moment(at, now)}`;
      const told = one(`${name} failed and ${when}:${error}`, [
        { kind: "retry", node: name, until: node.retryAt, attempts: node.attempts.length, error: node.error?.code ?? null },
      ]);
      return joinReasons(told, heldBeyond(node, at, { state, facts, now }));
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
      const open = node.plan.needs.flatMap((need) => fold.node(need) ?? []).filter(({ status }) => !isSettled(status));
      if (open.length > 0 || node.plan.compensates !== undefined) return null;
      return places(node, { state, facts, now });
    }
    default:
      return null;
  }
}

/** What holds a node back when its time has come, or is known to hold it back then. */
function heldBeyond(node: NodeRow, at: number, held: Pick<RunWhyInput, "state" | "facts" | "now">): Reasons {
  if (at <= held.now) return places(node, held);
  const { state, facts, now } = held;
  const reasons = state.phase === "going" ? explainPlaces({ facts, run: state, node: node.node, now }).reasons : [];
  return told(
    node.node,
    reasons.filter((reason) => reason.kind === "breaker" && reason.until > at),
    now,
  );
}

/** Everything it stands on is settled: only places can be missing, or somebody to start it. */
function places(node: NodeRow, { state, facts, now }: Pick<RunWhyInput, "state" | "facts" | "now">): Reasons {
  const name = node.node;
  const reasons = state.phase === "going" ? explainPlaces({ facts, run: state, node: name, now }).reasons : [];
  if (reasons.length === 0)
    return {
      ...NO_REASONS,
      sentences: [sentence(`${name} could start; no engine has done so yet`)],
      waitsFor: [{ kind: "engine", node: name }],
    };
  return told(name, reasons, now);
}

function told(name: NodeId, reasons: readonly PlaceReason[], now: number): Reasons {
  return {
    ...NO_REASONS,
    sentences: reasons.map((reason) => sentence(`${name} waits ${sentenceOf(reason, now)}`)),
    waitsFor: reasons.map((reason) => ({ node: name, ...placeFact(reason) })),
  };
}

function placeFact(reason: PlaceReason): Reason {
  switch (reason.kind) {
    case "pool": {
      const heldBy = reason.holders.map(({ run, node, weight }) => ({ run, node, weight }));
      return { kind: "pool", pool: reason.pool, slots: reason.slots, weight: reason.weight, heldBy };
    }
    case "ownPool":
      return { kind: "pool", pool: reason.pool, slots: reason.most };
    case "rate":
      return { kind: "rate", pool: reason.pool, until: iso(reason.until) };
    case "breaker": {
      const { connection, error } = reason;
      return { kind: "breaker", connection, since: iso(reason.since), until: iso(reason.until), code: error.code, message: error.message };
    }
    case "concurrency":
      return { kind: "concurrency", running: reason.running, most: reason.most };
    case "retry":
    case "wait":
      return { kind: reason.kind, until: reason.until === null ? null : iso(reason.until) };
    case "needs":
      return { kind: "needs", nodes: reason.nodes };
    case "items":
      return { kind: "items", left: reason.left };
    case "paused":
    case "canceled":
    case "undo":
      return { kind: reason.kind };
    default:
      return reason satisfies never;
  }
}
