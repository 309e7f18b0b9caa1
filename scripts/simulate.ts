// `npm run simulate -- --seeds N [--from S] [--seed S]`: the control plane under faults. A seed that fails prints the one command that repeats it.
import { parseArgs } from "node:util";
import { messageOf } from "../src/model/errors.ts";
import { simulate } from "../src/testing/simulate.ts";

const { values } = parseArgs({ options: { seeds: { type: "string" }, from: { type: "string" }, seed: { type: "string" } } });
if (values.seed !== undefined) {
  const { log, status } = simulate(Number(values.seed));
  for (const event of log) console.log(JSON.stringify(event));
  console.log(`seed ${values.seed}: ${log.length} events, ${status}`);
} else {
  const from = Number(values.from ?? 0);
  const seeds = Number(values.seeds ?? 1_000);
  const before = performance.now();
  const statuses = new Map<string, number>();
  let events = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    try {
      const { log, status } = simulate(seed);
      events += log.length;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    } catch (error) {
      console.error(`✗ ${messageOf(error)}\n  repeat: npm run simulate -- --seed ${seed}`);
      process.exit(1);
    }
  }
  const counts = [...statuses].map(([status, count]) => `${count} ${status}`).join(", ");
  const seconds = (performance.now() - before) / 1_000;
  console.log(`✓ ${seeds} seeds, ${events} events, ${seconds.toFixed(1)} s: ${counts}`);
}
