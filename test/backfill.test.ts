// Backfills as users start them: processes of their own, killed and interrupted on the way; what comes out is what an undisturbed one gives.
import { describe, expect, it } from "vitest";
import { project, rows, start } from "./millrace.ts";
import { millrace } from "./warm.ts";

const DAYS = 40;
const KILLS = 12;
const FILES = {
  "millrace.yaml": "name: backfills\n",
  "models/raw/seed.sql":
    "/*---\nmaterialize: table\n---*/\nselect i as id, timestamp '2026-01-01' + interval (i * 7) minute as sold, i % 13 as amount from range(9000) r(i)\n",
  "models/clean/days.sql":
    "/*---\nmaterialize: table\npartition: { by: day, column: sold, start: 2026-01-01 }\nchecks:\n  - notNull: [id]\n---*/\nselect id, sold, amount * 2 as twice from raw.seed where sold >= $start and sold < $end\n",
};
const TRUTH = [
  "select id, sold, twice from clean.days order by all",
  'select partition, "rows", status, code_hash, inputs, version from _millrace.partitions order by all',
  "select count(*) from _millrace.partitions group by partition having count(*) > 1",
];

async function truth(dir: string): Promise<unknown> {
  const answers: unknown[] = [];
  for (const sql of TRUTH) answers.push(await rows(dir, sql));
  return answers;
}

describe("a backfill", { timeout: 300_000 }, () => {
  it("killed again and again and resumed gives what an undisturbed one gives, once", async () => {
    const undisturbed = project(FILES);
    const killed = project(FILES);
    const range = ["--from", "2026-01-01", "--to", "2026-02-09"];
    for (const { dir } of [undisturbed, killed]) await millrace(["run", "--select", "raw.seed"], dir);
    const done = await millrace(["backfill", "clean.days", ...range, "--json"], undisturbed.dir);
    expect(done.lines()[0]).toMatchObject({ type: "backfill", asset: "clean.days", partitions: DAYS });
    expect(done.lines().at(-1)).toMatchObject({ type: "summary", status: "succeeded", nodes: { succeeded: DAYS } });

    const begun = await millrace(["backfill", "clean.days", ...range, "--jobs", "2", "--detach", "--json"], killed.dir);
    const id = begun.lines()[0]!["backfill"] as string;
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, finished } = start(["backfill", "resume", id, "--json"], killed.dir);
      let nodes = 0;
      child.stdout!.on("data", (text: string) => {
        nodes += text.split('"type":"node"').length - 1;
        if (nodes >= 1 + (kill % 3)) child.kill("SIGKILL");
      });
      const { lines, signal } = await finished;
      if (signal === null && lines().at(-1)?.["status"] === "succeeded") break;
    }
    const last = await millrace(["backfill", "resume", id, "--json"], killed.dir);
    expect(last.exitCode).toBe(0);
    const shown = await millrace(["backfill", "show", id, "--json"], killed.dir);
    expect(shown.lines()[0]!["backfill"]).toMatchObject({ status: "succeeded", nodes: { total: DAYS, failed: 0, pending: 0 } });
    expect(await truth(killed.dir)).toEqual(await truth(undisturbed.dir));
    undisturbed.remove();
    killed.remove();
  });

  it("interrupted by Ctrl-C says how to go on, and a run does not end it", async () => {
    const { dir, remove } = project(FILES);
    await millrace(["run", "--select", "raw.seed"], dir);
    const { child, finished } = start(["backfill", "clean.days", "--from", "2026-01-01", "--to", "2026-02-09", "--jobs", "1"], dir);
    child.stderr!.on("data", (text: string) => {
      if (text.includes("✓ clean.days[")) child.kill("SIGINT");
    });
    const { exitCode, stderr } = await finished;
    expect(exitCode).toBe(130);
    const id = /millrace backfill resume (b_\w+)/.exec(stderr)![1]!;
    await millrace(["run", "--select", "raw.seed"], dir);
    const listed = await millrace(["backfill", "list", "--json"], dir);
    expect(listed.lines()[0]!["backfills"][0]).toMatchObject({ backfill: id, status: "running" });
    expect((await millrace(["backfill", "resume", id], dir)).exitCode).toBe(0);
    expect(await rows(dir, "select count(*) from _millrace.partitions")).toEqual([[DAYS]]);
    remove();
  });

  it("of sources, transforms and tasks in TypeScript gives each its interval, and settles after keys that moved", async () => {
    const bounds = 'start: "2026-11-01", end: "2026-11-06"';
    const { dir, remove } = project({
      "millrace.yaml": "name: typescript\n",
      "pipelines/parts.ts": `import { defineAsset, defineTask } from "millrace";
        export const late = defineAsset({ name: "raw.late", partition: { by: "day", ${bounds} },
          async *extract({ partition }) { if (partition!.key > "2026-11-02") yield [{ id: partition!.key, hours: (+partition!.end! - +partition!.start!) / 3.6e6 }]; } });
        export const moved = defineAsset({ name: "raw.moved", key: "id", load: "merge", partition: { by: "day", column: "day", ${bounds} },
          async *extract({ partition }) { yield [{ id: "x", day: partition!.key }, { id: partition!.key, day: partition!.key }, { id: "old", day: "2025-01-01" }]; } });
        export const scored = defineAsset({ name: "clean.scored", needs: { "raw.moved": ({ key }) => key }, partition: { by: "day", column: "day" },
          async *transform({ read, partition }) { for await (const rows of read("raw.moved")) yield rows.filter((row) => String(row.day).startsWith(partition!.key)); } });
        export const note = defineTask({ name: "note", after: ["clean.scored"], partition: { by: "day", ${bounds} }, run: ({ partition }) => partition!.key });
      `,
    });
    expect((await millrace(["run"], dir)).exitCode).toBe(0);
    expect(await rows(dir, "select id, hours from raw.late order by 1")).toEqual(["03", "04", "05"].map((day) => [`2026-11-${day}`, 24]));
    expect(await rows(dir, "select count(*), count(distinct id) from raw.moved")).toEqual([[6, 6]]);
    // What the merge took from other partitions makes what read them stale: after another run both agree, and then nothing is left to do.
    await millrace(["run"], dir);
    expect(await rows(dir, "select * from clean.scored order by all")).toEqual(await rows(dir, "select * from raw.moved order by all"));
    const last = await millrace(["run", "--json"], dir);
    expect(last.lines().at(-1)).toMatchObject({ nodes: { succeeded: 0, reused: 4 } });
    remove();
  });
});
