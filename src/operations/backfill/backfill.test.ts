// Partitions in whole projects: runs, backfills and their acts, with real files and DuckDB; what comes out is compared with plain SQL over the files.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunRequest } from "../../app.ts";
import type { NodeEventAnswer, RunSummaryAnswer } from "../../model/answers.ts";
import type { BackfillStartedAnswer } from "../../model/backfill-answers.ts";
import type { RunProgress } from "../../model/progress.ts";
import { testProjects } from "../projects.suite.ts";
import type { BackfillRequest } from "./backfill.ts";

const { project, write, open, apps } = testProjects("backfill", "name: parts\ndefaults: { retry: { attempts: 1 } }\n");

interface Told {
  readonly nodes: Record<string, NodeEventAnswer["status"]>;
  readonly observe: (progress: RunProgress) => void;
}
function listen(): Told {
  const nodes: Told["nodes"] = {};
  return {
    nodes,
    observe: (progress) => {
      if (progress.type === "node")
        nodes[`${progress.asset}${progress.partition === undefined ? "" : `[${progress.partition}]`}`] = progress.status;
    },
  };
}
async function run(dir: string, request: RunRequest = {}): Promise<{ readonly summary: RunSummaryAnswer; readonly nodes: Told["nodes"] }> {
  const told = listen();
  return { summary: await (await open(dir)).run(request, told.observe), nodes: told.nodes };
}
const PLAIN: Omit<BackfillRequest, "asset"> = { statuses: [], withDownstream: false, dryRun: false, detach: false };
async function backfill(dir: string, asset: string, request: Partial<BackfillRequest>) {
  const told = listen();
  let started: BackfillStartedAnswer | undefined;
  const tell = (answer: BackfillStartedAnswer): void => void (started = answer);
  const summary = await (await open(dir)).backfill({ ...PLAIN, ...request, asset }, { observe: told.observe, tell });
  return { summary, started: started!, nodes: told.nodes };
}
async function query(dir: string, sql: string): Promise<readonly (readonly unknown[])[]> {
  const rows: (readonly unknown[])[] = [];
  await (apps[0] ?? (await open(dir))).query(sql, (part) => {
    if ("rows" in part) rows.push(...part.rows);
  });
  return rows;
}

/** Three rows a day for the first days of November; the last one of each belongs to the next day. */
function days(count: number, factor = 1): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const day = `2026-11-${String(index + 1).padStart(2, "0")}`;
      const next = `2026-11-${String(index + 2).padStart(2, "0")}`;
      return [
        `data/${day}.csv`,
        `id,sold,amount\n${index}-a,${day},${factor}\n${index}-b,${day},${index * factor}\n${index}-c,${next},7\n`,
      ];
    }),
  );
}
const SOURCE =
  "from: { files: { path: 'data/${partition.key}.csv' } }\npartition: { by: day, column: sold, start: 2026-11-01, end: 2026-11-11 }\n";
const CLEAN = (sql: string): string => `/*---\nmaterialize: table\npartition: { by: day, column: sold }\n---*/\n${sql}\n`;
const FILES = {
  ...days(10),
  "sources/sales.yaml": SOURCE,
  "models/clean/sales.sql": CLEAN("select id, sold, amount * 2 as twice from raw.sales where sold >= $start and sold < $end"),
  "models/final/total.sql": "/*---\nmaterialize: table\n---*/\nselect count(*) as n, sum(twice) as total from clean.sales\n",
};
const FROM_FILES = (dir: string): string =>
  `select count(*), sum(amount * 2)::bigint from read_csv('${dir}/data/*.csv', filename = true) where strftime(sold, '%Y-%m-%d') = regexp_extract(filename, '([^/]*)[.]csv', 1)`;

describe("a run of partitioned assets", () => {
  it("builds what is missing, each partition after those it reads, and gives what plain SQL gives", async () => {
    const dir = project(FILES);
    const { summary, nodes } = await run(dir);
    expect(summary).toMatchObject({ status: "succeeded", nodes: { succeeded: 21 }, rows: { read: 30, loaded: 20, filtered: 10 } });
    expect(Object.keys(nodes)[0]).toMatch(/^raw\.sales\[/);
    expect(Object.keys(nodes).at(-1)).toBe("final.total");
    expect(await query(dir, "select n, total::bigint from final.total")).toEqual(await query(dir, FROM_FILES(dir)));
    expect((await run(dir)).summary.nodes).toMatchObject({ succeeded: 0, reused: 3 });
  });

  it("builds again only what reads a partition that changed", async () => {
    const dir = project(FILES);
    await run(dir);
    write(dir, { "data/2026-11-04.csv": "id,sold,amount\nx,2026-11-04,1000\n" });
    const { nodes } = await run(dir, { partition: "2026-11-04", select: "raw.sales" });
    expect(nodes).toEqual({ "raw.sales[2026-11-04]": "succeeded" });
    expect((await run(dir)).nodes).toEqual({ "raw.sales": "reused", "clean.sales[2026-11-04]": "succeeded", "final.total": "succeeded" });
    expect(await query(dir, "select n, total::bigint from final.total")).toEqual(await query(dir, FROM_FILES(dir)));
    // The same contents again are no news.
    await run(dir, { partition: "2026-11-04", select: "raw.sales" });
    expect((await run(dir)).summary.nodes.succeeded).toBe(0);
  });

  it("plans, describes and tells the status of partitions", async () => {
    const dir = project(FILES);
    await run(dir, { partition: "2026-11-01..2026-11-08" });
    write(dir, {
      "models/clean/sales.sql": CLEAN("select id, sold, amount * 3 as twice from raw.sales where sold >= $start and sold < $end"),
    });
    const app = await open(dir);
    const plan = await app.plan({});
    expect(plan.nodes.map(({ asset, action, partitions }) => [asset, action, partitions.length])).toEqual([
      ["raw.sales", "build", 2],
      ["clean.sales", "build", 10],
      ["final.total", "build", 0],
    ]);
    const { asset } = await app.describe("clean.sales", { partitions: true });
    expect(asset.partitions).toMatchObject({ total: 10, stale: 8, missing: 2, first: "2026-11-01", last: "2026-11-10" });
    expect((await app.describe("raw.sales")).asset.partitions).toMatchObject({ total: 10, present: 8, missing: 2 });
    expect(asset.partitions!.list!.map(({ partition, status }) => `${partition} ${status}`)[0]).toBe("2026-11-01 stale");
    expect((await app.status()).partitions!.map(({ asset: name, missing }) => [name, missing])).toEqual([
      ["raw.sales", 2],
      ["clean.sales", 2],
    ]);
  });

  it("refuses what is no partition, and ten million of them with their number", async () => {
    const dir = project({
      ...FILES,
      "sources/hours.yaml": "from: { files: { path: data/2026-11-01.csv } }\npartition: { by: hour, column: sold }\n",
    });
    const app = await open(dir);
    await expect(app.plan({ partition: "2026-02-30" })).rejects.toMatchObject({ code: "MR8202" });
    await expect(app.plan({ select: "raw.hours", partition: "0900-01-01T00..2050-12-31T23" })).rejects.toThrow("10,089,456 partitions");
    await expect(app.plan({ select: "final.total", partition: "2026-11-01" })).rejects.toMatchObject({ code: "MR8210" });
  });

  it("knows dimensions that a query finds, windows, and months of days", async () => {
    const dir = project({
      ...FILES,
      "models/clean/by_id.sql":
        '/*---\nmaterialize: table\npartition: { time: { by: day, column: sold }, kind: { query: "select distinct right(id, 1) from raw.sales", column: kind } }\n---*/\nselect sold, right(id, 1) as kind, count(*) as n from raw.sales group by all\n',
      "models/clean/week.sql":
        "/*---\nmaterialize: table\npartition: { by: day, column: day }\nneeds: { raw.sales: { window: 3 } }\n---*/\nselect $start::date as day, sum(amount)::bigint as total from raw.sales where sold >= $start - interval 2 days and sold < $end\n",
    });
    await run(dir, { select: "raw.sales" });
    const { nodes } = await run(dir, { select: "clean.by_id or clean.week" });
    expect(Object.keys(nodes).filter((name) => name.startsWith("clean.by_id"))).toHaveLength(20);
    expect(await query(dir, "select sold, kind, n from clean.by_id order by all")).toEqual(
      await query(dir, "select sold, right(id, 1), count(*) from raw.sales group by all order by all"),
    );
    expect(await query(dir, "select day, total from clean.week order by 1")).toEqual(
      await query(
        dir,
        "select d::date, (select sum(amount)::bigint from raw.sales where sold between d - interval 2 days and d) from range(timestamp '2026-11-01', timestamp '2026-11-11', interval 1 day) t(d) order by 1",
      ),
    );
    write(dir, { "data/2026-11-04.csv": "id,sold,amount\nx,2026-11-04,1000\n" });
    await run(dir, { partition: "2026-11-04", select: "raw.sales" });
    const again = await run(dir, { select: "clean.week" });
    expect(Object.keys(again.nodes).toSorted()).toEqual(["clean.week[2026-11-04]", "clean.week[2026-11-05]", "clean.week[2026-11-06]"]);
  });
});

describe("a backfill", () => {
  it("says first what it does, takes its range with both ends, and goes down when it is told to", async () => {
    const dir = project(FILES);
    const dry = await backfill(dir, "raw.sales", { from: "2026-11-03", to: "2026-11-05", dryRun: true });
    expect(dry.started).toMatchObject({ backfill: null, partitions: 3, from: "2026-11-03", to: "2026-11-05", estimate: { rows: null } });
    const { started, summary, nodes } = await backfill(dir, "raw.sales", { from: "2026-11-03", to: "2026-11-05", withDownstream: true });
    expect(started.backfill).toMatch(/^b_/);
    expect(summary).toMatchObject({ run: started.backfill, status: "succeeded", nodes: { succeeded: 7 } });
    expect(Object.keys(nodes)).toContain("clean.sales[2026-11-04]");
    const after = await backfill(dir, "raw.sales", { statuses: ["missing"], dryRun: true });
    expect(after.started).toMatchObject({ partitions: 7, estimate: { rows: 14 } });
    expect((await backfill(dir, "raw.sales", { from: "2026-11-03", to: "2026-11-05", statuses: ["missing"] })).started.partitions).toBe(0);
  });

  it("joins adjacent partitions of a batch in one node", async () => {
    const dir = project(FILES);
    await run(dir, { select: "raw.sales" });
    const { started, nodes } = await backfill(dir, "clean.sales", { statuses: ["missing"], batch: "4d" });
    expect(started).toMatchObject({ partitions: 10, nodes: 3 });
    expect(Object.keys(nodes).toSorted()).toEqual([
      "clean.sales[2026-11-01..2026-11-04]",
      "clean.sales[2026-11-05..2026-11-08]",
      "clean.sales[2026-11-09..2026-11-10]",
    ]);
    expect(await query(dir, "select id, sold, twice from clean.sales order by all")).toEqual(
      await query(dir, "select id, sold, amount * 2 from raw.sales order by all"),
    );
    expect((await run(dir, { select: "clean.sales" })).summary.nodes).toMatchObject({ succeeded: 0, reused: 1 });
  });

  it("leaves what waits of the other partitions of a batch when one of them is loaded again", async () => {
    const day = (number: number): string => `2026-11-0${number}`;
    const dir = project({
      ...Object.fromEntries([1, 2].map((n) => [`data/${day(n)}.csv`, `id,sold,amount\n${n}-a,${day(n)},1\n${n}-b,${day(n)},much\n`])),
      "sources/sales.yaml":
        "from: { files: { path: 'data/*.csv' } }\npartition: { by: day, column: sold, start: 2026-11-01, end: 2026-11-03 }\ncolumns: { amount: { type: integer } }\n",
    });
    const waits = () => query(dir, "select raw from _millrace.quarantine where status = 'open' order by raw");
    await backfill(dir, "raw.sales", { batch: "2d", from: day(1), to: day(2) });
    const waiting = [[`1-b,${day(1)},much`], [`2-b,${day(2)},much`]];
    expect(await waits()).toEqual(waiting);
    write(dir, { [`data/${day(1)}.csv`]: `id,sold,amount\n1-a,${day(1)},1\n1-b,${day(1)},still much\n` });
    rmSync(join(dir, `data/${day(2)}.csv`));
    await backfill(dir, "raw.sales", { from: day(1), to: day(1) });
    expect(await waits()).toEqual(expect.arrayContaining([[`1-b,${day(1)},still much`], [`2-b,${day(2)},much`]]));
  });

  it("with partitions that fail is partial; the failed ones alone are done again", async () => {
    const dir = project(FILES);
    rmSync(join(dir, "data/2026-11-06.csv"));
    const { started, summary } = await backfill(dir, "raw.sales", { from: "2026-11-05", to: "2026-11-07" });
    expect(summary).toMatchObject({ status: "partial", nodes: { succeeded: 2, failed: 1 } });
    expect((await (await open(dir)).describe("raw.sales")).asset.partitions).toMatchObject({ present: 2, failed: 1, missing: 7 });
    write(dir, days(10));
    const told = listen();
    const app = await open(dir);
    const again = await app.backfillRetry(
      { backfill: started.backfill!, allowCodeChange: false, detach: false },
      { observe: told.observe, tell: () => {} },
    );
    expect(again).toMatchObject({ status: "succeeded" });
    expect(told.nodes).toEqual({ "raw.sales[2026-11-06]": "succeeded" });
    expect((await app.backfillList({ limit: 20 })).backfills.map(({ status }) => status)).toEqual(["succeeded", "partial"]);
  });

  it("that is left waits until it is resumed; pause, jobs and cancel reach it; a run leaves it alone", async () => {
    const dir = project(FILES);
    const { started, summary } = await backfill(dir, "raw.sales", { from: "2026-11-01", detach: true, jobs: 2 });
    const id = started.backfill!;
    expect(summary).toBeNull();
    const app = await open(dir);
    expect(await app.backfillAct({ backfill: id, act: "pause", why: "the source sleeps" })).toMatchObject({ changed: true });
    expect(await app.backfillAct({ backfill: id, act: "jobs", jobs: 5 })).toMatchObject({ changed: true });
    expect((await app.backfillShow(id)).backfill).toMatchObject({ status: "paused", jobs: 5, paused: { why: "the source sleeps" } });
    await run(dir, { select: "raw.sales", partition: "2026-11-01" });
    const resumed = await (await open(dir)).backfillResume({ backfill: id, allowCodeChange: false, detach: false }, listenTo());
    expect(resumed).toMatchObject({ run: id, status: "succeeded", nodes: { succeeded: 9, reused: 1 } });
    const other = await backfill(dir, "clean.sales", { from: "2026-11-01", detach: true });
    const acting = await open(dir);
    expect(await acting.backfillAct({ backfill: other.started.backfill!, act: "cancel" })).toMatchObject({ changed: true });
  });

  it("builds with the code it was planned with, or says that it is another now", async () => {
    const dir = project(FILES);
    await run(dir, { select: "raw.sales" });
    const { started } = await backfill(dir, "clean.sales", { statuses: ["missing"], detach: true });
    write(dir, { "models/clean/sales.sql": CLEAN("select id, sold, amount * 5 as twice from raw.sales") });
    const request = { backfill: started.backfill!, allowCodeChange: false, detach: false };
    const failed = await (await open(dir)).backfillResume(request, listenTo());
    expect(failed).toMatchObject({ status: "failed", nodes: { failed: 10 } });
    const shown = await apps[0]!.backfillShow(started.backfill!);
    expect(shown.nodes[0]!.error).toMatchObject({ code: "MR8208" });
    const allowed = await (await open(dir)).backfillRetry({ ...request, allowCodeChange: true }, listenTo());
    expect(allowed).toMatchObject({ status: "succeeded", nodes: { succeeded: 10 } });
  });

  it("needs partitions, and to know which", async () => {
    const dir = project(FILES);
    await expect(backfill(dir, "final.total", { statuses: ["missing"] })).rejects.toMatchObject({ code: "MR8210" });
    await expect(backfill(dir, "raw.sales", {})).rejects.toMatchObject({ code: "MR7001" });
    await expect(backfill(dir, "raw.nothing", {})).rejects.toMatchObject({ code: "MR6102" });
    await expect((await open(dir)).backfillShow("b_nothing")).rejects.toMatchObject({ code: "MR8211" });
  });
});

function listenTo(): { readonly observe: () => void; readonly tell: () => void } {
  return { observe: () => {}, tell: () => {} };
}
