// kill -9 at random moments of every act that changes what readers see of models: run, apply, promote, rollback, drop, collect, in prod and on a branch.
// Whatever was killed, prod and each branch show the old or the new of every asset, whole; the same command brings what it brings undisturbed; nothing is left.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Killer, killer } from "../chaos/kills.ts";
import { type Act, ACTS } from "../chaos/model-acts.ts";
import { ASSETS, comparable, modelWorld, wantedSql } from "../chaos/model-world.ts";
import { chance, killsOf, SEED } from "../chaos/random.ts";
import { contradictions, look, lostFiles, type Seen, sumOf } from "../chaos/seen.ts";
import { inWarehouse, leftovers } from "../chaos/warehouse.ts";
import { millrace, repository } from "../millrace.ts";

/** MILLRACE_KILLS=full: 200 kills; `CHAOS_SEED` for other moments. */
const KILLS = killsOf(14, 200);
const DEATHS_MAX = 3;
const LIMIT_MS = 120_000 + KILLS * 40_000;

interface Stage {
  readonly act: Act;
  readonly words: readonly string[];
  /** A copy of the project in which the act begins. */
  readonly copy: string;
  readonly before: Seen;
  readonly after: Seen;
  readonly attack: Killer;
}

const world = modelWorld();
const copies = mkdtempSync(join(tmpdir(), "millrace-kills-"));
const random = chance(SEED);
const stages: Stage[] = [];
afterAll(() => {
  world.remove();
  rmSync(copies, { recursive: true, force: true });
});

/** The undisturbed twin: carries all acts out, one after the other, and keeps where each begins and what it comes to. */
beforeAll(async () => {
  world.deliver();
  world.define(0);
  for (const words of [["run"], ["run", "--env", "side"]]) expect((await millrace(words, world.dir)).exitCode).toBe(0);
  for (const [index, act] of ACTS.entries()) {
    world.define(act.code);
    const words = await act.prepare(world);
    const copy = join(copies, String(index));
    execFileSync("cp", ["-a", world.dir, copy]);
    const before = await look(world.dir);
    const attack = killer(world.dir, random);
    await attack.learn(words);
    const after = await look(world.dir);
    stages.push({ act, words, copy, before, after, attack });
    await isTidy(`${act.name}, undisturbed`, after);
    if (act.leaves === "assets") await isAsQueriesGive(act);
  }
}, LIMIT_MS);

/** Files that are known to be what the definitions and the sources give, told by plain SQL. */
async function isAsQueriesGive({ where, code }: Act): Promise<void> {
  await inWarehouse(world.dir, async (query) => {
    await query(`set search_path = '${where === "prod" ? "main" : `main__${where}`}'`);
    for (const asset of ASSETS) {
      const sql = wantedSql(asset, code)?.replaceAll(/\b(main|clean|final)\./g, where === "prod" ? "$1." : `$1__${where}.`);
      if (sql === undefined) continue;
      const shown = where === "prod" ? asset : asset.replace(".", `__${where}.`);
      expect([asset, await sumOf(query, `select ${comparable(asset)} from ${shown}`)]).toEqual([asset, await sumOf(query, sql)]);
    }
  });
}

async function isTidy(when: string, now: Seen): Promise<void> {
  expect([when, ...(await contradictions(world.dir, now))]).toEqual([when]);
  expect([when, ...(await leftovers(world.dir)), ...(await lostFiles(world.dir))]).toEqual([when]);
}

/** The act is killed up to DEATHS_MAX times in a row, then carried out. */
async function disturb({ act, words, copy, before, after, attack }: Stage, deaths: number): Promise<void> {
  rmSync(world.dir, { recursive: true });
  execFileSync("cp", ["-a", copy, world.dir]);
  await act.prepareCopy?.(world);
  let now = before;
  for (let death = 1; death <= deaths; death++) {
    const isHit = await attack.strike(words);
    const when = `${act.name}, ${isHit ? `killed ${death} times` : "carried out"}, kill ${killed()} in all (seed ${SEED})`;
    now = await look(world.dir);
    judge(act, { when, before, after, now });
    expect([when, ...(await contradictions(world.dir, now))]).toEqual([when]);
    if (!isHit) break;
  }
  const { exitCode, stdout, stderr } = await millrace(words, world.dir);
  const isDone = act.doneAlready !== undefined && stderr.includes(act.doneAlready) && isSame(now, after);
  expect([act.name, exitCode === 0 || isDone ? "" : stdout + stderr]).toEqual([act.name, ""]);
  if (isDone) expect((await millrace(["env", "collect"], world.dir)).exitCode).toBe(0);
  const end = await look(world.dir);
  expect({ act: act.name, ...end }).toEqual({ act: act.name, ...after });
  await isTidy(act.name, end);
}

/** The project as the failure found it. */
function keepEvidence(error: unknown): never {
  const kept = mkdtempSync(join(repository, "node_modules", `.kills-${SEED}-`));
  execFileSync("cp", ["-a", world.dir, kept]);
  throw new Error(`${kept} holds the project as it was found after ${killed()} kills`, { cause: error });
}

function killed(): number {
  return stages.reduce((sum, { attack }) => sum + attack.hits, 0);
}

/** Files change over just after the warehouse: a kill in between leaves that to the next command. */
function inTheWarehouse({ rows, views, ledger }: Seen): Omit<Seen, "files"> {
  return { rows, views, ledger };
}

function isSame(one: Seen, other: Seen): boolean {
  return JSON.stringify(inTheWarehouse(one)) === JSON.stringify(inTheWarehouse(other));
}

interface Judged {
  readonly when: string;
  readonly before: Seen;
  readonly after: Seen;
  readonly now: Seen;
}

function judge({ leaves, where }: Act, { when, before, after, now }: Judged): void {
  switch (leaves) {
    case "whole":
      for (const name of Object.keys(now.files))
        expect([before.files[name], after.files[name]], `${when}: ${name}`).toContain(now.files[name]);
      return expect({ when, ...inTheWarehouse(now) }).toEqual({ when, ...inTheWarehouse(isSame(now, after) ? after : before) });
    case "nothing":
      return expect({ when, rows: now.rows, files: now.files }).toEqual({ when, rows: before.rows, files: before.files });
    case "assets": {
      const isOpen = (name: string): boolean => where === "prod" || name.startsWith(`${where} `);
      const parts = [
        ...Object.keys(now.rows).map((name) => ["rows", name] as const),
        ...Object.keys(now.files).map((name) => ["files", name] as const),
      ];
      for (const [kind, name] of parts) {
        const allowed = kind === "files" || isOpen(name) ? [before[kind][name], after[kind][name]] : [before[kind][name]];
        expect(allowed, `${when}: ${name}`).toContain(now[kind][name]);
      }
      return;
    }
    default:
      return leaves satisfies never;
  }
}

it(
  `leaves the old or the new, ${KILLS} times`,
  async () => {
    while (killed() < KILLS) {
      const [stage, ...others] = stages.toSorted((a, b) => a.attack.hits - b.attack.hits);
      const kept = others.filter(({ attack }) => attack.hits === 0).length; // each act has its turn
      await disturb(stage!, Math.max(1, Math.min(1 + random.whole(DEATHS_MAX), KILLS - killed() - kept))).catch(keepEvidence);
    }
    if (KILLS >= ACTS.length) expect(stages.filter(({ attack }) => attack.hits === 0).map(({ act }) => act.name)).toEqual([]);
  },
  LIMIT_MS,
);
