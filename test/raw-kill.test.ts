// kill -9 while what is received is written, committed and replayed: afterwards the rows are those of an undisturbed project, every load that stands can be
// replayed, and nothing of a dead one is left. A connector of the test's own goes on after the pages that were received.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { project, rows, start } from "./millrace.ts";
import { millrace } from "./warm.ts";

const KILLS = 12;
const PAGES = 12;
const CONNECTOR = `import { appendFileSync } from "node:fs";
import { defineConnector } from "millrace";
import * as z from "zod";
export const slow = defineConnector({
  name: "slow",
  summary: "pages",
  options: z.strictObject({ round: z.number() }),
  capabilities: { read: true, write: [], resume: true },
  async *read({ round }, { resume }) {
    for (let at = resume?.at ?? 0; at < ${PAGES}; at++) {
      appendFileSync("asked", \`\${round}:\${at} \`);
      await new Promise((done) => setTimeout(done, 60));
      const rows = Array.from({ length: 20 }, (_, index) => ({ id: round * 1000 + at * 20 + index, page: at }));
      yield { kind: "rows", name: \`page \${at}\`, rows, position: { at: at + 1 } };
    }
  },
});
`;

const made = project({
  "millrace.yaml": "name: raw\ndefaults: { retry: { attempts: 2, delay: 10ms } }\n",
  "pipelines/slow.ts": CONNECTOR,
  "sources/files.yaml": "from: { files: { path: 'data/*.csv' } }\nload: merge\nprimaryKey: [id]\n",
});
beforeAll(() => give(0));
afterAll(() => made.remove());

/** Round \`n\` of both sources. */
function give(round: number): void {
  made.write("sources/pages.yaml", `from: { slow: { round: ${round} } }\nload: append\n`);
  const lines = Array.from({ length: 40_000 }, (_, index) => `${round * 20_000 + index},${round},some text that makes the file larger`);
  made.write(`data/${round}.csv`, `id,round,text\n${lines.join("\n")}\n`);
}

async function killed(args: readonly string[], afterMs: number): Promise<void> {
  const { child, finished } = start(args, made.dir);
  await Promise.race([pause(afterMs), finished]);
  child.kill("SIGKILL");
  await finished;
}

const TRUTH = [
  "select count(*), count(distinct id), sum(page) from raw.pages",
  "select round, count(*), min(id), max(id) from raw.files group by 1 order by 1",
];
async function truth(): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const sql of TRUTH) found.push(await rows(made.dir, sql));
  return found;
}

async function zone(): Promise<void> {
  const kept = (await rows(made.dir, "select asset, load from _millrace.raw_loads order by all")).map(
    ([asset, load]) => `${asset}/${load}`,
  );
  const root = join(made.dir, ".millrace/raw");
  const there = readdirSync(root).flatMap((asset) => readdirSync(join(root, asset)).map((load) => `${asset}/${load}`));
  expect(there.filter((name) => !name.endsWith("/pending")).toSorted()).toEqual(kept);
  for (const name of there.filter((each) => each.endsWith("/pending"))) expect(readdirSync(join(root, name))).toEqual([]);
}

it("kills change nothing of what comes out in the end", { timeout: 600_000 }, async () => {
  for (let kill = 0; kill < KILLS; kill++) {
    const round = kill % 3;
    if (kill < 3) give(round);
    await killed(kill % 4 === 3 ? ["replay", "raw.files"] : ["run"], 300 + ((kill * 397) % 1500));
    if (kill % 3 !== 2) continue;
    const done = await millrace(["run", "--json"], made.dir);
    expect(done.exitCode, done.stdout + done.stderr).toBe(0);
  }
  const whole = await truth();
  expect(whole[1]).toEqual(
    [0, 1, 2].map((round) => [round, round === 2 ? 40_000 : 20_000, round * 20_000, round * 20_000 + (round === 2 ? 39_999 : 19_999)]),
  );
  expect((await millrace(["retention", "--json"], made.dir)).exitCode).toBe(0);
  await zone();
  for (const asset of ["raw.files", "raw.pages"]) {
    const replayed = await millrace(["replay", asset, "--json"], made.dir);
    expect(replayed.exitCode, replayed.stdout + replayed.stderr).toBe(0);
  }
  expect(await truth()).toEqual(whole);
  await zone();
});

it("a killed load asks only for the pages that it had not received", async () => {
  made.write("sources/pages.yaml", "from: { slow: { round: 77 } }\nload: append\n");
  const { child, finished } = start(["run", "--select", "raw.pages"], made.dir);
  const asked = (): string[] =>
    readFileSync(join(made.dir, "asked"), "utf8")
      .split(" ")
      .filter((page) => page.startsWith("77:"));
  while (!existsSync(join(made.dir, "asked")) || asked().length < 9) await pause(5);
  child.kill("SIGKILL");
  await finished;
  const first = asked().length;
  expect((await millrace(["run", "--select", "raw.pages", "--json"], made.dir)).exitCode).toBe(0);
  expect(asked().length).toBeLessThan(first + PAGES);
  expect(await rows(made.dir, "select count(*), count(distinct id) from raw.pages where id >= 77000")).toEqual([[240, 240]]);
});
