// The engine that keeps running, as a process of its own: triggers, webhooks, runs that go through it, and what is left when it is killed.
import { createHmac } from "node:crypto";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Served, serveIn, until } from "./engine.ts";
import { type Finished, project, repository, rows, start } from "./millrace.ts";
import { millrace } from "./warm.ts";

/** Ends when the file `go` is there; says in `began` that it was called. */
const SLOW = `import { appendFileSync, existsSync } from "node:fs";
import { defineTask } from "millrace";
export const slow = defineTask({ name: "slow", after: ["clean.y"], run: async ({ projectDir }) => {
  appendFileSync(projectDir + "/began", "x");
  while (!existsSync(projectDir + "/go")) await new Promise((done) => setTimeout(done, 20));
  return 42;
} });
`;

let files: ReturnType<typeof project>;
const servers = new Set<ChildProcess>();

beforeEach(() => {
  files = project({
    "millrace.yaml": "name: served\n",
    "data/x.csv": "id,v\n1,a\n2,b\n",
    "sources/x.yaml": 'from: { files: { path: "data/x.csv" } }\n',
    "models/clean/y.sql": "select * from raw.x\n",
    "jobs/build.yaml": [
      'select: "*"',
      "params: { region: { type: string, default: all, enum: [all, north] } }",
      "triggers:",
      '  - files: { path: "inbox/*.csv", settle: 100ms }',
      '  - webhook: { path: /hooks/a, signature: { hmacSha256: "${secret:HOOK}", header: X-Hub-Signature-256 } }',
      "",
    ].join("\n"),
    "secrets.env": "HOOK=s3cret-of-the-hook\n",
  });
});
afterEach(async () => {
  for (const child of servers) child.kill("SIGKILL");
  servers.clear();
  await pause(50);
  files.remove();
});

function serve(args: readonly string[] = []): Promise<Served> {
  return serveIn(files.dir, { args: ["--json", ...args], onStart: (child) => servers.add(child) });
}

async function kill({ child, finished }: Pick<Served, "child" | "finished">): Promise<void> {
  child.kill("SIGKILL");
  await finished;
  servers.delete(child);
}

async function stop({ child, finished }: Pick<Served, "child" | "finished">): Promise<Finished> {
  child.kill("SIGTERM");
  servers.delete(child);
  return finished;
}

async function runsOf(job: string): Promise<readonly Record<string, any>[]> {
  const answer = await millrace(["runs", "--json"], files.dir);
  const runs = (answer.lines()[0]?.["runs"] ?? []) as Record<string, any>[];
  return runs.filter((run) => run["job"] === job);
}

async function ended(job: string, count: number): Promise<readonly Record<string, any>[]> {
  return until(async () => {
    const runs = await runsOf(job);
    return runs.length >= count && runs.every((run) => run["status"] !== "running") ? runs : undefined;
  });
}

const body = '{"region":"north"}';
const signed = (text: string): string => `sha256=${createHmac("sha256", "s3cret-of-the-hook").update(text).digest("hex")}`;

async function hook(url: string, headers: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly body: any }> {
  const answer = await fetch(`${url}/hooks/a`, { method: "POST", body, headers });
  return { status: answer.status, body: await answer.json() };
}

describe("millrace serve", () => {
  it("tells others where it is, in a file for its owner alone, and takes it away when it is stopped", async () => {
    const served = await serve();
    const path = join(files.dir, ".millrace/engine.json");
    const told = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    expect(Object.keys(told)).toEqual(["pid", "url", "token", "startedAt", "environment", "version"]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
    const { pid, url, startedAt } = told;
    expect(await (await fetch(`${served.url}/api/v1/status`)).json()).toMatchObject({ engine: { pid, url, startedAt } });
    const beganMs = performance.now();
    expect((await stop(served)).exitCode).toBe(0);
    expect(performance.now() - beganMs).toBeLessThan(5_000);
    expect(existsSync(path)).toBe(false);
  });

  it("refuses an address that others can reach when there is no token", async () => {
    const answer = await millrace(["serve", "--host", "0.0.0.0", "--port", "0"], files.dir, { MILLRACE_TOKEN: "" });
    expect(answer.exitCode).toBe(2);
    expect(answer.stderr).toContain("MR8102");
  });

  it("runs a job once for each file that arrives, across kills and restarts", async () => {
    files.write("inbox/1.csv", "id\n1\n");
    let served = await serve();
    await ended("build", 1);
    await kill(served);
    files.write("inbox/2.csv", "id\n2\n");
    served = await serve();
    await ended("build", 2);
    await stop(served);
    served = await serve();
    await pause(1_000);
    expect((await runsOf("build")).map((run) => run["trigger"])).toEqual(["files", "files"]);
    await stop(served);
  });

  it("takes a delivery of a webhook once, also when it is sent again after a kill", async () => {
    let served = await serve();
    const headers = { "X-Hub-Signature-256": signed(body), "X-GitHub-Delivery": "d-1" };
    expect((await hook(served.url, { ...headers, "X-Hub-Signature-256": signed("{}") })).status).toBe(401);
    const first = await hook(served.url, headers);
    expect(first).toMatchObject({ status: 202, body: { v: 1, status: "started", duplicate: false } });
    await ended("build", 1);
    await kill(served);
    served = await serve();
    const again = await hook(served.url, headers);
    expect(again).toEqual({ status: 200, body: { v: 1, run: first.body.run, status: "duplicate", duplicate: true } });
    expect(await runsOf("build")).toHaveLength(1);
    await stop(served);
  });

  it("keeps the body of a webhook as a row of an asset, and takes parameters of the run from it", async () => {
    files.write(
      "jobs/listed.yaml",
      [
        'select: "raw.hook_listing+"',
        "params: { region: { type: string, enum: [north, south] } }",
        "triggers:",
        '  - webhook: { path: /hooks/listing, keepBody: raw.hook_listing, params: { region: "${event:body.region}" } }',
        "",
      ].join("\n"),
    );
    files.write("models/clean/listing.sql", "select delivery, body->>'$.region' as region from raw.hook_listing\n");
    const served = await serve();
    const send = async (text: string, id: string): Promise<number> =>
      (await fetch(`${served.url}/hooks/listing`, { method: "POST", body: text, headers: { "Webhook-Id": id } })).status;
    expect(await send('{"region":"north"}', "a")).toBe(202);
    expect(await send('{"region":"north"}', "a")).toBe(200);
    expect(await send(`{"region":"south","much":"${"x".repeat(50_000)}"}`, "b")).toBe(202);
    const runs = await ended("listed", 2);
    expect(runs.map((run) => run["status"])).toEqual(["succeeded", "succeeded"]);
    await stop(served);
    expect(await rows(files.dir, "select delivery, region from clean.listing order by 1")).toEqual([
      ["a", "north"],
      ["b", "south"],
    ]);
  });

  it("waits for the warehouse while another process holds it, says so once, and takes webhooks meanwhile", async () => {
    await millrace(["run", "build"], files.dir);
    const script = `import("@duckdb/node-api").then(async (duckdb) => { globalThis.db = await duckdb.DuckDBInstance.create(${JSON.stringify(join(files.dir, ".millrace/warehouse.duckdb"))}); console.log("held"); setInterval(() => {}, 1000); });`;
    const holder = spawn(process.execPath, ["-e", script], { cwd: repository, stdio: ["ignore", "pipe", "inherit"] });
    servers.add(holder);
    await new Promise((done) => holder.stdout.once("data", done));
    const served = await serve();
    let told = "";
    served.child.stdout!.on("data", (text: string) => (told += text));
    expect((await hook(served.url, { "X-Hub-Signature-256": signed(body), "X-GitHub-Delivery": "d-1" })).status).toBe(202);
    await until(() => (told.includes('"waiting"') ? true : undefined));
    await pause(1_500);
    expect(told.match(/"type":"waiting"/g)).toHaveLength(1);
    expect(await runsOf("build")).toHaveLength(1);
    holder.kill("SIGKILL");
    expect((await ended("build", 2))[0]).toMatchObject({ trigger: "webhook", status: "succeeded" });
    await stop(served);
  });

  it("goes on with a run after it was killed in the middle of it", async () => {
    files.write("pipelines/slow.ts", SLOW);
    files.write("inbox/1.csv", "id\n1\n");
    let served = await serve();
    await until(() => (existsSync(join(files.dir, "began")) ? true : undefined));
    await kill(served);
    const [left] = await runsOf("build");
    expect(left!["status"]).toBe("running");
    writeFileSync(join(files.dir, "go"), "");
    served = await serve();
    const runs = await ended("build", 1);
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ run: left!["run"], status: "succeeded" });
    await stop(served);
    expect(await rows(files.dir, "select count(*) from clean.y")).toEqual([[2]]);
    expect(await rows(files.dir, "select count(*) from _millrace.loads where asset = 'raw.x'")).toEqual([[1]]);
  });

  it("takes over the work of another engine of the project that dies, with the run that was going on", async () => {
    files.write("pipelines/slow.ts", SLOW);
    const first = await serve();
    files.write("inbox/1.csv", "id\n1\n");
    await until(() => (existsSync(join(files.dir, "began")) ? true : undefined));
    const second = start(["serve", "--port", "0", "--json"], files.dir);
    servers.add(second.child);
    let told = "";
    second.child.stdout!.on("data", (text: string) => (told += text));
    await until(() => (told.includes('"waiting"') ? true : undefined));
    const path = join(files.dir, ".millrace/engine.json");
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ pid: first.child.pid });
    await kill(first);
    writeFileSync(join(files.dir, "go"), "");
    const runs = await ended("build", 1);
    expect(runs).toMatchObject([{ status: "succeeded" }]);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ pid: second.child.pid });
    await stop(second);
  });

  it("keeps the last good definitions when the project breaks, says so, and takes the next good ones", async () => {
    const served = await serve();
    const told: string[] = [];
    served.child.stdout!.on("data", (text: string) => told.push(text));
    files.write("jobs/build.yaml", "selec: nothing\n");
    await until(() => (told.join("").includes("MR1020") ? true : undefined));
    expect((await hook(served.url, { "X-Hub-Signature-256": signed(body), "X-GitHub-Delivery": "d-1" })).status).toBe(202);
    files.write("jobs/build.yaml", 'select: "*"\n');
    await until(() => (told.join("").includes('"reloaded"') ? true : undefined));
    expect((await hook(served.url, { "X-Hub-Signature-256": signed(body), "X-GitHub-Delivery": "d-2" })).status).toBe(404);
    await stop(served);
  });

  it("starts a job when another ends and when an asset was updated, not when it was unchanged", async () => {
    files.write("jobs/after.yaml", "select: clean.y\ntriggers:\n  - job: { finished: build }\n");
    files.write("jobs/updated.yaml", "select: clean.y\ntriggers:\n  - assets: { updated: [raw.x] }\n");
    const served = await serve();
    await millrace(["run", "build"], files.dir);
    await ended("after", 1);
    await ended("updated", 1);
    await millrace(["run", "build"], files.dir);
    await ended("after", 2);
    expect(await runsOf("updated")).toHaveLength(1);
    await stop(served);
  });

  it("asks sensors in SQL, TypeScript and HTTP, and starts a job once for what each sees", async () => {
    files.write(
      "pipelines/eyes.ts",
      'import { existsSync } from "node:fs";\nexport const there = ({ projectDir }) => existsSync(projectDir + "/there");\n',
    );
    const sensors = ["sql: select count(*) > 1 from raw.x", "typescript: eyes.ts#there", "http: { url: HEALTH, path: status }"];
    const served = await serve();
    await millrace(["run", "build"], files.dir);
    for (const [index, sensor] of sensors.entries())
      files.write(
        `jobs/s${index}.yaml`,
        `select: raw.x\ntriggers:\n  - sensor: { ${sensor.replace("HEALTH", `"${served.url}/healthz"`)}, every: 200ms }\n`,
      );
    await ended("s0", 1);
    await ended("s2", 1);
    expect(await runsOf("s1")).toEqual([]);
    files.write("there", "");
    await ended("s1", 1);
    await pause(600);
    for (const job of ["s0", "s1", "s2"]) expect(await runsOf(job)).toHaveLength(1);
    await stop(served);
  });
});

describe("millrace run while serve is there", () => {
  it("goes through the running engine, with the same output and exit codes", async () => {
    const served = await serve();
    const answer = await millrace(["run", "build", "--param", "region=north", "--json"], files.dir);
    expect(answer.exitCode).toBe(0);
    const summary = answer.lines().at(-1)!;
    expect(summary).toMatchObject({ v: 1, type: "summary", status: "succeeded", nodes: { succeeded: 2 } });
    expect(
      answer
        .lines()
        .filter(({ type }) => type === "node")
        .map(({ asset }) => asset),
    ).toEqual(["raw.x", "clean.y"]);
    expect((await millrace(["run", "build", "--param", "region=west"], files.dir)).exitCode).toBe(2);
    expect((await millrace(["run", "nobody"], files.dir)).exitCode).toBe(7);
    files.write("data/x.csv", "id,v\n1,a\n2\n");
    rmSync(join(files.dir, "data/x.csv"));
    expect((await millrace(["run", "build"], files.dir)).exitCode).toBe(1);
    await stop(served);
  });

  it("leaves the run going when it is interrupted, and says so; when the engine dies it tells the run's id and ends with 6", async () => {
    files.write("pipelines/slow.ts", SLOW);
    const served = await serve();
    const first = start(["run", "build"], files.dir);
    const run = await until(async () => (await runsOf("build"))[0]?.["run"] as string | undefined);
    await pause(300);
    first.child.kill("SIGINT");
    const left = await first.finished;
    expect(left.exitCode).toBe(130);
    expect(left.stderr).toContain(`${run} goes on in the engine`);
    const second = start(["run", "build", "--json"], files.dir);
    await until(async () => ((await millrace(["triggers", "build", "--json"], files.dir)).exitCode === 0 ? true : undefined));
    await pause(500);
    await kill(served);
    const gone = await second.finished;
    expect(gone.exitCode).toBe(6);
    expect(gone.stderr).toContain("MR8106");
    writeFileSync(join(files.dir, "go"), "");
    const next = await serve();
    expect((await ended("build", 2)).map((each) => each["status"])).toEqual(["succeeded", "succeeded"]);
    await stop(next);
  });
});
