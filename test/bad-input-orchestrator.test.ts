// Bad input of the orchestrator: each kind ends in a clear error with its code, place and exit code, and what was published before is still there.
import { createHmac } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { serveIn, until } from "./engine.ts";
import { type Finished, project, rows, start } from "./millrace.ts";
import { millrace } from "./warm.ts";

const BASE = {
  "millrace.yaml": "name: bad\npools: { api: { slots: 2 } }\ncalendars: { us: { country: US } }\n",
  "data/a.csv": "id,day,price\n1,2026-01-01,10\n2,2026-01-02,20\n",
  "sources/a.yaml": "from: { files: { path: data/a.csv } }\n",
};

const folders: { remove(): void }[] = [];
afterAll(() => {
  for (const folder of folders) folder.remove();
});

function make(files: Readonly<Record<string, string>> = {}): ReturnType<typeof project> {
  const made = project({ ...BASE, ...files });
  folders.push(made);
  return made;
}

interface Expected {
  readonly exitCode: number;
  readonly code: string;
  readonly says: readonly string[];
}

function expectError(finished: Finished, { exitCode, code, says }: Expected): void {
  const told = finished.stderr + finished.stdout;
  expect(told).toContain(code);
  for (const words of says) expect(told).toContain(words);
  expect(finished.exitCode, told).toBe(exitCode);
  expect(told, "no stack traces for what is foreseen").not.toMatch(/\n {4}at .*\(/);
}

const job = (...lines: readonly string[]): Record<string, string> => ({ "jobs/j.yaml": `select: raw.a\n${lines.join("\n")}\n` });
const trigger = (text: string): Record<string, string> => job("triggers:", `  - ${text}`);
const task = (text: string): Record<string, string> => job(`tasks: { x: { ${text} } }`);
const partitioned = (spec: string): Record<string, string> => ({
  "models/clean/p.sql": `/*---\nmaterialize: table\npartition: ${spec}\n---*/\nselect id, day, price from raw.a\n`,
});
const error = (code: string, ...says: readonly string[]): Expected => ({ exitCode: 3, code, says });

describe("a project with", () => {
  it.each<[string, Record<string, string>, Expected]>([
    ["a cron that never fires", trigger('schedule: { cron: "0 0 30 2 *" }'), error("MR1601", "jobs/j.yaml:3:23")],
    ["every: 0s", trigger("schedule: { every: 0s }"), error("MR1604", "jobs/j.yaml:3:24", "at least 1s")],
    ["a sensor that never rests", trigger('sensor: { sql: "select 1", every: 0s }'), error("MR1604", "jobs/j.yaml:3:")],
    ["a folder looked at without a pause", trigger('files: { path: "in/*", every: 0s }'), error("MR1604", "jobs/j.yaml:3:")],
    ["an unknown calendar", trigger('schedule: { cron: "0 6 * * *", calendar: uss }'), error("MR1610", 'did you mean "us"?')],
    ["an unknown zone", trigger("schedule: { every: 1h, timezone: Mars }"), error("MR1603", "jobs/j.yaml:3:")],
    ["a typo in a trigger", trigger("webhok: { path: /x }"), error("MR1020", 'did you mean "webhook"?')],
    ["a typo in a task", task('shel: "true"'), error("MR1020", 'did you mean "shell"?')],
    ["a typo in a job", job("onfailure: compensate"), error("MR1020", 'did you mean "onFailure"?')],
    ["a webhook that no request reaches", trigger("webhook: { path: /a/../b }"), error("MR1619", "jobs/j.yaml:3:")],
    ["a body that no memory holds", trigger("webhook: { path: /a, maxBody: 10GB }"), error("MR1023", "at most 64MB")],
    ["a sensor that is not there", trigger('sensor: { typescript: "s.ts#x", every: 1m }'), error("MR1619", "pipelines/s.ts")],
    ["an unknown parameter in a trigger", trigger("schedule: { every: 1h, params: { n: 1 } }"), error("MR1618", "jobs/j.yaml:3:")],
    [
      "a trigger that leaves out what must be given",
      job("params: { region: { required: true } }", "triggers: [ { schedule: { every: 1h } } ]"),
      error("MR1618", "region"),
    ],
    ["a default of another type", job("params: { n: { type: integer, default: abc } }"), error("MR1023", "is no integer")],
    ["a key that is no expression", job('concurrency: { key: "params.x(" }'), error("MR1048", "jobs/j.yaml:2:")],
    ["a key of a parameter that is not there", job("concurrency: { key: params.x }"), error("MR1048", 'no parameter "x"')],
    ["an unknown job", task("job: nightly"), error("MR1044", '"nightly"')],
    ["an unknown asset", task('shell: "true", after: raw.b'), error("MR1044", 'did you mean "raw.a"?')],
    ["an unknown pool", task('shell: "true", pool: apis'), error("MR1055", 'did you mean "api"?')],
    ["a weight that never fits", task('shell: "true", pool: { api: 3 }'), error("MR1056", "holds 2")],
    ["a wait until no time", task('wait: { until: "25:00" }'), error("MR1023", "jobs/j.yaml:2:")],
    ["a wait until a day that is none", task('wait: { until: "2026-02-30T06:00Z" }'), error("MR1023", "is no moment")],
    ["a wait in no zone", task('wait: { until: "06:00", timezone: Mars }'), error("MR1603", '"Mars"')],
    ["a wait for a thousand years", task("wait: 400000d"), error("MR1023", "longer than 100 years")],
    [
      "an undo that is not there",
      job("onFailure: compensate", 'tasks: { x: { shell: "true", compensate: { task: undo } } }'),
      error("MR1044", '"undo"'),
    ],
    ["a condition that is none", task('shell: "true", when: suceeded'), error("MR1048", "jobs/j.yaml:2:")],
    ["a placeholder of nothing", task('shell: "echo ${param:nope}"'), error("MR1052", '"nope"')],
    ["a loop of no rounds", task('shell: "true", repeat: { until: "true", max: 0 }'), error("MR1023", "at least 1")],
    ["a component that is not there", task("use: nope"), error("MR1090", '"nope"')],
    [
      "a component that uses itself",
      { "components/c.yaml": "kind: task\nbody: { use: c }\n", ...task("use: c") },
      error("MR1091", "c → c"),
    ],
    ["components without end", { ...bomb(), ...task("use: c0") }, error("MR1091", "more than 10000 times")],
    ["partitions that end before they start", partitioned("{ by: day, start: 2026-02-01, end: 2026-01-01 }"), error("MR8201", "p.sql:3:")],
    ["partitions that never begin", partitioned('{ cron: "0 0 30 2 *", start: 2026-01-01 }'), error("MR8201", "never fires")],
    ["a typo in partitions", partitioned("{ by: dya, column: day }"), error("MR1023", 'did you mean "day"?')],
    [
      "a need that is not there",
      partitioned("{ by: day, column: day, start: 2026-01-01 }\nneeds: { raw.b: all }"),
      error("MR1044", 'did you mean "raw.a"?'),
    ],
    [
      "a breaker's typo",
      { "millrace.yaml": "connections: { c: { http: {}, breaker: { failure: 1 } } }\n" },
      error("MR1020", '"failures"?'),
    ],
  ])("%s", async (_name, files, expected) => {
    const { dir } = make(files);
    expectError(await millrace(["run", ...("jobs/j.yaml" in files ? ["j"] : [])], dir), expected);
  });

  it("a calendar without days, a loop of jobs", async () => {
    const calendar = make({
      "millrace.yaml": "name: bad\ncalendars: { none: {} }\n",
      ...trigger('schedule: { cron: "0 6 * * *", calendar: none }'),
    });
    expectError(await millrace(["triggers"], calendar.dir), error("MR1607", "millrace.yaml:2:"));
    const loop = make({
      "jobs/a.yaml": "select: raw.a\ntriggers: [ { job: { finished: b } } ]\n",
      "jobs/b.yaml": "select: raw.a\ntriggers: [ { job: { finished: a } } ]\n",
    });
    expectError(await millrace(["triggers"], loop.dir), error("MR1611", "jobs/a.yaml:2:"));
  });

  it("a time that the clocks skip fires at the gap's end, and is warned of", async () => {
    const { dir } = make(trigger('schedule: { cron: "30 2 * * *", timezone: Europe/Berlin }'));
    const told = await millrace(["triggers", "--from", "2026-03-28T12:00:00Z", "--json"], dir);
    expect(told.lines()[0]!["triggers"][0]).toMatchObject({ next: expect.arrayContaining(["2026-03-29T01:00:00.000Z"]) });
    expect((await millrace(["triggers"], dir)).stdout).toContain("does not exist in Europe/Berlin");
  });
});

describe("words of the command line", () => {
  const files = { ...partitioned("{ by: day, column: day, start: 2026-01-01, end: 2026-01-03 }"), "jobs/j.yaml": "select: raw.a\n" };
  let dir = "";
  beforeAll(async () => {
    ({ dir } = make(files));
    expect((await millrace(["run"], dir)).exitCode).toBe(0);
  });

  it.each<[readonly string[], number, string]>([
    [["run", "--select", "clean.p", "--partition", "banana"], 7, "MR8202"],
    [["run", "--select", "clean.p", "--partition", "2026-02-30"], 7, "MR8202"],
    [["run", "--select", "clean.p", "--partition", "2026-01-09"], 7, "2026-01-01 to 2026-01-02"],
    [["run", "--select", "clean.p", "--partition", "2026-01-02..2026-01-01"], 7, "MR8202"],
    [["run", "--select", "clean.p", "--partition", "' or 1=1 --"], 7, "MR8202"],
    [["run", "--select", "raw.a", "--partition", "2026-01-01"], 2, "MR8210"],
    [["backfill", "raw.a", "--last", "7d"], 2, "MR8210"],
    [["backfill", "clean.x", "--missing"], 7, "did you mean clean.p"],
    [["backfill", "clean.p", "--missing", "--jobs", "0"], 2, "MR7001"],
    [["backfill", "show", "b_nope"], 7, "MR8211"],
    [["retry", "r_nope"], 7, "MR6101"],
    [["cancel", "r_nope"], 7, "MR6101"],
    [["approve", "r_nope", "x"], 7, "MR6101"],
    [["why", "nope"], 7, "MR8311"],
    [["triggers", "pause", "j", "--until", "yesterday"], 2, "MR1615"],
    [["run", "jj"], 7, "MR6103"],
    [["run", "j", "--param", "x=1"], 2, "MR8007"],
  ])("%j", async (args, exitCode, says) => {
    const finished = await millrace(args, dir);
    expect(finished.stderr + finished.stdout).toContain(says);
    expect(finished.exitCode).toBe(exitCode);
    expect(finished.stderr).not.toMatch(/\n {4}at .*\(/);
  });

  it("nothing of it changed what is published", async () => {
    expect(await rows(dir, "select count(*) from clean.p")).toEqual([[2]]);
  });

  it("ten million partitions in one range are refused with their number", async () => {
    const made = make(partitioned("{ by: hour, column: day, start: 0900-01-01, end: 2100-01-01 }"));
    for (const args of [["run"], ["backfill", "clean.p", "--missing"]]) {
      const refused = await millrace(args, made.dir);
      expect(refused.stderr).toMatch(/MR8204.*9,8\d\d,\d\d\d partitions, at most 100,000/);
    }
  });
});

describe("a run with", () => {
  it("a mapped list of a million is refused with its number, and the rest is done", async () => {
    const { dir } = make(task('shell: "true", map: { over: "select range as i from range(1000000)" }'));
    const run = await millrace(["run", "j"], dir);
    expectError(run, { exitCode: 1, code: "MR6204", says: ["1,000,000 items", "at most 100,000"] });
    expect(await rows(dir, "select count(*) from raw.a")).toEqual([[2]]);
  });

  it("an undo that fails goes on with the others, and says so in status", async () => {
    const { dir } = make(
      job(
        "onFailure: compensate",
        "tasks:",
        '  one: { shell: "true", compensate: { shell: "echo undone >> log" } }',
        '  two: { shell: "true", after: one, compensate: { shell: "exit 3" } }',
        '  three: { shell: "exit 1", after: two }',
      ),
    );
    const run = await millrace(["run", "j"], dir);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("task:two.undo  MR6201");
    expect(readFileSync(join(dir, "log"), "utf8")).toBe("undone\n");
    const { needs } = (await millrace(["status", "--json"], dir)).lines()[0]!;
    expect(JSON.stringify(needs)).toContain("was not undone: task:two.undo");
  });

  it("values of a shell's and SQL's own language stay values", async () => {
    const evil = "$(touch pwned) `touch pwned`; touch pwned 'x\" -- ' or 1=1 --";
    const { dir } = make(
      job(
        "params: { s: { default: x } }",
        "tasks:",
        "  a: { shell: \"printf '%s' ${param:s} > a.txt\" }",
        '  b: { shell: "printf %s \\"${param:s}\\" > b.txt" }',
        "  c: { shell: \"printf '%s' '${param:s}' > c.txt\" }",
        "  d: { sql: \"create table raw.said as select $param.s as v, '${param:s}' as w\" }",
      ),
    );
    const run = await millrace(["run", "j", "--param", `s=${evil}`], dir);
    for (const name of ["a", "b", "c"]) expect(readFileSync(join(dir, `${name}.txt`), "utf8")).toBe(evil);
    expect(existsSync(join(dir, "pwned"))).toBe(false);
    expect(run.stderr).not.toContain("Parser Error");
  });

  it("a command that ends itself, and one that says too much", async () => {
    const { dir } = make(
      job(
        "tasks:",
        '  a: { shell: "kill -9 $$" }',
        "  b: { shell: \"head -c 2000000 /dev/zero | tr '\\\\0' x > $MILLRACE_OUTPUT\" }",
        "  c: { shell: \"head -c 20000000 /dev/zero | tr '\\\\0' x\" }",
      ),
    );
    const run = await millrace(["run", "j"], dir);
    expect(run.stderr).toContain("was ended by SIGKILL");
    expect(run.stderr).toContain("2,000,000 bytes to $MILLRACE_OUTPUT");
    expect(run.stderr).toContain("✓ task:c");
  });
});

describe("a server", () => {
  const SECRET = "s3cret";
  const children = new Set<ReturnType<typeof start>>();
  afterEach(async () => {
    for (const { child, finished } of children) {
      child.kill("SIGKILL");
      await finished;
    }
    children.clear();
  });

  async function serve(dir: string): Promise<{ url: string; pid: number; out(): string }> {
    let out = "";
    const { url, pid, child, finished } = await serveIn(dir, {
      onStart: (started) => {
        started.stdout!.on("data", (text: string) => (out += text));
      },
    });
    children.add({ child, finished });
    return { url, pid, out: () => out };
  }

  const signed = (body: string): Record<string, string> => ({
    "X-Hub-Signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
  });
  const HOOKS = {
    "secrets.env": `HOOK=${SECRET}\n`,
    "jobs/hook.yaml": [
      'select: ""',
      "params: { region: { default: all } }",
      "triggers:",
      '  - webhook: { path: /a, signature: { hmacSha256: "${secret:HOOK}", header: X-Hub-Signature-256 }, params: { region: "${event:body.region}" } }',
      "  - webhook: { name: open, path: /open }",
      'tasks: { say: { shell: "echo ${param:region} >> said.txt" } }',
      "",
    ].join("\n"),
  };

  it("refuses wrong signatures, replays, depth and a gigabyte, with little memory; what is missing in a body is not given", async () => {
    const { dir } = make(HOOKS);
    const { url, pid } = await serve(dir);
    const post = async (path: string, body: string, headers: Record<string, string> = {}): Promise<readonly [number, any]> => {
      const answer = await fetch(url + path, { method: "POST", body, headers });
      return [answer.status, await answer.json()];
    };
    expect((await post("/a", "{}", signed("{ }")))[0]).toBe(401);
    expect((await post("/a", "{}"))[0]).toBe(401);
    const [status, first] = await post("/a", "{}", { ...signed("{}"), "Webhook-Id": "1" });
    expect(status).toBe(202);
    expect(await post("/a", "{}", { ...signed("{}"), "Webhook-Id": "1" })).toMatchObject([200, { run: first.run, duplicate: true }]);
    expect((await post("/open", "[".repeat(50_000) + "]".repeat(50_000)))[0]).toBe(400);
    expect((await post("/open", "{}", { origin: "http://evil.example" }))[0]).toBe(403);
    const before = memoryMb(pid);
    expect(await pour(`${url}/open`, 1_024)).toBe(413);
    expect(memoryMb(pid) - before).toBeLessThan(150);
    const said = await until(() => (existsSync(join(dir, "said.txt")) ? readFileSync(join(dir, "said.txt"), "utf8") : undefined));
    expect(said).toBe("all\n");
  });

  it("keeps the last good definitions when the project is broken, and says so", async () => {
    const { dir, write } = make({
      "jobs/tick.yaml": 'select: ""\ntriggers: [ { schedule: { every: 1s } } ]\ntasks: { t: { shell: "echo x >> ticks" } }\n',
    });
    const { out } = await serve(dir);
    const ticks = (): number => (existsSync(join(dir, "ticks")) ? readFileSync(join(dir, "ticks"), "utf8").length : 0);
    await until(() => (ticks() > 0 ? true : undefined));
    write("jobs/tick.yaml", 'select: ""\ntriggers: [ { schedule: { evry: 1s } } ]\n');
    await until(() => (out().includes("MR1020") ? true : undefined));
    expect(out()).toContain("the last good definitions stay in force");
    const before = ticks();
    await until(() => (ticks() > before ? true : undefined));
  });

  it("carries out for others what needs the warehouse that it holds, and a second one waits", async () => {
    const { dir } = make({
      ...partitioned("{ by: day, column: day, start: 2026-01-01, end: 2026-01-03 }"),
      "jobs/f.yaml": 'select: raw.a\ntasks: { bad: { shell: "test -e mended" } }\n',
    });
    await serve(dir);
    const failed = await millrace(["run", "f", "--json"], dir);
    expect(failed.exitCode).toBe(1);
    const { run } = failed.lines().at(-1)!;
    expect(await rows(dir, "select count(*) from raw.a")).toEqual([[2]]);
    writeFileSync(join(dir, "mended"), "");
    const retried = await millrace(["retry", run, "--json"], dir);
    expect([retried.exitCode, retried.lines().at(-1)!["status"]]).toEqual([0, "succeeded"]);
    const built = await millrace(["backfill", "clean.p", "--missing", "--json"], dir);
    expect([built.exitCode, built.lines().at(-1)!["nodes"].succeeded]).toEqual([0, 2]);
    expect((await millrace(["query", "select nothing"], dir)).stderr).toContain("MR8001");
    const second = start(["serve", "--port", "0"], dir);
    children.add(second);
    let told = "";
    second.child.stderr!.on("data", (text: string) => (told += text));
    second.child.stdout!.on("data", (text: string) => (told += text));
    await until(() => (told.includes("http://") ? true : undefined));
    expect((await millrace(["run", "f"], dir)).exitCode).toBe(0);
  });

  it("takes names of any kind from a folder, and lets no approval through that is not right", async () => {
    const { dir } = make({
      "jobs/in.yaml": [
        'select: ""',
        "params: { p: { default: none } }",
        'triggers: [ { files: { path: "in/*.csv", settle: 100ms, params: { p: "${event:path}" } } } ]',
        'tasks: { say: { shell: "echo ${param:p} >> said.txt" } }',
        "",
      ].join("\n"),
      "jobs/ask.yaml": 'select: ""\ntasks: { ok: { approval: { title: Go?, approvers: [ana], fields: { n: integer } } } }\n',
    });
    mkdirSync(join(dir, "in"));
    await serve(dir);
    for (const name of ["a'; touch pwned; $(touch pwned).csv", "größe 日本.csv"]) writeFileSync(join(dir, "in", name), "1");
    await until(() =>
      existsSync(join(dir, "said.txt")) && readFileSync(join(dir, "said.txt"), "utf8").split("\n").length > 2 ? true : undefined,
    );
    expect(readFileSync(join(dir, "said.txt"), "utf8")).toContain("größe 日本.csv");
    expect(existsSync(join(dir, "pwned"))).toBe(false);

    children.add(start(["run", "ask"], dir));
    const command = await until(async () => {
      const { needs } = (await millrace(["status", "--json"], dir)).lines()[0]!;
      return (needs as { command: string }[]).find((need) => need.command.startsWith("millrace approve"))?.command;
    });
    const run = command.split(" ")[2]!;
    const decide = async (...args: readonly string[]): Promise<number | null> =>
      (await millrace(["approve", run, "ok", ...args], dir)).exitCode;
    expect(await decide("--by", "bob", "--field", "n=1")).toBe(1);
    expect(await decide("--by", "ana")).toBe(2);
    expect(await decide("--by", "ana", "--field", "n=one")).toBe(2);
    expect(await decide("--by", "ana", "--field", "n=1")).toBe(0);
    expectError(await millrace(["approve", run, "ok", "--by", "ana", "--field", "n=1"], dir), {
      exitCode: 1,
      code: "MR6210",
      says: ["ana approved it"],
    });
    await until(async () => ((await millrace(["run", "show", run], dir)).stdout.includes("succeeded") ? true : undefined));
    expectError(await millrace(["cancel", run], dir), { exitCode: 1, code: "MR8309", says: ["ended already"] });
  });
});

function bomb(): Record<string, string> {
  const levels = 8;
  return Object.fromEntries(
    Array.from({ length: levels }, (_, level) => {
      const uses = Array.from({ length: 10 }, (_unused, index) => `t${index}: { use: c${level + 1} }`).join(", ");
      return [`components/c${level}.yaml`, `kind: tasks\nbody: { ${level === levels - 1 ? "a: { shell: 'true' }" : uses} }\n`];
    }),
  );
}

/** The most memory the process ever had, MB. */
function memoryMb(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1_000;
}

/** Sends so many megabytes without telling their number; answers the status. */
async function pour(url: string, megabytes: number): Promise<number> {
  return new Promise((done, fail) => {
    let answered = false;
    const sent = request(url, { method: "POST" }, (answer) => {
      answered = true;
      answer.resume();
      done(answer.statusCode!);
    });
    sent.on("error", (problem) => (answered ? undefined : fail(problem)));
    const chunk = Buffer.alloc(1 << 20, 97);
    let left = megabytes;
    const write = (): void => {
      while (left > 0 && !answered) {
        left--;
        if (!sent.write(chunk)) {
          sent.once("drain", write);
          return;
        }
      }
      sent.end();
    };
    write();
  });
}
