// Every command that the API knows too, asked in three ways: as a command, as a command while `serve` holds the warehouse, and by the API. Three copies of one
// project; what is done to one is done to each, so that effects are compared as well.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RouteId } from "../src/model/api-paths.ts";
import { anyRoutes } from "../src/server/api.ts";
import { byApi, byCommand, copyOf, routeNamed } from "./api-ways.ts";
import { serveIn, until } from "./engine.ts";
import { project, start } from "./millrace.ts";
import { millrace } from "./warm.ts";

const FILES = {
  "millrace.yaml": "name: ways\ntimezone: Europe/Berlin\n",
  "data/x.csv": "id,name,price\n1,Ana Lopez,10\n2,Ana Lopes,20\n3,Bo,thirty\n4,Cy,40\n5,Di,forty\n",
  "sources/x.yaml":
    'from: { files: { path: "data/x.csv" } }\ncolumns: { id: { type: bigint }, price: { type: bigint } }\ncontract: { badValue: quarantine }\n',
  "models/clean/y.sql":
    "/*---\nmaterialize: table\ndescription: What is sold\nchecks: [ { unique: [id] } ]\n---*/\nselect id, name, price from raw.x\n",
  "models/clean/years.sql":
    "/*---\nmaterialize: table\npartition: { by: year, column: sold, start: 2023-01-01 }\n---*/\nselect i as id, timestamp '2023-01-01' + interval (i) month as sold from range(40) r(i) where timestamp '2023-01-01' + interval (i) month >= $start and timestamp '2023-01-01' + interval (i) month < $end\n",
  "models/clean/same.yaml":
    'match:\n  left: clean.y\n  id: id\n  block: ["left(name, 2)"]\n  compare: [ { column: name } ]\n  threshold: 0.99\n  review: 0.5\n',
  "models/final/z.sql": "/*---\nmaterialize: table\n---*/\nselect count(*) as n, sum(price) as total from clean.y\n",
  "tests/z.yaml": "model: final.z\ngiven: { clean.y: [ { id: 1, name: a, price: 2 } ] }\nexpect: [ { n: 1, total: 2 } ]\n",
  "jobs/nightly.yaml":
    'select: final.z\nparams: { region: { type: string, default: all } }\ntriggers:\n  - schedule: { cron: "30 2 * * *" }\n',
  "jobs/publish.yaml":
    "select: final.z\ntasks:\n  agree: { approval: { title: Publish?, fields: { reason: string } }, after: [final.z] }\n",
};

interface Place {
  readonly dir: string;
  remove(): void;
}
interface Served extends Place {
  readonly url: string;
  readonly token: string;
}

const base = project(FILES);
const ended: (() => void)[] = [() => base.remove()];
let alone: Place;
let beside: Served;
let asked: Served;
let run = "";
let second = "";
let waiting = "";
let backfill = "";
let record = "";

beforeAll(async () => {
  run = await runOf(["run"]);
  second = await runOf(["run", "--full-refresh", "--select", "clean.y"]);
  backfill = await runOf(["backfill", "clean.years", "--from", "2023", "--to", "2024"]);
  await leftWaiting();
  const once = await serve(base);
  await once.stop("SIGTERM"); // an engine has taken the triggers up
  waiting = (await millrace(["runs", "--job", "publish", "--json"], base.dir)).lines()[0]!["runs"][0].run as string;
  record = (await millrace(["quarantine", "list", "--json"], base.dir)).lines()[0]!["items"][0].id as string;
  alone = copyOf(base.dir);
  ended.push(() => alone.remove());
  [beside, asked] = await Promise.all([serve(copyOf(base.dir)), serve(copyOf(base.dir))]);
});
afterAll(() => {
  for (const end of ended) end();
});

async function runOf(words: readonly string[]): Promise<string> {
  const { lines, stdout, stderr } = await millrace([...words, "--json"], base.dir);
  const last = lines().at(-1)!;
  if (last["status"] !== "succeeded") throw new Error(stdout + stderr);
  return last["run"] as string;
}

/** A run whose process dies while it waits for an approval. */
async function leftWaiting(): Promise<void> {
  const { child, finished } = start(["run", "publish", "--json"], base.dir);
  await until(async () => (await millrace(["status", "--json"], base.dir)).stdout.includes("millrace approve") || undefined);
  child.kill("SIGKILL");
  await finished;
}

async function serve(place: Place): Promise<Served & { stop(signal: NodeJS.Signals): Promise<void> }> {
  const { url, token, child, finished } = await serveIn(place.dir, {
    onStart: (started) =>
      ended.push(() => {
        started.kill("SIGKILL");
        place.remove();
      }),
  });
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await finished;
  };
  return { dir: place.dir, remove: () => place.remove(), url, token, stop };
}

type Case = readonly [id: RouteId, input: () => Readonly<Record<string, unknown>>];

const READS: readonly Case[] = [
  ["status.show", () => ({})],
  ["assets.list", () => ({})],
  ["assets.list", () => ({ select: "+final.z" })],
  ["assets.describe", () => ({ asset: "clean.years", partitions: true })],
  ["assets.describe", () => ({ asset: "y" })],
  ["assets.history", () => ({ asset: "clean.y", schema: true })],
  ["assets.why", () => ({ asset: "final.z" })],
  ["assets.diff", () => ({ asset: "clean.y", key: ["id"] })],
  ["contracts.export", () => ({ asset: "clean.y" })],
  ["checks.run", () => ({ select: "clean.y" })],
  ["lineage.show", () => ({ target: "final.z.total", up: "all" })],
  ["lineage.impact", () => ({ target: "raw.x.price" })],
  ["backfills.list", () => ({})],
  ["backfills.preview", () => ({ asset: "clean.years", from: "2024", to: "2025", statuses: ["stale"] })],
  ["runs.list", () => ({ limit: 5, status: "succeeded" })],
  ["runs.list", () => ({ select: "clean.years", trigger: "backfill", since: Date.parse("2020-01-01") })],
  ["runs.list", () => ({ job: "publish", asset: "agree" })],
  ["runs.show", () => ({ run })],
  ["runs.why", () => ({ run })],
  ["reviews.list", () => ({ asset: "clean.same" })],
  ["quarantine.list", () => ({ asset: "raw.x" })],
  ["quarantine.list", () => ({ select: "+final.z" })],
  ["quarantine.trend", () => ({})],
  ["quarantine.show", () => ({ id: record })],
  ["quarantine.preview", () => ({ act: "fix", named: ["raw.x"], set: { price: "'30'" } })],
  ["jobs.why", () => ({ job: "nightly" })],
  ["triggers.list", () => ({ from: "2026-10-24" })],
  ["triggers.history", () => ({ job: "nightly" })],
  ["plan.show", () => ({ select: "+final.z", fullRefresh: true })],
  ["environments.list", () => ({})],
  ["tests.run", () => ({})],
  ["retention.prune", () => ({ dryRun: true })],
  ["environments.collect", () => ({ dryRun: true })],
  ["backfills.show", () => ({ backfill })],
  ["tokens.list", () => ({})],
  ["audit.list", () => ({})],
  ["codes.explain", () => ({ code: "mr2003" })],
];

const WRONG: readonly Case[] = [
  ["assets.describe", () => ({ asset: "clean.nothing" })],
  ["assets.list", () => ({ select: "tag:none" })],
  ["assets.list", () => ({ select: "((" })],
  ["runs.show", () => ({ run: "r_none" })],
  ["jobs.why", () => ({ job: "none" })],
  ["backfills.show", () => ({ backfill: "b_none" })],
  ["quarantine.show", () => ({ id: "q_none" })],
  ["triggers.pause", () => ({ job: "none" })],
  ["assets.rollback", () => ({ asset: "clean.y", to: "v_none" })],
  ["environments.diff", () => ({ name: "none" })],
  ["environments.rollback", () => ({})],
  ["runs.cancel", () => ({ run })],
  ["backfills.pause", () => ({ backfill: run })],
  ["assets.release", () => ({ asset: "final.z" })],
  ["codes.explain", () => ({ code: "MR0000" })],
];

const ACTS: readonly Case[] = [
  ["assets.rollback", () => ({ asset: "clean.y", before: second, why: "wrong prices" })],
  ["assets.release", () => ({ asset: "clean.y" })],
  ["triggers.pause", () => ({ job: "nightly", until: "2099-01-01", why: "the source is down" })],
  ["triggers.resume", () => ({ job: "nightly" })],
  ["reviews.decide", () => ({ asset: "clean.same", left: "1", right: "2", decision: "match", why: "one person" })],
  ["quarantine.discard", () => ({ named: [record], why: "no such thing" })],
  ["quarantine.decide", () => ({ act: "fix", named: ["raw.x"], set: { price: "'30'" }, why: "written out" })],
  ["runs.start", () => ({ select: "+final.z" })],
  ["runs.start", () => ({ job: "nightly", params: { region: "north" } })],
  ["backfills.start", () => ({ asset: "clean.years", from: "2024", to: "2025" })],
  ["backfills.pause", () => ({ backfill, why: "it is over" })],
  ["backfills.jobs", () => ({ backfill, jobs: 2 })],
  ["backfills.resume", () => ({ backfill })],
  ["backfills.retry", () => ({ backfill })],
  ["backfills.cancel", () => ({ backfill })],
  ["approvals.decide", () => ({ run: waiting, task: "agree", accept: true, fields: { reason: "checked" }, why: "as agreed" })],
  ["runs.retry", () => ({ run })],
  ["runs.fork", () => ({ run, select: "clean.y" })],
  ["assets.replay", () => ({ asset: "raw.x" })],
  ["runs.cancelMany", () => ({ all: true, why: "nothing goes on" })],
  ["environments.create", () => ({ name: "staging" })],
  ["environments.diff", () => ({ name: "staging" })],
  ["environments.promote", () => ({ name: "staging", dryRun: true })],
  ["environments.drop", () => ({ name: "staging" })],
];

/** Reads that show what the acts have done. */
const AFTERWARDS: ReadonlySet<RouteId> = new Set([
  "status.show",
  "assets.list",
  "assets.describe",
  "assets.history",
  "quarantine.list",
  "backfills.list",
]);

/** Commands that are not asked here, each with the reason. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  "doctor.show": "it tells of the engine: whether one runs, and that it holds the warehouse",
};

async function ways([id, input]: Case): Promise<void> {
  const route = routeNamed(id);
  const [first, second, third] = await Promise.all([
    byCommand(alone.dir, route, input()),
    byCommand(beside.dir, route, input()),
    byApi(asked, route, input()),
  ]);
  expect({ way: "command beside serve", answer: second }).toEqual({ way: "command beside serve", answer: first });
  expect({ way: "API", answer: third }).toEqual({ way: "API", answer: first });
}

describe("a list of the API", () => {
  it.each([
    ["runs", "run"],
    ["quarantine", "id"],
  ] as const)("of %s goes on behind its cursor, without a gap and without anything twice", async (list, key) => {
    const page = async (query: string): Promise<{ readonly keys: readonly string[]; readonly next: string | null }> => {
      const answer = (await (await fetch(`${asked.url}/api/v1/${list}?${query}`)).json()) as any;
      return { keys: (answer.items ?? answer.runs).map((each: any) => each[key]), next: answer.next };
    };
    const whole = await page("limit=100");
    expect([whole.keys.length > 1, whole.next]).toEqual([true, null]);
    const keys: string[] = [];
    for (let query = "limit=1"; ;) {
      const { keys: found, next } = await page(query);
      keys.push(...found);
      if (next === null) break;
      query = `limit=1&cursor=${encodeURIComponent(next)}`;
    }
    expect(keys).toEqual(whole.keys);
    const wrong = await fetch(`${asked.url}/api/v1/${list}?cursor=none`);
    expect([wrong.status, ((await wrong.json()) as any).error.code]).toEqual([400, "MR7001"]);
  });
});

describe("a command, the same beside serve, and the API", () => {
  it.each(READS)("tell the same: %s", (...one) => ways(one));
  it.each(WRONG)("fail alike: %s", (...one) => ways(one));
  it.each(ACTS)("do the same: %s", (...one) => ways(one));
  it.each(READS.filter(([id]) => AFTERWARDS.has(id)))("tell the same afterwards: %s", (...one) => ways(one));

  it("leaves no command out without a reason", () => {
    const covered = new Set([...READS, ...ACTS, ...WRONG].map(([id]) => id));
    const missing = anyRoutes
      .filter((route) => route.cli !== null && !covered.has(route.id) && !(route.id in LEFT_OUT))
      .map(({ id }) => id);
    expect(missing).toEqual([]);
  });
});
