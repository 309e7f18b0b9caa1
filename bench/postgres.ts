// The control plane on a PostgreSQL that is started here (fsync on), against bare commits of PostgreSQL for the same steps, in turns so that noise hits both.
import { Client } from "pg";
import { createEngine } from "../src/engine/engine.ts";
import { realClock } from "../src/engine/clock.ts";
import { createInlineExecutor } from "../src/executors/inline.ts";
import { openPostgresStore } from "../src/store/postgres.ts";
import { startPostgres } from "../test/postgres.ts";
import { measured, planOf, STEP_TEXT, stepName } from "./engine.ts";
import { type Figure, median } from "./figure.ts";

const STEPS = 3;
const ABREAST = 50;
const WORKFLOWS = 1_000;
const NODES = 1_000;
const TURNS = 5;

export async function benchPostgres(): Promise<Figure[]> {
  const server = await startPostgres();
  const connectionString = await server.createDatabase();
  const store = await openPostgresStore({ connection: { connectionString } });
  const engine = createEngine({ store, clock: realClock, executor: createInlineExecutor(async () => ({})) });
  const client = new Client(connectionString);
  await client.connect();
  try {
    await client.query("create table bare (n bigint generated always as identity primary key, stream text not null, events text not null)");
    const bare = async (commits: number): Promise<number> => {
      const before = performance.now();
      for (let commit = 0; commit < commits; commit++)
        await client.query({ name: "bare", text: "insert into bare (stream, events) values ($1, $2)", values: ["r_1", STEP_TEXT] });
      return performance.now() - before;
    };
    const needsBefore = (index: number): readonly string[] => (index === 0 ? [] : [stepName(index - 1)]);
    const steps = planOf(STEPS, needsBefore, 4);
    const chain = planOf(NODES, needsBefore, 4);
    for (let warmUp = 0; warmUp < 100; warmUp++) await measured(engine, steps);
    const times = { one: [] as number[], bareOne: [] as number[], chain: [] as number[], bareChain: [] as number[], rate: [] as number[] };
    for (let turn = 0; turn < TURNS; turn++) {
      times.bareChain.push(await bare(NODES));
      times.chain.push(await measured(engine, chain));
      for (let index = 0; index < 50; index++) {
        times.bareOne.push(await bare(STEPS + 2));
        times.one.push(await measured(engine, steps));
      }
      const before = performance.now();
      let left = WORKFLOWS;
      await Promise.all(
        Array.from({ length: ABREAST }, async () => {
          while (left-- > 0) await measured(engine, steps);
        }),
      );
      times.rate.push(WORKFLOWS / ((performance.now() - before) / 1_000));
    }
    const [one, bareOne, whole, bareWhole, rate] = [times.one, times.bareOne, times.chain, times.bareChain, times.rate].map(median) as [
      number,
      number,
      number,
      number,
      number,
    ];
    return [
      {
        name: `${STEPS} steps, start to known end`,
        value: one,
        unit: "ms",
        wall: bareOne,
        ratio: one / bareOne,
        reach: "≤ 5 ms",
        reached: one <= 5,
      },
      { name: `${ABREAST} at once`, value: rate, unit: "workflows/s", wall: null, ratio: null, reach: "≥ 500", reached: rate >= 500 },
      {
        name: `durable chain of ${NODES} nodes`,
        value: whole,
        unit: "ms",
        wall: bareWhole,
        ratio: whole / bareWhole,
        reach: "≤ 2.5 × the bare PostgreSQL commits",
        reached: whole / bareWhole <= 2.5,
      },
    ];
  } finally {
    await client.end();
    await engine.close();
    await store.close();
    await server.stop();
  }
}
