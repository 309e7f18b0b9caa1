// A number per topic that goes up when something of it has changed. Only the runs that changed last have one of their own; others share one.
import type { Touched } from "./touched.ts";

const RUNS_MAX = 10_000;

export interface Versions {
  of(topic: string): number;
  raise(touched: Touched): void;
  raiseOne(topic: string): void;
}

export function createVersions(): Versions {
  let clock = 0;
  const topics = new Map<string, number>();
  const runs = new Map<string, number>();
  /** Of runs that have none of their own (any more). */
  let others = 0;
  return {
    of: (topic) => (topic.startsWith("run:") ? (runs.get(topic) ?? others) : (topics.get(topic) ?? 0)),
    raise(touched) {
      clock += 1;
      if (touched.runs.size > 0) topics.set("runs", clock);
      if (touched.hasNodes) topics.set("assets", clock);
      if (touched.jobs.size > 0) topics.set("jobs", clock);
      for (const run of touched.runs.keys()) {
        const topic = `run:${run}`;
        runs.delete(topic);
        runs.set(topic, clock);
      }
      for (const [oldest, version] of runs) {
        if (runs.size <= RUNS_MAX) break;
        runs.delete(oldest);
        others = Math.max(others, version);
      }
    },
    raiseOne(topic) {
      clock += 1;
      topics.set(topic, clock);
    },
  };
}
