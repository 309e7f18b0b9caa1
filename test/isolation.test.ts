// Users' code in threads and processes, and the logs of it, through the built command line.
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { project, start } from "./millrace.ts";
import { millrace } from "./warm.ts";

const files = project({
  "millrace.yaml": 'name: isolated\nconnections: { api: { http: { url: "https://api.test/?key=${secret:ISOLATED_TOKEN}" } } }\n',
  "pipelines/code.ts": `import { defineAsset, defineTask } from "millrace";
export const big = defineAsset({
  name: "raw.big", isolation: { process: { memory: "400MB" } },
  async *extract({ log }) {
    log.warn("a warning");
    console.log("token", process.env.ISOLATED_TOKEN ?? "none");
    process.stdout.write(JSON.stringify({ level: 50, time: 1, msg: "from pino", order: 7 }) + "\\n");
    for (let batch = 0; batch < 20; batch++) yield Array.from({ length: 1000 }, (_, i) => ({ id: batch * 1000 + i, name: "n" + i }));
  },
});
export const twice = defineAsset({
  name: "clean.twice", needs: ["raw.big"], isolation: "thread",
  async *transform({ read }) { for await (const rows of read("raw.big")) yield rows.map((row) => ({ id: row.id, twice: row.id * 2 })); },
});
export const sum = defineTask({
  name: "sum", after: ["clean.twice"], isolation: "process",
  async run({ query }) { for await (const [row] of query("select sum(twice)::int as sum, count(*)::int as rows from clean.twice")) return row; },
});
export const hog = defineTask({
  name: "hog", isolation: { process: { memory: "200MB" } }, retry: { attempts: 1 },
  run() { for (const kept = []; ; ) kept.push(Buffer.alloc(4e6, 1)); },
});
export const spin = defineTask({ name: "spin", isolation: { process: { cpu: "300ms" } }, run() { for (;;); } });
export const dies = defineTask({ name: "dies", isolation: "process", retry: { attempts: 2, delay: "1ms" }, run: () => process.exit(5) });
`,
  "jobs/limited.yaml": `select: raw.big
tasks: { eats: { shell: "node -e 'for(const k=[];;)k.push(Buffer.alloc(4e6,1))'", isolation: { process: { memory: 200MB } }, retry: { attempts: 1 } } }
`,
});
afterAll(() => files.remove());
const env = { ISOLATED_TOKEN: "isolated-secret-value" };

describe("code in threads and processes", () => {
  it("loads and builds the same rows, and what eats, spins or exits fails by itself with its own reason", async () => {
    const done = await millrace(["run", "--json"], files.dir, env);
    expect(done.exitCode, done.stderr).toBe(1);
    const nodes = done.lines().filter((line) => line["type"] === "node");
    const by = (name: string) => nodes.find((node) => (node["asset"] ?? node["task"]) === name)!;
    expect(by("raw.big")).toMatchObject({ status: "succeeded", rows: { read: 20_000, loaded: 20_000 } });
    expect(by("clean.twice")).toMatchObject({ status: "succeeded", rows: { loaded: 20_000 } });
    expect(by("sum")).toMatchObject({ status: "succeeded", output: { sum: 399_980_000, rows: 20_000 } });
    expect(by("hog")).toMatchObject({
      status: "failed",
      attempts: 1,
      error: { code: "MR6050", message: "task:hog took more memory than 200 MB" },
    });
    expect(by("spin")).toMatchObject({ status: "failed", attempts: 1, error: { code: "MR6051" } });
    expect(by("dies")).toMatchObject({ status: "failed", attempts: 2, error: { code: "MR6004" } });
  });

  it("what it prints is found by node, level and text, without the project's secrets", async () => {
    const logs = async (...words: string[]) => (await millrace(["logs", "--json", ...words], files.dir, env)).lines();
    const said = (await logs("--node", "raw.big")).map((line) => `${line["level"]} ${line["message"]}`);
    expect(said.toSorted()).toEqual([
      "error from pino",
      "info token none",
      "warn a warning",
      "warn all 20 pages have 1000 rows, the last one too: is there more?",
    ]);
    expect(await logs("--grep", "from pino")).toMatchObject([{ node: "raw.big", attempt: 1, level: "error", order: 7 }]);
    expect((await logs("--level", "error", "--node", "task:dies")).map((line) => line["attempt"])).toEqual([1, 2]);
    expect(await logs("--since", "1ms", "--node", "raw.big")).toEqual([]);
    expect(await logs("--tail", "1", "--node", "raw.big")).toHaveLength(1);
    expect((await millrace(["logs", "--level", "loud"], files.dir)).exitCode).toBe(2);
  });

  it("a command takes limits, too", async () => {
    const done = await millrace(["run", "limited", "--json"], files.dir, env);
    const node = done.lines().find((line) => line["task"] === "eats");
    expect(node, done.stdout + done.stderr).toMatchObject({ status: "failed", error: { code: "MR6050" } });
  });

  it("is followed while it runs, inline and at once without mixing, and the following ends with the run", async () => {
    const talking = project({
      "millrace.yaml": "name: talking\n",
      "pipelines/code.ts": `import { defineTask } from "millrace";
import { setTimeout as wait } from "node:timers/promises";
const say = async (name) => { for (let n = 0; n < 10; n++) { console.log(name, n); await wait(100); } };
export const a = defineTask({ name: "a", run: () => say("a") });
export const b = defineTask({ name: "b", run: () => say("b") });
`,
    });
    const { child, finished } = start(["run", "--json"], talking.dir);
    const run = await new Promise<string>((resolve) => {
      child.stdout!.once("data", (text: string) => resolve((JSON.parse(text.split("\n")[0]!) as { run: string }).run));
    });
    const followed = (await millrace(["logs", run, "--follow", "--json"], talking.dir)).lines();
    expect((await finished).exitCode).toBe(0);
    for (const name of ["a", "b"])
      expect(followed.filter((line) => line["node"] === `task:${name}`).map((line) => line["message"])).toEqual(
        Array.from({ length: 10 }, (_, n) => `${name} ${n}`),
      );
    talking.remove();
  });

  it("leaves no process behind when it is killed", async () => {
    const endless = project({
      "millrace.yaml": "name: endless\n",
      "pipelines/code.ts": `import { writeFileSync } from "node:fs";
import { defineTask } from "millrace";
export const spin = defineTask({ name: "spin", isolation: "process", run({ projectDir }) { writeFileSync(projectDir + "/pid", String(process.pid)); for (;;); } });
`,
    });
    const { child, finished } = start(["run"], endless.dir);
    const pid = Number(await appears(() => read(endless.dir)));
    child.kill("SIGKILL");
    await finished;
    await appears(() => (isThere(pid) ? "" : "gone"));
    endless.remove();
  });
});

function read(dir: string): string {
  try {
    return readFileSync(`${dir}/pid`, "utf8");
  } catch {
    return "";
  }
}

async function appears(look: () => string): Promise<string> {
  for (let tries = 0; tries < 600; tries++) {
    const found = look();
    if (found !== "") return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it did not happen within 30 s");
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
