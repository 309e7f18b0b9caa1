// Every command that the API knows too, asked in three ways: as a command, as a command while `serve` holds the warehouse, and by the API. Three copies of one
// project; what is done to one is done to each, so that effects are compared as well.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commands } from "../src/cli/commands/index.ts";
import { apiPaths, fillPath, methodOf, type RouteId } from "../src/model/api-paths.ts";
import { anyRoutes } from "../src/server/api.ts";
import { byApi, byCommand, copyOf, routeNamed } from "./api-ways.ts";
import { createAsk } from "../src/client/ask.ts";
import { serveIn, until } from "./engine.ts";
import { project, start } from "./millrace.ts";
import { millrace } from "./warm.ts";

const FILES = {
  ".gitignore": ".millrace/\n",
  "contracts/old.avsc": '{ "type": "record", "name": "Sale", "fields": [{ "name": "id", "type": "long" }] }\n',
  "contracts/new.avsc":
    '{ "type": "record", "name": "Sale", "fields": [{ "name": "id", "type": "long" }, { "name": "price", "type": "double" }] }\n',
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
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("-c", "user.name=Ana", "-c", "user.email=ana@example.org", "commit", "-q", "-m", "begin");
  run = await runOf(["run"]);
  second = await runOf(["run", "--full-refresh", "--select", "clean.y"]);
  backfill = await runOf(["backfill", "clean.years", "--from", "2023", "--to", "2024"]);
  await leftWaiting();
  const once = await serve(base);
  await once.stop("SIGTERM"); // an engine has taken the triggers up
  waiting = (await millrace(["runs", "--job", "publish", "--json"], base.dir)).lines()[0]!["runs"][0].run as string;
  record = (await millrace(["quarantine", "list", "--json"], base.dir)).lines()[0]!["items"][0].id as string;
  await millrace(["plan", "--select", "clean.y", "--full-refresh", "--out", "plan.json"], base.dir);
  alone = copyOf(base.dir);
  ended.push(() => alone.remove());
  [beside, asked] = await Promise.all([serve(copyOf(base.dir)), serve(copyOf(base.dir))]);
});
afterAll(() => {
  for (const end of ended) end();
});

function git(...words: readonly string[]): void {
  execFileSync("git", words, { cwd: base.dir });
}

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

/** Where the command takes a file of what the route takes as text. */
const WORDS: Readonly<Partial<Record<RouteId, readonly string[]>>> = { "plan.apply": ["apply", "plan.json"] };

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
  ["codes.list", () => ({})],
  ["assets.types", () => ({})],
  ["contracts.check", () => ({ what: "contracts/new.avsc", against: ["contracts/old.avsc"] })],
  ["contracts.check", () => ({ what: "clean.y", against: ["raw.x"], mode: "forward" })],
  ["sources.add", () => ({ connector: "files", settings: { path: "data/x.csv" }, name: "more", dryRun: true })],
  ["quarantine.preview", () => ({ act: "accept", named: ["raw.x"] })],
  ["quarantine.preview", () => ({ act: "replay", named: ["raw.x"] })],
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
  ["environments.deploy", () => ({ ref: "nowhere" })],
  ["tests.record", () => ({ model: "clean.nothing" })],
  ["contracts.check", () => ({ what: "clean.y", against: ["raw.x"], mode: "sideways" })],
  ["sources.add", () => ({ connector: "nothing" })],
  ["tokens.revoke", () => ({ token: "nobody" })],
];

const ACTS: readonly Case[] = [
  ["plan.apply", () => ({ plan: readFileSync(join(base.dir, "plan.json"), "utf8") })],
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
  ["environments.rollback", () => ({})],
  ["environments.deploy", () => ({})],
  ["environments.deploy", () => ({ ref: "main", environment: "preview" })],
  ["reviews.decide", () => ({ asset: "clean.same", left: "1", right: "2", decision: "distinct" })],
  ["contracts.import", () => ({ file: "contracts/new.avsc", name: "raw.offers" })],
  ["tests.record", () => ({ model: "clean.y", rows: 2, where: "price is not null", name: "recorded" })],
  ["docs.build", () => ({})],
  ["tokens.create", () => ({ name: "reader", scope: "read", expires: "12h" })],
  ["tokens.revoke", () => ({ token: "reader" })],
  ["sources.add", () => ({ connector: "files", settings: { path: "data/x.csv" }, name: "more" })],
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

/** Commands that no server carries out, each with the reason. A new command is among these, or has a route. */
const LOCAL: Readonly<Record<string, string>> = {
  init: "it makes the folder that a server serves",
  dev: "it is the server",
  serve: "it is the server",
  mcp: "it is a server, at its own standard input and output",
  confirm: "a person's yes is given in the project's folder: whoever reaches the server may be the agent that asks",
  inspect: "it reads files of this machine, without a project",
  convert: "it reads and writes files of this machine, without a project",
  completion: "it prints what the shell of this machine reads",
  doctor: "it looks at this machine, too; doctor.show answers for the server's",
  "token link": "session.link; the link leads to the engine that runs, and without one there is none",
};

interface Otherwise {
  command(dir: string): Promise<unknown>;
  api(): Promise<unknown>;
}

const SELECT = "select id, name from clean.y order by id";
/** Commands whose answer is no answer of a route, but holds the same. */
const OTHERWISE: Readonly<Record<string, Otherwise>> = {
  query: {
    command: async (dir) => (await jsonLines(dir, ["query", SELECT]))[0],
    api: async () => {
      const { v, columns, rows } = await askApi("query.run", { sql: SELECT });
      return { v, columns, rows };
    },
  },
  logs: {
    command: async (dir) => (await jsonLines(dir, ["logs", run])).map(({ message, node, level }) => ({ message, node, level })),
    api: async () => {
      const { lines } = await askApi("runs.logs", { run });
      return lines.map(({ message, node, level }: any) => ({ message, node, level }));
    },
  },
  schema: {
    command: async (dir) => (await jsonLines(dir, ["schema", "source"]))[0],
    api: async () => (await askApi("schemas.show", { kind: "source" })).schema,
  },
  "quarantine export": {
    command: async (dir) => {
      const [told] = await jsonLines(dir, ["quarantine", "export", "raw.x", "--to", ".millrace/aside.csv"]);
      return { records: told!["records"], text: readFileSync(join(dir, ".millrace/aside.csv"), "utf8") };
    },
    api: async () => {
      const { export: id, rows } = await askApi("quarantine.export", { asset: "raw.x" });
      const file = await fetch(`${asked.url}/api/v1/query/exports/${id}`);
      return { records: rows, text: await file.text() };
    },
  },
};

async function jsonLines(dir: string, words: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { lines, stderr, exitCode } = await millrace([...words, "--json"], dir);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return lines();
}

async function askApi(id: RouteId, input: Readonly<Record<string, unknown>>): Promise<any> {
  return (createAsk(asked) as (id: RouteId, input: object) => Promise<any>)(id, input);
}

function wordsOf([id, input]: Case): readonly string[] {
  const route = routeNamed(id);
  return WORDS[id] ?? route.cli!(route.input.parse(input()));
}

async function ways(given: Case): Promise<void> {
  const [id, input] = given;
  const route = routeNamed(id);
  const words = wordsOf(given);
  const key = `key-${JSON.stringify([id, words])}`.slice(0, 200);
  const before = await noted();
  const [first, second, third] = await Promise.all([
    byCommand(alone.dir, words),
    byCommand(beside.dir, words),
    byApi(asked, route, input(), key),
  ]);
  expect({ way: "command beside serve", answer: second }).toEqual({ way: "command beside serve", answer: first });
  expect({ way: "API", answer: third }).toEqual({ way: "API", answer: first });
  if (route.kind !== "read" && !("error" in (third as object) && !("run" in (third as object))))
    await isDoneOnce(given, { key, third, before });
}

/** Lists that go on behind a cursor: where they are, and what names a row. */
const LISTS: Readonly<Record<string, { readonly path: string; readonly rows: string; key(row: any): string }>> = {
  runs: { path: "runs?", rows: "runs", key: ({ run: id }) => id },
  backfills: { path: "backfills?", rows: "backfills", key: ({ backfill: id }) => id },
  quarantine: { path: "quarantine?status=all&", rows: "items", key: ({ id }) => id },
  audit: { path: "audit?", rows: "entries", key: ({ entry }) => entry },
  reviews: { path: "reviews/clean.same?", rows: "items", key: ({ left, right }) => `${left} ${right}` },
  "history of an asset": {
    path: "assets/raw.x/history?",
    rows: "events",
    key: ({ at, kind, detail }) => JSON.stringify([at, kind, detail]),
  },
  "history of a schema": {
    path: "assets/raw.x/history?schema=true&",
    rows: "events",
    key: ({ at, kind, detail }) => JSON.stringify([at, kind, detail]),
  },
  "history of triggers": { path: "jobs/nightly/triggers?", rows: "history", key: (row) => JSON.stringify(row) },
};

describe("a list of the API", () => {
  let place: Served;
  let rows = 100;
  beforeAll(async () => {
    place = await serve(copyOf(base.dir));
    await more();
  });

  async function page(list: string, query: string): Promise<{ readonly keys: readonly string[]; readonly next: string | null }> {
    const { path, rows: field, key } = LISTS[list]!;
    const answer = (await (await fetch(`${place.url}/api/v1/${path}${query}`)).json()) as any;
    return { keys: answer[field].map(key), next: answer.next };
  }

  /** Something for each of the lists. */
  async function more(): Promise<void> {
    const ask = createAsk(place) as (id: RouteId, input: object, asked: { readonly wait: boolean }) => Promise<unknown>;
    const path = join(place.dir, "data/x.csv");
    const text = readFileSync(path, "utf8");
    const added = ["Eva Smith", "Eva Smyth", "Eva Smithe", "unread"].map(
      (name) => `${++rows},${name},${name === "unread" ? "many" : rows}\n`,
    );
    const column = `more${rows}`;
    writeFileSync(path, `${text.replace("price", `price,${column}`)}${added.join("")}`);
    await ask("runs.start", { select: "+clean.same" }, { wait: true });
    await ask("triggers.pause", { job: "nightly" }, { wait: false });
    await ask("triggers.resume", { job: "nightly" }, { wait: false });
    await ask("backfills.start", { asset: "clean.years", from: "2023", to: "2023" }, { wait: true });
  }

  it("goes on behind its cursor without a gap and without anything twice, also while rows are added", async () => {
    const lists = Object.keys(LISTS);
    const wholes = new Map<string, readonly string[]>();
    for (const list of lists) {
      const whole = await page(list, "limit=1000");
      expect({ list, many: whole.keys.length > 1, next: whole.next }).toEqual({ list, many: true, next: null });
      wholes.set(list, whole.keys);
    }
    for (const limit of [1, 2, 3]) {
      const found = new Map(lists.map((list) => [list, { keys: [] as string[], next: "" as string | null }]));
      for (let pages = 0; [...found.values()].some(({ next }) => next !== null); pages++) {
        for (const [list, state] of found) {
          if (state.next === null) continue;
          const { keys, next } = await page(list, `limit=${limit}${state.next === "" ? "" : `&cursor=${encodeURIComponent(state.next)}`}`);
          expect({ list, keys: keys.length <= limit }).toEqual({ list, keys: true });
          found.set(list, { keys: [...state.keys, ...keys], next });
        }
        if (limit === 2 && pages === 0) await more();
      }
      for (const [list, { keys }] of found) {
        const before = new Set(wholes.get(list));
        expect({ list, limit, keys: keys.filter((key) => before.has(key)) }).toEqual({ list, limit, keys: wholes.get(list) });
        expect({ list, twice: keys.length - new Set(keys).size }).toEqual({ list, twice: 0 });
      }
    }
  });

  it.each(Object.keys(LISTS))("refuses a cursor that is none: %s", async (list) => {
    for (const cursor of ["none", "WyJhIl0", "' or 1=1 --"]) {
      const wrong = await fetch(`${place.url}/api/v1/${LISTS[list]!.path}cursor=${encodeURIComponent(cursor)}`);
      expect([cursor, wrong.status, ((await wrong.json()) as any).error?.code]).toEqual([cursor, 400, "MR7001"]);
    }
  });
});

async function noted(): Promise<number> {
  return (await askApi("audit.list", { limit: 1_000 })).entries.length;
}

/** Acts that only look. */
const LOOKS: ReadonlySet<RouteId> = new Set(["checks.run", "tests.run", "contracts.check", "backfills.preview", "quarantine.preview"]);

/** The same key again is answered the same and does nothing; with another request it is refused. */
async function isDoneOnce(
  [id, input]: Case,
  { key, third, before }: { readonly key: string; readonly third: unknown; readonly before: number },
): Promise<void> {
  const once = await noted();
  const entries = LOOKS.has(id) || input()["dryRun"] === true ? 0 : 1;
  expect({ id, entries: once - before }).toEqual({ id, entries });
  const again = await byApi(asked, routeNamed(id), input(), key);
  if (id === "tokens.create") expect(again).toMatchObject({ error: { code: "MR8118" } }); // its answer is a secret, and not kept
  else expect(again).toEqual(third);
  const other = await byApi(asked, routeNamed("tokens.revoke"), { token: `other than ${id}` }, key);
  expect(other).toMatchObject({ error: { code: "MR8117" } });
  expect({ id, entries: (await noted()) - once }).toEqual({ id, entries: 0 });
}

/** Reads that no command asks for. */
const ONLY_API: readonly Case[] = [
  ["project.show", () => ({})],
  ["search.find", () => ({ q: "clean" })],
  ["schemas.list", () => ({})],
  ["schemas.show", () => ({ kind: "source" })],
  ["assets.graph", () => ({})],
  ["assets.source", () => ({ asset: "clean.y" })],
  ["assets.rows", () => ({ asset: "clean.y" })],
  ["assets.profile", () => ({ asset: "clean.y" })],
  ["checks.list", () => ({})],
  ["quality.show", () => ({})],
  ["assets.drift", () => ({ since: 0 })],
  ["lineage.graph", () => ({ target: "clean.y" })],
  ["lineage.events", () => ({ target: "clean.y" })],
  ["partitions.grid", () => ({})],
  ["partitions.show", () => ({ asset: "clean.years", partition: "2024" })],
  ["runs.changes", () => ({ run })],
  ["runs.logs", () => ({ run })],
  ["runs.strip", () => ({})],
  ["approvals.list", () => ({})],
  ["approvals.form", () => ({ run: waiting, task: "agree" })],
  ["quarantine.records", () => ({ asset: "raw.x" })],
  ["jobs.list", () => ({})],
  ["jobs.parameters", () => ({ job: "nightly" })],
  ["query.completions", () => ({})],
  ["connectors.form", () => ({ connector: "files" })],
  ["connections.list", () => ({})],
  ["doctor.show", () => ({})],
  ["session.show", () => ({})],
];
/** Whose answers tell of the moment. */
const OF_THE_MOMENT: ReadonlySet<RouteId> = new Set(["lineage.events", "doctor.show", "session.show", "assets.profile"]);

describe("a read of the API", () => {
  const gets = [...READS, ...ONLY_API].filter(([id, input]) => methodOf(id) === "GET" && input()["asset"] !== "y");

  it("has an ETag, by which it is not sent again while nothing has changed", async () => {
    const wrong: unknown[] = [];
    for (const [id, input] of gets) {
      const { path, rest } = fillPath(id, input());
      const query = new URLSearchParams(Object.entries(rest).map(([name, value]): [string, string] => [name, String(value)]));
      const get = (headers: Readonly<Record<string, string>>): Promise<Response> =>
        fetch(`${asked.url}/api/v1${path}?${query.toString()}`, { headers: { authorization: `Bearer ${asked.token}`, ...headers } });
      let told: unknown = null;
      for (let tries = 0; tries < 5; tries++) {
        const first = await get({});
        const etag = first.headers.get("etag");
        await first.text();
        const again = await get({ "if-none-match": etag ?? "none" });
        told = { id, status: first.status, etag: etag !== null, again: again.status, body: again.status === 304 ? await again.text() : "" };
        if (again.status === 304 || OF_THE_MOMENT.has(id)) break;
      }
      const again = OF_THE_MOMENT.has(id) ? (told as { readonly again: number }).again : 304;
      const etag = id === "session.show" ? (told as { readonly etag: boolean }).etag : true;
      if (JSON.stringify(told) !== JSON.stringify({ id, status: 200, etag, again, body: "" })) wrong.push(told);
    }
    expect(wrong).toEqual([]);
  });

  it("is among those, each of the table", () => {
    const covered = new Set<RouteId>([...gets.map(([id]) => id), "environments.diff"]); // there is no other environment yet
    const missing = anyRoutes.filter(({ id }) => methodOf(id) === "GET" && !covered.has(id)).map(({ id }) => id);
    expect(missing).toEqual([]);
  });

  it.each(["__proto__", "constructor", "toString"])("finds nothing under the name %s", async (name) => {
    const wrong: unknown[] = [];
    for (const [id, input] of gets) {
      const template: string = apiPaths[id];
      const named = [...template.matchAll(/:([a-z]+)/gi)].map(([, parameter]) => parameter!);
      if (named.length === 0) continue;
      const given = { ...input(), ...Object.fromEntries(named.map((parameter) => [parameter, name])) };
      const { path, rest } = fillPath(id, given);
      const query = new URLSearchParams(Object.entries(rest).map(([key, value]): [string, string] => [key, String(value)]));
      const { status } = await fetch(`${asked.url}/api/v1${path}?${query.toString()}`);
      if (![400, 404, 422].includes(status)) wrong.push({ id, status });
    }
    expect(wrong).toEqual([]);
  });
});

describe("a command, the same beside serve, and the API", () => {
  it.each(READS)("tell the same: %s", (...one) => ways(one));
  it.each(Object.entries(OTHERWISE))("tell the same in words of their own: %s", async (_command, tell) => {
    const [first, second, third] = [await tell.command(alone.dir), await tell.command(beside.dir), await tell.api()];
    expect(second).toEqual(first);
    expect(third).toEqual(first);
  });
  it.each(WRONG)("fail alike: %s", (...one) => ways(one));
  it.each(ACTS)("do the same: %s", (...one) => ways(one));
  it.each(READS.filter(([id]) => AFTERWARDS.has(id)))("tell the same afterwards: %s", (...one) => ways(one));

  it("leaves no route and no command out without a reason", () => {
    const cases = [...READS, ...ACTS, ...WRONG];
    const covered = new Set(cases.map(([id]) => id));
    const missing = anyRoutes
      .filter((route) => route.cli !== null && !covered.has(route.id) && !(route.id in LEFT_OUT))
      .map(({ id }) => id);
    const typed = cases.map((each) => `${wordsOf(each).join(" ")} `);
    const longestFirst = commands.map(({ name }) => name).toSorted((a, b) => b.length - a.length);
    const asked = new Set(typed.map((line) => longestFirst.find((name) => line.startsWith(`${name} `))));
    const reasons = new Set([...Object.keys(LOCAL), ...Object.keys(OTHERWISE)]);
    expect({
      routes: missing,
      commands: longestFirst.filter((name) => !asked.has(name) && !reasons.has(name)),
      gone: [...reasons].filter((name) => !longestFirst.includes(name) || asked.has(name)),
    }).toEqual({ routes: [], commands: [], gone: [] });
  });
});
