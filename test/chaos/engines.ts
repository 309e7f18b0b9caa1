// Engines as processes that are killed, frozen and started anew at random moments; and what became of their work, counted from the logs and the effects.
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import type { JobEvent, TriggerFired } from "../../src/model/job-events.ts";
import { jobStream } from "../../src/model/store-events.ts";
import type { RunEvent } from "../../src/model/events.ts";
import { CANCEL_GRACE_MS, INTERRUPTIONS_MAX } from "../../src/run/decide.ts";
import type { EventStore } from "../../src/store/store.ts";
import { audit } from "../../src/testing/auditor.ts";
import { openEffects } from "./effects.ts";
import { expected, JOB, TICK_MS } from "./engine-plans.ts";
import { openStore, type Place } from "./place.ts";
import type { WorkerOptions } from "./engine-worker.ts";
import type { Chance } from "./random.ts";

export interface Kill {
  readonly engine: string;
  readonly at: number;
}

interface Life {
  readonly id: string;
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  readonly ended: Promise<unknown>;
}

export interface Fleet {
  readonly kills: readonly Kill[];
  /** What engines said on stderr, the newest last. */
  readonly said: readonly string[];
  /** kill -9 of one of the first so many at random; another takes its place at once. */
  killOne(among?: number): Promise<void>;
  /** One hangs for so long. */
  freezeOne(ms: number): Promise<void>;
  ready(): Promise<void>;
  stop(): Promise<void>;
}

export interface FleetOptions extends Omit<WorkerOptions, "id" | "skewMs" | "host"> {
  readonly program: string;
  readonly random: Chance;
  /** How far the clock of each is off. */
  readonly skewsMs: readonly number[];
  /** Each believes to be on a machine of its own. */
  readonly hosts: "one" | "each";
}

const SAID_MAX = 200;
/** Until one that has just started is in the middle of something. */
const WARM_UP_MS = 700;

export function startFleet({ program, random, skewsMs, hosts, ...common }: FleetOptions): Fleet {
  const kills: Kill[] = [];
  const said: string[] = [];
  const frozen = new Set<Life>();
  let born = 0;
  const bear = (place: number): Life => {
    const id = `e_${place}_${born++}`;
    const options: WorkerOptions = { ...common, id, skewMs: skewsMs[place]!, ...(hosts === "one" ? {} : { host: `machine of ${id}` }) };
    const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ["pipe", "pipe", "pipe"] });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said.push(text);
      if (said.length > SAID_MAX) said.shift();
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const ready = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
    return { id, child, ready, ended };
  };
  const lives = skewsMs.map((_, place) => bear(place));
  return {
    kills,
    said,
    async killOne(among = lives.length) {
      // While one hangs the last of the others is left alive: it takes so long to see it.
      const free = lives.flatMap((life, place) => (frozen.has(life) || place >= among ? [] : [place]));
      const places = frozen.size > 0 ? free.slice(0, -1) : free;
      const place = random.pick(places);
      const { id, child, ended } = lives[place]!;
      child.kill("SIGKILL");
      kills.push({ engine: id, at: Date.now() });
      lives[place] = bear(place);
      await ended;
    },
    async freezeOne(ms) {
      const life = random.pick(lives.filter((each) => !frozen.has(each)));
      frozen.add(life); // nobody kills it meanwhile
      await life.ready;
      await pause(WARM_UP_MS);
      life.child.kill("SIGSTOP");
      await pause(ms);
      life.child.kill("SIGCONT");
      frozen.delete(life);
    },
    ready: async () => void (await Promise.all(lives.map((life) => life.ready))),
    async stop() {
      for (const { child } of lives) child.kill("SIGKILL");
      await Promise.all(lives.map((life) => life.ended));
    },
  };
}

/** The store and the tables of effects. */
export async function prepare(place: Place): Promise<EventStore> {
  const store = await openStore(place);
  const effects = await openEffects(place);
  await effects.create();
  await effects.close();
  return store;
}

async function firedOf(store: EventStore): Promise<{ readonly events: readonly JobEvent[]; readonly fired: readonly TriggerFired[] }> {
  const events = await store.read<JobEvent>(jobStream(JOB));
  return { events, fired: events.filter((event) => event.type === "trigger_fired") };
}

/** Waits until every tick has fired and every run has ended and the job knows; throws what is stuck after `mostMs`. */
export async function quiet(
  store: EventStore,
  { tickUntil, mostMs }: { readonly tickUntil: number; readonly mostMs: number },
): Promise<void> {
  const until = Date.now() + mostMs;
  const lastTick = Math.floor(tickUntil / TICK_MS) * TICK_MS;
  for (;;) {
    const { events, fired } = await firedOf(store);
    const ended = new Set(events.flatMap((event) => (event.type === "run_ended" ? [event.run] : [])));
    const stuck = fired.filter(({ run }) => !ended.has(run));
    if (stuck.length === 0 && fired.at(-1)?.scheduledFor === lastTick) return;
    if (Date.now() > until)
      throw new Error(
        `stuck: ${stuck.map(({ run }) => run).join(", ")}; last tick ${lastTick - (fired.at(-1)?.scheduledFor ?? 0)} ms late`,
      );
    await pause(300);
  }
}

export interface Judgement {
  readonly runs: number;
  readonly attempts: number;
  /** Effects that were refused because a later attempt had begun. */
  readonly refused: number;
  /** By kill: from it to the start of the next attempt at what the dead engine was at. */
  readonly goesOnMs: readonly number[];
  /** What was taken from engines that were alive. */
  readonly wrong: readonly string[];
}

/** Counts for itself: ticks by the clock, effects by the plan, attempts by the log. */
export async function judge(store: EventStore, place: Place, kills: readonly Kill[]): Promise<Judgement> {
  const wrong: string[] = [];
  const tables = await openEffects(place);
  const effects = new Map<string, string[]>();
  for (const { run, node } of await tables.rows("select run, node from effects")) {
    if (!effects.has(run)) effects.set(run, []);
    effects.get(run)!.push(node);
  }
  const twice = "select run, node, attempt from begun group by run, node, attempt having count(distinct engine) > 1";
  for (const row of await tables.rows(twice)) wrong.push(`begun by two engines: ${JSON.stringify(row)}`);
  const refused = (await tables.rows("select run, node, attempt from refused")).length;
  await tables.close();

  const { events, fired } = await firedOf(store);
  if (events.some((event) => event.type === "trigger_skipped")) wrong.push("a tick was skipped");
  for (const [index, { scheduledFor, at }] of fired.entries()) {
    if (index > 0 && scheduledFor !== fired[index - 1]!.scheduledFor + TICK_MS) wrong.push(`tick ${index} is for ${scheduledFor}`);
    if (at < scheduledFor - 50) wrong.push(`tick ${index} fired ${scheduledFor - at} ms early`);
  }
  const streams = new Set((await store.streams()).map(({ stream }) => stream).filter((stream) => stream.startsWith("r_")));
  if (streams.size !== fired.length) wrong.push(`${fired.length} ticks and ${streams.size} runs`);
  const goesOnMs: number[] = [];
  let attempts = 0;
  for (const { run, scheduledFor } of fired) {
    const log = await store.read(run);
    const must = expected(scheduledFor);
    const last = log.at(-1);
    if (last?.type !== "run_finished" || last.status !== must.status) wrong.push(`${run} ended as ${JSON.stringify(last)}`);
    const had = (effects.get(run) ?? []).toSorted();
    if (JSON.stringify(had) !== JSON.stringify(must.effects)) wrong.push(`${run} had the effects ${had.join(" ")}`);
    try {
      const rules = { slackMs: 600_000, cancelGraceMs: CANCEL_GRACE_MS, interruptionsMax: INTERRUPTIONS_MAX, mustFinish: true };
      audit(log, { ...rules, belongs: () => true, takeOver: new Map() });
    } catch (error) {
      wrong.push(`${run}: ${String(error)}`);
    }
    attempts += log.filter((event) => event.type === "attempt_started").length;
    goesOnMs.push(...afterKills(log, kills));
  }
  return { runs: fired.length, attempts, refused, goesOnMs, wrong };
}

function afterKills(log: readonly RunEvent[], kills: readonly Kill[]): readonly number[] {
  return log.flatMap((event, index) => {
    if (event.type !== "attempt_started") return [];
    const kill = kills.find(({ engine }) => engine === event.owner);
    if (kill === undefined) return [];
    const next = log.slice(index + 1).find((each) => "node" in each && each.node === event.node);
    if (next?.type !== "attempt_failed" || next.reason !== "interrupted") return [];
    const again = log.slice(index + 1).find((each) => each.type === "attempt_started" && each.node === event.node);
    return again === undefined ? [] : [again.at - kill.at];
  });
}
