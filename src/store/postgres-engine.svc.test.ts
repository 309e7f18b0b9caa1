// The engine over a real PostgreSQL that goes away in the middle of a run and comes back.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../../test/postgres.ts";
import { realClock } from "../engine/clock.ts";
import { createEngine } from "../engine/engine.ts";
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
