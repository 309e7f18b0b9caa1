// A backfill as who started it holds it: a run with a node per partition that can be paused, resumed, widened and canceled while it goes on.
import type { BackfillActAnswer, BackfillShowAnswer, BackfillStartedAnswer } from "../model/backfill-answers.ts";
import type { Place } from "./place.ts";
import { createRun, nothingRan, type Run } from "./run.ts";

export interface BackfillWish {
  /** The first partition, or a day, month or year. */
  readonly from?: string;
  /** The last one, included. */
  readonly to?: string;
  /** What is over since so long: `30d`. */
  readonly last?: string;
  readonly partition?: string;
  /** Only partitions that are so. */
  readonly statuses?: readonly ("missing" | "failed" | "stale")[];
  /** Adjacent partitions that are built together: `7d`. */
  readonly batch?: string;
  /** Partitions at once. */
  readonly jobs?: number;
  readonly withDownstream?: boolean;
  readonly idempotencyKey?: string;
}

export interface Backfill extends Pick<Run, "id" | "events" | "finished"> {
  /** Its partitions, one by one. */
  show(): Promise<BackfillShowAnswer>;
  pause(request?: { readonly why?: string }): Promise<BackfillActAnswer>;
  resume(request?: { readonly allowCodeChange?: boolean }): Promise<void>;
  cancel(request?: { readonly why?: string }): Promise<BackfillActAnswer>;
  /** Another number of partitions at once, while it goes on. */
  jobs(many: number): Promise<BackfillActAnswer>;
}

type Places = () => Promise<Place>;

export async function startBackfill(places: Places, asset: string, { idempotencyKey, ...wish }: BackfillWish): Promise<Backfill> {
  const asked = idempotencyKey === undefined ? {} : { idempotencyKey };
  const begun = await (await places()).ask("backfills.start", inputOf(asset, wish), asked);
  const id = "run" in begun && typeof begun.run === "string" ? begun.run : "";
  return createBackfill(places, id);
}

/** What it would do; nothing is done. */
export async function previewBackfill(places: Places, asset: string, wish: BackfillWish): Promise<BackfillStartedAnswer> {
  const { idempotencyKey: _, ...rest } = wish;
  return (await places()).ask("backfills.preview", inputOf(asset, rest));
}

/** One that there is; "" for a wish that meant no partition. */
export function createBackfill(places: Places, id: string): Backfill {
  const nothing = id === "" ? { result: nothingRan("", "there is no partition to build") } : {};
  const run = createRun(places, { id, job: null, ...nothing });
  const act = async (request: Readonly<Record<string, unknown>>, what: "pause" | "cancel"): Promise<BackfillActAnswer> =>
    (await places()).ask(`backfills.${what}`, { ...request, backfill: id });
  return {
    id,
    events: (following) => run.events(following),
    finished: (following) => run.finished(following),
    show: async () => (await places()).ask("backfills.show", { backfill: id }),
    pause: (request = {}) => act(request, "pause"),
    resume: async (request = {}) => {
      await (await places()).ask("backfills.resume", { ...request, backfill: id });
    },
    cancel: (request = {}) => act(request, "cancel"),
    jobs: async (many) => (await places()).ask("backfills.jobs", { backfill: id, jobs: many }),
  };
}

function inputOf(asset: string, { statuses, ...wish }: Omit<BackfillWish, "idempotencyKey">) {
  return { ...wish, asset, ...(statuses === undefined ? {} : { statuses: [...statuses] }) };
}
