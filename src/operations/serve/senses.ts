// What the triggers of a project sense: webhooks, files that arrive, sensors. Set anew with each project; what did not change goes on undisturbed.
import type { Clock } from "../../engine/clock.ts";
import { jobKey } from "../../model/store-events.ts";
import type { EventStore } from "../../store/store.ts";
import { arrivalMemory } from "./arrival-memory.ts";
import { type Arrivals, watchArrivals } from "./arrivals.ts";
import type { Holder } from "./holder.ts";
import { type HookRoute, hooksOf } from "./hooks.ts";
import type { Jobs } from "./jobs.ts";
import { lookAt } from "./looks.ts";
import { createMessages } from "./messages.ts";
import type { ServeParts } from "./parts.ts";
import type { ServedProject } from "./project-keeper.ts";
import { createSensors } from "./sensors.ts";
import { msOf, type ServedTrigger, triggersOf } from "./triggers.ts";

export interface SensesOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly parts: ServeParts;
  readonly holder: Holder;
  readonly jobs: Jobs;
  readonly onProblem: (what: string) => (error: unknown) => void;
}

export interface Senses {
  hooks(): ReadonlyMap<string, HookRoute>;
  set(project: ServedProject): void;
  close(): void;
}

const SETTLE_MS = 2_000;
/** Folders that tell of changes are looked at this often all the same; those below a wildcard tell nothing. */
const LOOK_EVERY_MS = 10_000;
const LOOK_BELOW_EVERY_MS = 2_000;

export function createSenses({ store, clock, signal, parts, holder, jobs, onProblem }: SensesOptions): Senses {
  const arrivals = new Map<string, { readonly hash: string; readonly watching: Arrivals }>();
  let served: ServedProject | undefined;
  let hooks: ReadonlyMap<string, HookRoute> = new Map();

  const sensors = createSensors({
    clock,
    signal,
    desk: (job) => jobs.desks().get(job),
    look: async (sensor, limit) => {
      const { workspace } = served!;
      if (sensor.options.sql !== undefined && !holder.holds()) void holder.held().catch(() => {}); // the next look may have it
      return lookAt(workspace, sensor, { signal: limit, parts, holdsWarehouse: () => holder.holds() });
    },
    onProblem: onProblem("a sensor"),
  });

  const messages = createMessages({
    sources: parts.messages,
    signal,
    desk: (job) => jobs.desks().get(job),
    onProblem: onProblem("messages"),
  });

  const watch = ({ job, trigger, options }: ServedTrigger<"files">, projectDir: string): Arrivals =>
    watchArrivals({
      projectDir,
      path: options.path,
      settleMs: msOf(options.settle, SETTLE_MS),
      everyMs: msOf(
        options.every,
        options.path
          .split("/")
          .slice(0, -1)
          .some((part) => /[*?{[]/.test(part))
          ? LOOK_BELOW_EVERY_MS
          : LOOK_EVERY_MS,
      ),
      clock,
      memory: arrivalMemory(store, jobKey(job, jobs.desks().get(job)?.policy().environment), trigger),
      onArrival: async ({ key, item }) => {
        const answer = await jobs.desks().get(job)?.tell({ type: "happened", trigger, key, item });
        return answer !== undefined && answer.kind !== "held" && answer.kind !== "nothing";
      },
      onProblem: onProblem(`files of ${job}`),
    });

  return {
    hooks: () => hooks,
    set(project) {
      served = project;
      const found = hooksOf(project.workspace, triggersOf(project.project, project.policies, "webhook"));
      hooks = found.routes;
      for (const error of found.problems) onProblem("a webhook")(error);
      sensors.set(triggersOf(project.project, project.policies, "sensor"));
      messages.set(triggersOf(project.project, project.policies, "message"));
      const wanted = new Map(triggersOf(project.project, project.policies, "files").map((each) => [keyOf(each), each] as const));
      for (const [key, { hash, watching }] of arrivals) {
        if (wanted.get(key)?.hash === hash) continue;
        watching.close();
        arrivals.delete(key);
      }
      for (const [key, each] of wanted)
        if (!arrivals.has(key)) arrivals.set(key, { hash: each.hash, watching: watch(each, project.workspace.dir) });
    },
    close() {
      sensors.close();
      void messages.close();
      for (const { watching } of arrivals.values()) watching.close();
      arrivals.clear();
    },
  };
}

function keyOf({ job, trigger }: { readonly job: string; readonly trigger: string }): string {
  return `${job}/${trigger}`;
}
