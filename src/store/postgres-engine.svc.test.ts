// The engine over a real PostgreSQL: the database goes away in the middle of runs and comes back; an engine is killed and another one goes on.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../../test/postgres.ts";
import { realClock } from "../engine/clock.ts";
import { createEngine } from "../engine/engine.ts";
import { createRegistry } from "../engine/registry.ts";
import { createInlineExecutor } from "../executors/inline.ts";
import { planOf } from "../run/run.fixture.ts";
import { openPostgresStore } from "./postgres.ts";

let server: TestPostgres;
let url: string;
beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
  url = await server.createDatabase();
});
afterAll(() => server.stop());

describe("an engine whose database is lost in the middle of runs", () => {
  it("waits and goes on: every node is carried out once, every run ends", async () => {
    const states: string[] = [];
    const store = await openPostgresStore({ connection: { connectionString: url }, onState: (lost) => states.push(lost?.code ?? "back") });
    const done: string[] = [];
    const engine = createEngine({
      store,
      clock: realClock,
      executor: createInlineExecutor(async ({ run, node }) => {
        done.push(`${run} ${node}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        return {};
      }),
    });
    const chain = Array.from({ length: 40 }, (_, index) => (index === 0 ? "n0" : `n${index}: n${index - 1}`));
    const runs = await Promise.all([1, 2, 3].map(() => engine.start(planOf(chain))));
    const ended = Promise.all(runs.map((run) => engine.run(run)));
    for (let loss = 0; loss < 2; loss++) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      await server.halt();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await server.resume();
    }
    expect((await ended).map((summary) => summary.status)).toEqual(["succeeded", "succeeded", "succeeded"]);
    expect(done).toHaveLength(120);
    expect(new Set(done).size).toBe(120);
    expect(states).toContain("back");
    await engine.close();
    await store.close();
  });
});

/** An engine in a process of its own that carries out a run, a node in 100 ms, and says which node it begins. */
const otherEngine = (run: string): string => `
const src = ${JSON.stringify(fileURLToPath(new URL("../", import.meta.url)))};
const [{ openPostgresStore }, { createEngine }, { createRegistry }, { realClock }, { createInlineExecutor }] = await Promise.all(
  ["store/postgres.ts", "engine/engine.ts", "engine/registry.ts", "engine/clock.ts", "executors/inline.ts"].map((file) => import(src + file)),
);
const store = await openPostgresStore({ connection: { connectionString: ${JSON.stringify(url)} } });
const executor = createInlineExecutor(async ({ node }) => {
  console.log(node);
  await new Promise((resolve) => setTimeout(resolve, 100));
  return {};
});
let registry;
const engine = createEngine({ store, clock: realClock, executor, isDead: (id) => registry.isDead(id) });
const card = () => ({ version: "1", url: null, holdsWarehouse: false });
registry = createRegistry({ store, clock: realClock, id: engine.id, card, onDead: async () => engine.look() });
await registry.start();
await engine.run(${JSON.stringify(run)});
`;

describe("two engines", () => {
  it("when one is killed in the middle of a run the other goes on with it, from where it was", async () => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-engines-"));
    const store = await openPostgresStore({ connection: { connectionString: url } });
    const mine: string[] = [];
    const executor = createInlineExecutor(async ({ node }) => {
      mine.push(node);
      return {};
    });
    const engine = createEngine({ store, clock: realClock, executor, isDead: (id) => registry.isDead(id) });
    const card = () => ({ version: "1", url: null, holdsWarehouse: false });
    const registry = createRegistry({ store, clock: realClock, id: engine.id, card, onDead: async () => engine.look() });
    await registry.start();
    const nodes = Array.from({ length: 20 }, (_, index) => `n${index}`);
    const run = await engine.start(planOf(nodes.map((node, index) => (index === 0 ? node : `${node}: n${index - 1}`))));
    const script = join(folder, "engine.mts");
    writeFileSync(script, otherEngine(run));
    const child = spawn(process.execPath, ["--import", import.meta.resolve("jiti/register"), script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const theirs: string[] = [];
    await new Promise<void>((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        theirs.push(...text.trim().split("\n"));
        if (theirs.length >= 5 && child.kill("SIGKILL")) resolve();
      });
    });
    const summary = await engine.run(run);
    expect(summary.status).toBe("succeeded");
    // The node that was being carried out at the kill is carried out again; no other is.
    expect(theirs.filter((node) => mine.includes(node)).length).toBeLessThanOrEqual(1);
    expect(new Set([...theirs, ...mine])).toEqual(new Set(nodes));
    expect(registry.living().map((entry) => entry.id)).toEqual([engine.id]);
    await registry.close();
    await engine.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });
});
