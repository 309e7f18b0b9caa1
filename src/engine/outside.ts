// What an engine does with runs that it does not carry out: it reads what an earlier one succeeded with, and says something to one that others carry out.
import { MillraceError } from "../model/errors.ts";
import type { NodeFacts, RunEvent } from "../model/events.ts";
import type { NodeId } from "../model/graph.ts";
import { readClock, runTime, unreadClock } from "../run/clock.ts";
import { step } from "../run/decide.ts";
import { evolve } from "../run/evolve.ts";
import type { RunState } from "../run/state.ts";
import type { EventStore } from "../store/store.ts";
import { foldRun } from "../views/run-fold.ts";
import type { Happening } from "./active-run.ts";
import type { Clock } from "./clock.ts";

/** Facts of the nodes that an earlier run succeeded with or reused. */
export async function succeededIn(
  store: EventStore,
  run: string,
  takes: (node: NodeId) => boolean,
): Promise<ReadonlyMap<NodeId, NodeFacts>> {
  const fold = foldRun(await store.read(run));
  if (fold === undefined)
    throw new MillraceError({ code: "MR6101", message: `there is no run ${run}`, hint: "`millrace runs` lists them" });
  const facts = new Map<NodeId, NodeFacts>();
  for (const { node, status, rows, checks } of fold.nodes()) {
    if ((status !== "succeeded" && status !== "reused") || !takes(node)) continue;
    const output = fold.output(node);
    facts.set(node, {
      ...(rows === undefined ? {} : { rows }),
      ...(checks === undefined ? {} : { checks }),
      ...(output === undefined ? {} : { output }),
    });
  }
  return facts;
}

const ACT_RACES_MAX = 20;

/** Says something to a run that this engine does not carry out. True when the run was going on and it changed something. */
export async function actFromOutside(
  store: EventStore,
  clock: Clock,
  request: { readonly id: string; readonly state: RunState; readonly acts: readonly Happening[] },
): Promise<boolean> {
  let { state } = request;
  let time = unreadClock;
  for (let races = 0; races < ACT_RACES_MAX; races++) {
    if (state.phase !== "going") return false;
    time = readClock(time, clock.now(), state.at);
    const events: RunEvent[] = [];
    let next: RunState = state;
    for (const act of request.acts) {
      const decided = step(next, { ...act, now: runTime(time), owner: null });
      events.push(...decided.events);
      next = decided.state;
    }
    if (events.length === 0) return false;
    if (await store.append(request.id, state.version, events)) return true;
    state = (await store.read(request.id, state.version)).reduce<RunState>(evolve, state);
  }
  throw new MillraceError({
    code: "MR6025",
    message: `${request.id} could not be told: others wrote first each time`,
    retryable: true,
  });
}
