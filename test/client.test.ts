// `millrace/client` on real engines and on none: a job is submitted and followed, rows are typed, records repaired, partitions built; and what it says when
// the server dies.
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import type * as client from "../src/client.ts";
import type { Client, Run, RunResult } from "../src/client.ts";
import { type Served, serveIn } from "./engine.ts";
import { project, repository, start } from "./millrace.ts";

/** As a program has it that imports `millrace/client`. */
const { ApiError, connect, MillraceError } = (await import(join(repository, "dist/client.js"))) as typeof client;

const SALES = "id,price,sold_on\n1,$10.50,2026-01-02\n2,$0.20,2026-01-03\n3,n/k,2026-01-04\n";
const TRAIN = `import { defineTask } from "millrace";
export const train = defineTask({ name: "train", after: ["clean.sales"], run: async ({ params }) => ({ accuracy: 0.93, region: params.region }) });
`;
/** Ends when the file `go` is there. */
const SLOW = `import { existsSync } from "node:fs";
import { defineTask } from "millrace";
export const slow = defineTask({ name: "slow", run: async ({ projectDir }) => {
  while (!existsSync(projectDir + "/go")) await new Promise((done) => setTimeout(done, 20));
  return 42;
} });
`;

let files: ReturnType<typeof project>;
const servers = new Set<ChildProcess>();
const clients: Client<any>[] = [];

beforeEach(() => {
  files = project({
    "millrace.yaml": "name: shop\n",
    "data/sales.csv": SALES,
    "sources/sales.yaml":
      'from: { files: { path: "data/sales.csv" } }\nprimaryKey: [id]\ncolumns: { price: { type: "decimal(18,2)", parse: money } }\n',
    "models/clean/sales.sql": "select id, price, sold_on from raw.sales\n",
    "models/clean/days.sql":
      "/*---\nmaterialize: table\npartition: { by: day, column: sold_on, start: 2026-01-01, end: 2026-01-05 }\n---*/\nselect sold_on, count(*) as sales from raw.sales group by all\n",
    "pipelines/train.ts": TRAIN,
    "pipelines/slow.ts": SLOW,
    "jobs/nightly.yaml": 'select: "+clean.sales or task:train"\nparams: { region: { type: string, default: all, enum: [all, north] } }\n',
    "jobs/wait.yaml": 'select: "task:slow"\n',
  });
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const child of servers) child.kill("SIGKILL");
  servers.clear();
  await pause(50);
  files.remove();
});

function opened<Assets>(client: Client<Assets>): Client<Assets> {
  clients.push(client);
  return client;
}

function serve(port = "0"): Promise<Served> {
  return serveIn(files.dir, { port, onStart: (child) => servers.add(child) });
}

async function die({ child }: Served): Promise<void> {
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  await ended;
  servers.delete(child);
}

/** Resolves when the task of a run has begun. */
async function begun(run: Run): Promise<void> {
  for await (const event of run.events()) if (event.type === "node" && event.task === "slow") return;
}

const ways: readonly (readonly [string, () => Promise<Client>])[] = [
  ["the project in a folder, without an engine", async () => connect({ dir: files.dir })],
  ["the project in a folder, through its engine", async () => (await serve(), connect({ dir: files.dir }))],
  [
    "a server by its address",
    async () => {
      const { url, token } = await serve();
      return connect({ url: `${url}/`, token });
    },
  ],
];

describe.each(ways)("a client of %s", (_, open) => {
  it("submits a job, hears what happens, and is given what its tasks answer", async () => {
    const client = opened(await open());
    const run = await client.submit("nightly", { params: { region: "north" } });
    const heard: string[] = [];
    for await (const event of run.events())
      if (event.type === "node" && event.status === "succeeded") heard.push(event.asset ?? `task ${event.task}`);
    const done = await run.finished();
    expect(heard).toEqual(["raw.sales", "clean.sales", "task train"]);
    expect(done).toMatchObject({
      run: run.id,
      status: "succeeded",
      nodes: { succeeded: 3, failed: 0 },
      rows: { read: 3, loaded: 2, quarantined: 1 },
    });
    expect(done.outputs.train).toEqual({ accuracy: 0.93, region: "north" });

    const { rows, columns, isCut } = await client.query("select id, price from clean.sales order by id");
    expect({ rows, columns, isCut }).toEqual({
      rows: [
        { id: 1, price: "10.50" },
        { id: 2, price: "0.20" },
      ],
      columns: [
        { name: "id", type: "BIGINT" },
        { name: "price", type: "DECIMAL(18,2)" },
      ],
      isCut: false,
    });
    expect(await client.rows("clean.sales", { columns: ["id"], where: "price > 1", limit: 1 })).toMatchObject({ rows: [{ id: 1 }] });

    const { items } = await client.quarantine.list({ asset: "raw.sales" });
    expect(items).toHaveLength(1);
    const correction = { set: { price: "'7.25'" }, why: "as the shop says" };
    expect(await client.quarantine.preview(items[0]!.id, correction)).toMatchObject({ records: 1, loaded: 1, dryRun: true });
    const fixed = await (await client.quarantine.fix(items[0]!.id, correction)).finished();
    expect(fixed.status).toBe("succeeded");
    expect(await client.query("select count(*) as n, sum(price) as total from raw.sales")).toMatchObject({
      rows: [{ n: 3, total: "17.95" }],
    });

    const wish = { from: "2026-01-02", to: "2026-01-04" };
    expect(await client.previewBackfill("clean.days", wish)).toMatchObject({ backfill: null, partitions: 3 });
    const backfill = await client.startBackfill("clean.days", wish);
    expect((await backfill.finished()).status).toBe("succeeded");
    expect((await backfill.show()).nodes.map(({ partition, status }) => `${partition} ${status}`).toSorted()).toEqual([
      "2026-01-02 succeeded",
      "2026-01-03 succeeded",
      "2026-01-04 succeeded",
    ]);
  });

  it("tells what is refused by its code", async () => {
    const client = opened(await open());
    const refused = await client.submit("nightly", { params: { region: "south" } }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiError);
    expect(refused).toMatchObject({ code: "MR8007" });
    expect(await client.query("select nothing from nowhere").catch((error: { readonly code: string }) => error.code)).toBe("MR8001");
    expect(await client.query("create table x as select 1").catch((error: { readonly code: string }) => error.code)).toBe("MR8002");
  });
});

describe("a request with a key", () => {
  it("is submitted once, however often it is sent", async () => {
    await serve();
    const client = opened(connect({ dir: files.dir }));
    const submission = { idempotencyKey: "2026-01-04" };
    const [one, other] = [await client.submit("nightly", submission), await client.submit("nightly", submission)];
    expect(other.id).toBe(one.id);
    await one.finished();
  });
});

describe("a server that dies while its run is followed", () => {
  it("is given up with the run's id, and the run goes on with the next engine", async () => {
    const first = await serve();
    const client = opened(connect({ dir: files.dir }));
    const run = await client.submit<{ slow: number }>("wait");
    await begun(run);
    const followed = run.finished({ patienceMs: 500 }).catch((error: unknown) => error);
    await die(first);
    const lost = await followed;
    expect(lost).toBeInstanceOf(MillraceError);
    expect(lost).toMatchObject({ code: "MR8106", retryable: true });
    expect((lost as Error).message).toContain(run.id);
    files.write("go", "");
    await serve();
    expect((await run.finished()).outputs.slow).toBe(42);
  });

  it("is waited for, and the follower goes on with the one that takes its place", async () => {
    const first = await serve();
    const { port } = new URL(first.url);
    const client = opened(connect({ url: first.url, token: first.token }));
    const run = await client.submit("wait");
    await begun(run);
    const statuses: string[] = [];
    const followed = (async (): Promise<RunResult> => {
      for await (const event of run.events({ patienceMs: 60_000 }))
        if (event.type === "summary") return event;
        else if (event.type === "node") statuses.push(event.status);
      throw new Error("it has no end");
    })();
    await die(first);
    files.write("go", "");
    process.env["MILLRACE_TOKEN"] = first.token;
    await serve(port);
    delete process.env["MILLRACE_TOKEN"];
    expect((await followed).status).toBe("succeeded");
    expect(statuses.at(-1)).toBe("succeeded");
    expect(statuses.filter((status) => status === "succeeded")).toHaveLength(1);
  });

  it("leaves a command that it worked for with the run's id and exit code 6", async () => {
    const first = await serve();
    const client = opened(connect({ url: first.url, token: first.token }));
    await (await client.submit("nightly")).finished(); // from then on the engine holds the warehouse
    const { finished } = start(["run", "--select", "task:slow"], files.dir);
    let id: string | undefined;
    for (let tries = 0; id === undefined && tries < 600; tries++) {
      await pause(50);
      id = (await client.ask("runs.list", { status: "running", limit: 1 })).runs[0]?.run;
    }
    await begun(client.run(id!));
    await die(first);
    const { exitCode, stderr } = await finished;
    expect(exitCode).toBe(6);
    expect(stderr).toContain("MR8106");
    expect(stderr).toContain(id);
  });

  it("answers nobody: a client says that it cannot be reached", async () => {
    const client = connect({ url: "http://127.0.0.1:9" });
    await expect(client.submit("nightly")).rejects.toThrow(TypeError);
  });
});

describe("connect", () => {
  it("asks one place", () => {
    for (const wrong of [{ url: "http://127.0.0.1:4400", dir: "." }, { url: "somewhere" }, { token: "secret" }])
      expect(() => connect(wrong)).toThrow(expect.objectContaining({ code: "MR8130" }));
  });

  it("knows the types of rows, parameters and what tasks answer", () => {
    interface JsonRows {
      readonly "clean.sales": { readonly id: number | string | null; readonly price: string | null };
    }
    const client = connect<JsonRows>({ dir: files.dir });
    expectTypeOf(client.rows<"clean.sales">)
      .returns.resolves.toHaveProperty("rows")
      .toEqualTypeOf<readonly JsonRows["clean.sales"][]>();
    expectTypeOf(client.rows<"clean.sales">)
      .parameter(0)
      .toEqualTypeOf<"clean.sales">();
    expectTypeOf(client.query<{ n: number }>)
      .returns.resolves.toHaveProperty("rows")
      .toEqualTypeOf<readonly { n: number }[]>();
    expectTypeOf(client.submit<{ train: { accuracy: number } }>).returns.resolves.toEqualTypeOf<Run<{ train: { accuracy: number } }>>();
    expectTypeOf<RunResult<{ train: { accuracy: number } }>["outputs"]["train"]["accuracy"]>().toEqualTypeOf<number>();
    expectTypeOf<RunResult["status"]>().toEqualTypeOf<"succeeded" | "failed" | "partial" | "canceled" | "skipped">();
    // @ts-expect-error an asset that there is not
    void (() => client.rows("clean.sale"));
    // @ts-expect-error a route that there is not
    void (() => client.ask("runs.begin", {}));
  });
});
