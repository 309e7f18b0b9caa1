// What a run would start now if it had the places: the heads of its lanes, in the order in which it would start them.
import { nodeOf } from "../graph.ts";
import { pop } from "../heap.ts";
import { hasRoom } from "../starts.ts";
import { type GoingRun, readyBefore, retryBefore } from "../state.ts";
import { get } from "../vector.ts";
import { type AdmissionFacts, flowName, type Pools, poolsOf } from "./facts.ts";
import { roomIn } from "./room.ts";
import { lookup } from "./table.ts";

export interface Demand {
  readonly run: string;
  /** When the run started: older ones come first. */
  readonly runAt: number;
  readonly node: string;
  readonly key: string;
  readonly priority: number;
  readonly pools: Pools;
  readonly flow: string;
  /** Since when it could start but for a place. */
  readonly since: number;
  /** How many attempts the run may start at all. */
  readonly room: number;
}

/**
 * Of each lane that counts against something limited as many nodes as could start, and one more. `facts` hold what the run's own uncommitted events
 * give back. `offsetMs` turns the run's time into that of the admission. The order within a flow is that of the list.
 */
export function demandsOf(
  facts: AdmissionFacts,
  state: GoingRun,
  { now, offsetMs }: { readonly now: number; readonly offsetMs: number },
): readonly Demand[] {
  const run = lookup(facts.runs, state.run);
  const room = state.concurrency - state.runningCount;
  if (run === undefined || state.paused || (state.cancel !== null && state.compensation === null)) return [];
  const demands: Demand[] = [];
  for (const index of state.lanes.keys()) {
    if (!hasRoom(state, index)) continue;
    const [first] = headsOf(state, index, { now: now - offsetMs, max: 1 });
    if (first === undefined) continue;
    const pools = poolsOf(facts, state.job, nodeOf(state.graph, first.node));
    const most = Math.min(...pools.map(([pool, weight]) => mostOf(facts, pool, weight, now)));
    if (most === Infinity) continue;
    for (const { node, since } of headsOf(state, index, { now: now - offsetMs, max: Math.min(room, most + 1) })) {
      const { id, priority: own = 0 } = nodeOf(state.graph, node);
      const priority = run.priority + own;
      const flow = flowName(run.key, priority, pools);
      demands.push({
        run: state.run,
        runAt: run.startedAt,
        node: id,
        key: run.key,
        priority,
        pools,
        flow,
        since: since + offsetMs,
        room,
      });
    }
  }
  return demands;
}

/** How many attempts of this weight could start at most; Infinity: the pool limits nothing now. */
function mostOf(facts: AdmissionFacts, pool: string, weight: number, now: number): number {
  const { free, max } = roomIn(facts, pool, now);
  return max === Infinity ? Infinity : Math.floor(free / weight);
}

function headsOf(
  state: GoingRun,
  index: number,
  { now, max }: { readonly now: number; readonly max: number },
): readonly { readonly node: number; readonly since: number }[] {
  let { ready, retries } = state.lanes[index]!;
  const heads: { readonly node: number; readonly since: number }[] = [];
  while (heads.length < max && retries !== null && retries.item.retryAt <= now) {
    const { node, attempt, retryAt } = retries.item;
    const known = get(state.nodes, node);
    if ((known.kind === "backoff" || known.kind === "waiting") && known.attempt === attempt) heads.push({ node, since: retryAt });
    retries = pop(retries, retryBefore);
  }
  while (heads.length < max && ready !== null) {
    const known = get(state.nodes, ready.item.node);
    if (known.kind === "ready") heads.push({ node: ready.item.node, since: known.since });
    ready = pop(ready, readyBefore);
  }
  return heads;
}
