// A project that is served by several processes at once, which are killed, frozen and started anew at random moments; and what became of its work, counted
// from the log of its jobs, its runs and the tables in its warehouse.
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import type { JobEvent, TriggerFired } from "../../src/model/job-events.ts";
import { jobStream } from "../../src/model/store-events.ts";
import type { EventStore } from "../../src/store/store.ts";
import { millrace, project, rows, start } from "../millrace.ts";
import type { Chance } from "./random.ts";

const FILE_ROWS = 50;
const EVERY_MS = 2_000;
const schedule = `triggers: [{ schedule: { every: ${EVERY_MS / 1_000}s, catchUp: all } }]\n`;
/** One statement after the other; the table is there from the first on. */
const did = (what: string): string => `"insert into did values ($run, '${what}')"`;

const FILES = {
  "sources/appended.yaml": "from: { files: { path: 'data/*.csv' } }\nload: append\n",
  "sources/merged.yaml": "from: { files: { path: 'data/*.csv' } }\nload: merge\nprimaryKey: [id]\n",
  "models/clean/sums.sql": "select count(*) as n, sum(v) as total from raw.appended\n",
  "jobs/data.yaml": `select: "*"\n${schedule}`,
  "jobs/steps.yaml": `${schedule}tasks:
  first: { sql: ${did("first")} }
  flaky: { shell: 'test -e "flaky_$MILLRACE_RUN" || { : > "flaky_$MILLRACE_RUN"; exit 1; }', retry: { attempts: 3, delay: 20ms }, after: [first] }
  each: { sql: "insert into did values ($run, 'each' || \${item.i})", map: { over: "select i from range(3) t(i)" }, after: [flaky] }
  rest: { wait: 200ms, after: [each] }
  sub: { job: { name: inner, params: { above: "\${run}" } }, after: [rest] }
  last: { sql: ${did("last")}, after: [sub] }
`,
  "jobs/inner.yaml": `params: { above: { type: string } }\ntasks: { inner: { sql: "insert into did values ($param.above, 'inner')" } }\n`,
  "jobs/setup.yaml": 'tasks: { make: { sql: "create table did (run text, what text)" } }\n',
  "jobs/undo.yaml": `${schedule}onFailure: compensate
tasks:
  a: { sql: ${did("a")}, compensate: { sql: ${did("undo a")} } }
  b: { sql: ${did("b")}, after: [a], compensate: { sql: ${did("undo b")} } }
  bad: { shell: "exit 1", after: [b] }
`,
} as const;

const EXPECTED: Readonly<Record<string, { readonly status: string; readonly did: readonly string[] }>> = {
  data: { status: "succeeded", did: [] },
  steps: { status: "succeeded", did: ["each0", "each1", "each2", "first", "inner", "last"] },
  undo: { status: "failed", did: ["a", "b", "undo a", "undo b"] },
};

export interface ServedOptions {
  /** Of millrace.yaml: `state: …`, or nothing for SQLite. */
  readonly state: string;
  readonly serves: number;
  readonly random: Chance;
  readonly openStore: (dir: string) => Promise<EventStore>;
}

export interface Served {
  readonly dir: string;
  readonly store: EventStore;
  /** From each kill to the next event of any run; null when it was never measured, because something else stood in the way. */
  readonly goesOnMs: readonly number[];
  /** Another takes its place at once. `hurry`: does not wait until work goes on. */
  killOne(then: "measure" | "hurry"): Promise<void>;
  freezeOne(ms: number): Promise<void>;
  /** A command that carries runs out beside them, killed after a while. */
  killRun(afterMs: number): Promise<void>;
  /** New data arrive. */
  deliver(): void;
  /** Of each engine that `status` lists: does it hold the warehouse? */
  engines(): Promise<readonly string[]>;
  /** Waits until all that was fired until now has ended, then ends the engines; @throws what is stuck after `mostMs`. */
  settle(mostMs: number): Promise<void>;
  /** What is wrong; [] when nothing is. */
  judge(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

export async function serveProject({ state, serves, random, openStore }: ServedOptions): Promise<Served> {
  const files = project({ ...FILES, "millrace.yaml": `name: chaos\ndefaults: { retry: { attempts: 5, delay: 20ms } }\n${state}` });
  const { dir } = files;
  let deliveries = 0;
  const deliver = (): void => {
    const n = deliveries++;
    const lines = Array.from({ length: FILE_ROWS }, (_, index) => `${n * (FILE_ROWS / 2) + index},${n},${index}`);
    files.write(`data/${String(n).padStart(4, "0")}.csv`, `id,n,v\n${lines.join("\n")}\n`);
  };
  deliver();
  const made = await millrace(["run", "data", "--json"], dir);
  expect(made.exitCode, made.stdout + made.stderr).toBe(0);
  const table = await millrace(["run", "setup", "--json"], dir);
  expect(table.exitCode, table.stdout + table.stderr).toBe(0);
  const store = await openStore(dir);
  const serve = () => start(["serve", "--port", "0", "--json"], dir);
  const lives = Array.from({ length: serves }, serve);
  const frozen = new Set<number>();
  const goesOnMs: number[] = [];
  let settledAt = 0;

  let position = 0;
  /** Reads to the end of the store; tells whether anything of a run was new. */
  const readOn = async (): Promise<boolean> => {
    let isNew = false;
    for (;;) {
      const batches = await store.readAll(position, 1_000);
      if (batches.length === 0) return isNew;
      position = batches.at(-1)!.position;
      isNew ||= batches.some(({ stream }) => stream.startsWith("r_"));
    }
  };
  /** From a kill on: when is anything written to a run again? */
  const measure = async (killedAt: number): Promise<void> => {
    await readOn();
    while (!(await readOn())) {
      if (frozen.size > 0) return;
      await pause(20);
    }
    if (frozen.size === 0) goesOnMs.push(performance.now() - killedAt);
  };
  const fired = async (): Promise<readonly (TriggerFired & { readonly job: string; readonly status: string | undefined })[]> => {
    const all = [];
    for (const job of Object.keys(EXPECTED)) {
      const events = await store.read<JobEvent>(jobStream(job));
      const ends = new Map(events.flatMap((event) => (event.type === "run_ended" ? [[event.run, event.status] as const] : [])));
      for (const event of events) if (event.type === "trigger_fired") all.push({ ...event, job, status: ends.get(event.run) });
    }
    return all;
  };
  return {
    dir,
    store,
    goesOnMs,
    deliver,
    async killOne(then) {
      const place = random.pick(lives.flatMap((_, index) => (frozen.has(index) ? [] : [index])));
      const { child, finished } = lives[place]!;
      child.kill("SIGKILL");
      const killedAt = performance.now();
      lives[place] = serve();
      await finished;
      if (then === "measure") await measure(killedAt);
    },
    async freezeOne(ms) {
      const place = random.whole(lives.length);
      const { child } = lives[place]!;
      frozen.add(place);
      child.kill("SIGSTOP");
      await pause(ms);
      child.kill("SIGCONT");
      frozen.delete(place);
    },
    async killRun(afterMs) {
      const { child, finished } = start(["run", "data", "--json"], dir);
      await Promise.race([pause(afterMs), finished]);
      child.kill("SIGKILL");
      await finished;
    },
    async engines() {
      const status = await millrace(["status", "--json"], dir);
      const listed = (status.lines()[0]?.["engines"] ?? []) as readonly { readonly holdsWarehouse: boolean }[];
      return listed.map(({ holdsWarehouse }) => (holdsWarehouse ? "holds" : "waits")).toSorted();
    },
    async settle(mostMs) {
      settledAt = Date.now();
      for (;;) {
        const open = (await fired()).filter((each) => each.scheduledFor <= settledAt && each.status === undefined);
        if (open.length === 0) break;
        if (Date.now() > settledAt + mostMs) throw new Error(`stuck: ${open.map(({ job, run }) => `${job} ${run}`).join(", ")}`);
        await pause(500);
      }
      for (const { child } of lives) child.kill("SIGTERM");
      await Promise.all(lives.map(({ finished }) => finished));
      const rest = await millrace(["run", "data", "--json"], dir);
      expect(rest.exitCode, rest.stdout + rest.stderr).toBe(0);
      const again = await millrace(["run", "data", "--json"], dir);
      expect(again.exitCode, again.stdout + again.stderr).toBe(0);
    },
    async judge() {
      const wrong: string[] = [];
      const done = new Map<string, string[]>();
      for (const [run, what] of await rows(dir, "select run, what from did order by all")) {
        if (!done.has(run)) done.set(run, []);
        done.get(run)!.push(what);
      }
      const last = new Map<string, number>();
      for (const { job, run, scheduledFor, status } of await fired()) {
        const before = last.get(job);
        if (before !== undefined && scheduledFor !== before + EVERY_MS) wrong.push(`${job}: ${before} is followed by ${scheduledFor}`);
        last.set(job, scheduledFor);
        if (scheduledFor > settledAt) continue;
        const must = EXPECTED[job]!;
        const events = await store.read(run);
        const end = events.at(-1);
        if (end?.type !== "run_finished" || end.status !== must.status || status !== must.status)
          wrong.push(`${job} ${run} ended as ${JSON.stringify(end)}, for its job as ${status}`);
        const had = done.get(run) ?? [];
        if (JSON.stringify(had) !== JSON.stringify(must.did)) wrong.push(`${job} ${run} did ${had.join(", ")}`);
      }
      const keys = new Set(
        Array.from({ length: deliveries }, (_, n) => Array.from({ length: FILE_ROWS }, (_row, i) => n * (FILE_ROWS / 2) + i)).flat(),
      );
      const facts: readonly (readonly [string, readonly unknown[]])[] = [
        [
          "select count(*), count(distinct n), sum(v) from raw.appended",
          [deliveries * FILE_ROWS, deliveries, deliveries * ((FILE_ROWS * (FILE_ROWS - 1)) / 2)],
        ],
        ["select count(*), count(distinct id) from raw.merged", [keys.size, keys.size]],
        ["select n from clean.sums", [deliveries * FILE_ROWS]],
        ["select sum(rows_loaded) from _millrace.loads where asset = 'raw.appended'", [deliveries * FILE_ROWS]],
      ];
      for (const [sql, must] of facts) {
        const [found] = await rows(dir, sql);
        if (JSON.stringify(found!.map(Number)) !== JSON.stringify(must))
          wrong.push(`${sql}: ${JSON.stringify(found)}, not ${JSON.stringify(must)}`);
      }
      return wrong;
    },
    async remove() {
      for (const { child } of lives) child.kill("SIGKILL");
      await Promise.all(lives.map(({ finished }) => finished));
      await store.close();
      files.remove();
    },
  };
}
