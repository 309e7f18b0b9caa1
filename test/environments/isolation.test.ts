// Two branches never see each other: random edits on two branches of one project come to what two projects of their own come to.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { type App, openApp } from "../../src/app.ts";

const ROUNDS = 6;
const SEED = 20_261_121;
const CONFIG = 'name: shop\nenvironments:\n  prod: { branches: [main] }\n  "*": { kind: research }\n';
const dirs: string[] = [];
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

/** Numbers from a seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Files = Record<string, string>;
const MODELS = ["a.m0", "a.m1", "b.m2", "b.m3", "c.m4", "c.m5"];

/** A model that reads the source or models before it; tables and views mixed. */
function model(index: number, next: (below: number) => number): string {
  const from = (at: number): string => (at === 0 ? "raw.t" : MODELS[next(at)]!);
  const [one, other] = [from(index), next(2) === 0 ? "raw.t" : from(index)];
  const way = next(3) === 0 ? "view" : "table";
  const sql = `with ours as (select id, v from ${one} where v <> ${next(5)}) select o.id, o.v + ${next(9)} as v from ours o join ${other} t using (id)`;
  return `/*---\nmaterialize: ${way}\n---*/\n${sql}\n`;
}

function path(name: string): string {
  return `models/${name.replace(".", "/")}.sql`;
}

function create(files: Files): string {
  const dir = mkdtempSync(join(tmpdir(), "millrace-branches-"));
  dirs.push(dir);
  put(dir, {
    "millrace.yaml": CONFIG,
    "data/t.csv": "id,v\n1,1\n2,2\n3,3\n4,4\n",
    "sources/t.yaml": "from: { files: { path: data/t.csv } }\n",
    ...files,
  });
  return dir;
}

function put(dir: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
}

async function within<Result>(dir: string, env: string, work: (app: App) => Promise<Result>): Promise<Result> {
  const app = await openApp({ dir, env });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

async function runAndRead(dir: string, env: string): Promise<readonly unknown[]> {
  return within(dir, env, async (app) => {
    expect((await app.run({}, () => {})).status).toBe("succeeded");
    return read(app);
  });
}

async function read(app: App): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (const name of MODELS)
    await app.query(`select '${name}' as name, list([id, v] order by id, v) as rows from ${name}`, (part) => {
      if ("rows" in part) found.push(...part.rows);
    });
  return found;
}

it("random edits on two branches come to what two projects come to", { timeout: 300_000 }, async () => {
  const next = numbers(SEED);
  const start: Files = Object.fromEntries(MODELS.map((name, index) => [path(name), model(index, next)]));
  const shared = create(start);
  const prod = await runAndRead(shared, "prod");
  const branches = ["left", "right"].map((name) => ({ name, files: { ...start }, own: create(start) }));
  for (const { own } of branches) await runAndRead(own, "prod");
  for (let round = 0; round < ROUNDS; round++) {
    const branch = branches[next(2)]!;
    for (let edits = 0; edits <= next(2); edits++) {
      const index = next(MODELS.length);
      branch.files[path(MODELS[index]!)] = next(4) === 0 ? start[path(MODELS[index]!)]! : model(index, next);
    }
    put(shared, branch.files); // what checking the branch out does
    put(branch.own, branch.files);
    expect(await runAndRead(shared, branch.name), `round ${round}, ${branch.name}`).toEqual(await runAndRead(branch.own, "prod"));
    for (const other of branches.filter((each) => each !== branch)) {
      put(shared, other.files);
      const here = await within(shared, other.name, (app) => read(app));
      const there = await within(other.own, "prod", (app) => read(app));
      // A branch that was never run shows prod; so does its own project.
      expect(here, `round ${round}, ${other.name} beside it`).toEqual(there);
    }
    expect(await within(shared, "prod", (app) => read(app)), `round ${round}, prod`).toEqual(prod);
  }
});
