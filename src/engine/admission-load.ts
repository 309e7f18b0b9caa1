// The facts of admission as the store has them: from all runs that have not ended, and from the newest past for rates and connections. For an engine that
// begins, and for whoever only wants to know.
import type { RunEvent } from "../model/events.ts";
import type { Limits } from "../model/limits.ts";
import { jobOfStream, runEventsOf } from "../model/store-events.ts";
import { type AdmissionFacts, foldAdmission, newAdmission, withoutOwners } from "../run/admission/facts.ts";
import type { EventStore } from "../store/store.ts";
import { catchUp } from "../views/catch-up.ts";
import { listRuns, runsTable } from "../views/runs.ts";

/** A part of the stream of a run. */
export interface Part {
  readonly stream: string;
  /** Events before it. */
  readonly after: number;
  readonly events: readonly RunEvent[];
}

export interface LoadAdmission {
  readonly store: EventStore;
  readonly limits: Limits;
  /** Times beyond it (of a clock that was ahead) count as it. */
  readonly now: number;
  /** Attempts of such engines hold nothing, whatever the log says. Default: of none. */
  readonly isDead?: (owner: string) => boolean;
  /** Parts that are known already; their streams are not read. */
  readonly known?: () => readonly Part[];
}

export interface LoadedAdmission {
  readonly facts: AdmissionFacts;
  /** Versions of the streams that were read whole. */
  readonly versions: ReadonlyMap<string, number>;
}

/** Batches before the newest that tell of rates and connections. */
const HISTORY_BATCHES = 2_000;
const UNFINISHED_MAX = 10_000;

export async function loadAdmission({ store, limits, now, isDead, known = () => [] }: LoadAdmission): Promise<LoadedAdmission> {
  await catchUp(store, runsTable);
  const from = Math.max(0, (await store.tables.position(runsTable.name)) - HISTORY_BATCHES);
  const isKnown = (stream: string): boolean => known().some((part) => part.stream === stream);
  const rows = await listRuns(store, { status: "running", limit: UNFINISHED_MAX });
  const past: Part[] = [];
  for (const { run } of rows) if (!isKnown(run)) past.push({ stream: run, after: 0, events: await store.read(run) });
  const versions = new Map(past.map(({ stream, events }) => [stream, events.length]));
  for (const batch of await store.readAll(from, HISTORY_BATCHES)) {
    const { stream, after } = batch;
    if (!versions.has(stream) && jobOfStream(stream) === undefined) past.push({ stream, after, events: runEventsOf(batch) });
  }
  // Told in the order of time, so that rates and breakers are what they were. What became known meanwhile is taken from those who know it.
  const early = known();
  const own = new Set(early.map(({ stream }) => stream));
  const told = [...past.filter(({ stream }) => !own.has(stream)), ...early].flatMap(({ stream, events }) =>
    events.map((event) => ({ stream, event })),
  );
  let facts = newAdmission(limits);
  for (const { stream, event } of told.toSorted((a, b) => a.event.at - b.event.at))
    facts = foldAdmission(facts, stream, event, Math.min(event.at, now));
  return { facts: isDead === undefined ? facts : withoutOwners(facts, isDead), versions };
}
