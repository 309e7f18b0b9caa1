// Jobs with tasks, carried out: real shells, a real HTTP server, DuckDB and SQLite.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openApp, type RunRequest } from "../../app.ts";
import type { NodeEventAnswer } from "../../model/answers.ts";
import type { RunProgress } from "../../model/progress.ts";
import { testProjects } from "../projects.suite.ts";

const { project, apps } = testProjects("job", "name: jobs\n");

async function run(dir: string, request: RunRequest) {
  const app = await openApp({ dir });
  apps.push(app);
  const nodes: Record<string, NodeEventAnswer> = {};
  const order: string[] = [];
  const summary = await app.run(request, (progress: RunProgress) => {
    if (progress.type !== "node") return;
    const name = progress.task ?? progress.asset ?? "";
    nodes[name] = progress;
    order.push(name);
  });
  return { app, summary, nodes, order };
}

/** Looks until there is an answer; the test's own time-out ends it otherwise. */
async function soon<Answer>(look: () => Promise<Answer | undefined>): Promise<Answer> {
  for (;;) {
    const answer = await look();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const ASSETS = {
  "data/t.csv": "a,b\n1,x\n2,y\n3,z\n",
  "sources/t.yaml": "from: { files: { path: data/t.csv } }\n",
  "models/clean/t.sql": "/*---\nmaterialize: table\n---*/\nselect a, b from raw.t\n",
};

describe("a job with tasks", () => {
  it("puts commands before, between and after assets, hands outputs on, and gives values as environment variables", async () => {
    const dir = project({
      ...ASSETS,
      "jobs/j.yaml": `
select: "+clean.t"
params: { who: { type: string, default: "O'Hara; echo no" }, n: { type: integer, default: 2 } }
tasks:
  first: { shell: 'echo first >> log.txt; echo "rows=3" > $MILLRACE_OUTPUT', before: [raw.t] }
  middle: { sql: "create table extra as select \${outputs.first.rows} as n, $param.n as m, '\${param:who}' as who", after: [raw.t], before: [clean.t] }
  last:
    shell: |
      echo "\${param:who}" \${outputs.first.rows} '\${param:n}' $MILLRACE_PARAM_WHO >> log.txt
      echo '{"ok": true}'
    after: [clean.t]
`,
    });
    const { summary, nodes, order } = await run(dir, { job: "j" });
    expect(summary.status, JSON.stringify(nodes)).toBe("succeeded");
    expect(order).toEqual(["first", "raw.t", "middle", "clean.t", "last"]);
    expect(nodes["first"]!.output).toEqual({ rows: 3 });
    expect(nodes["last"]!.output).toEqual({ ok: true });
    expect(readFileSync(join(dir, "log.txt"), "utf8")).toBe("first\nO'Hara; echo no 3 2 O'Hara; echo no\n");
    const rows: unknown[] = [];
    await apps[0]!.query("select n, m, who, typeof(m) as t from extra", (part) => void ("rows" in part && rows.push(...part.rows)));
    expect(rows).toEqual([[3, 2, "O'Hara; echo no", "BIGINT"]]);
  });

  it("runs a task or not by how others ended and by what they answered, and says why not", async () => {
    const dir = project({
      "jobs/j.yaml": `
params: { region: { type: string, default: north } }
tasks:
  measure: { shell: "echo '{\\"accuracy\\": 0.7}'" }
  good: { shell: "true", when: "outputs.measure.accuracy > 0.9" }
  poor: { shell: "true", when: "outputs.measure.accuracy <= 0.9 && params.region == \\"north\\"" }
  join: { shell: "true", after: [good, poor], when: noneFailed }
  both: { shell: "true", after: [good, poor] }
  bad: { shell: "echo broken >&2; exit 3" }
  on_failure: { shell: "true", after: [bad], when: failed }
  anyway: { shell: "true", after: [bad], when: always }
  asks: { shell: "true", when: "status.bad == \\"failed\\"" }
  never: { shell: "true", after: [bad] }
`,
    });
    const { summary, nodes } = await run(dir, { job: "j" });
    const statuses = Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, node.status]));
    expect(statuses).toEqual({
      measure: "succeeded",
      good: "skipped",
      poor: "succeeded",
      join: "succeeded",
      both: "skipped",
      bad: "failed",
      on_failure: "succeeded",
      anyway: "succeeded",
      asks: "succeeded",
      never: "skipped",
    });
    expect(nodes["good"]!.reason).toBe("outputs.measure.accuracy > 0.9 does not hold: outputs.measure.accuracy is 0.7");
    expect(nodes["bad"]!.error).toMatchObject({ code: "MR6201", message: "the command ended with exit code 3: broken" });
    expect(nodes["bad"]!.attempts).toBe(1);
    expect(summary.status).toBe("partial");
  });

  it("makes one task per row, some at once, and one for a list that another task answered", async () => {
    const dir = project({
      ...ASSETS,
      "jobs/j.yaml": `
select: clean.t
tasks:
  rows: { shell: "echo \${item.a}-\${row.b} >> rows.txt", map: { over: "select a, b from clean.t order by a", as: row, max: 1 } }
  list: { shell: "echo '{\\"names\\": [\\"x y\\", \\"z\\"]}'" }
  names: { shell: "echo \${item} >> names.txt; echo '{\\"kept\\": 1}'", map: { over: "\${outputs.list.names}", max: 1 } }
  after: { shell: "echo \${outputs.names} > answers.txt", after: [rows, names] }
`,
    });
    await run(dir, {});
    const { summary, nodes } = await run(dir, { job: "j" });
    expect(summary.status, JSON.stringify(nodes)).toBe("succeeded");
    const text = (name: string): string => readFileSync(join(dir, name), "utf8");
    expect([text("rows.txt"), text("names.txt"), text("answers.txt")]).toEqual([
      "1-x\n2-y\n3-z\n",
      "x y\nz\n",
      '[{"kept":1},{"kept":1}]\n',
    ]);
  });

  it("refuses a list of a million with its number", async () => {
    const dir = project({ "jobs/j.yaml": 'tasks: { t: { shell: "true", map: { over: "select * from range(1000000)" } } }\n' });
    const { nodes } = await run(dir, { job: "j" });
    expect(nodes["t"]!.error).toMatchObject({
      code: "MR6204",
      message: expect.stringContaining("1,000,000 items; a run makes at most 100,000"),
    });
  });

  it("goes round until an expression holds, and gives up at the limit", async () => {
    const dir = project({
      "jobs/j.yaml": `
tasks:
  count: { shell: "echo x >> n.txt; wc -l < n.txt", repeat: { until: "output >= 3", max: 5, delay: 10ms } }
  endless: { shell: "echo 1", repeat: { until: "output > 1", max: 3 } }
`,
    });
    const { nodes } = await run(dir, { job: "j" });
    expect(nodes["count"]).toMatchObject({ status: "succeeded", output: 3, attempts: 3 });
    expect(nodes["endless"]!.error).toMatchObject({ code: "MR6205", message: "output > 1 does not hold after 3 rounds: output is 1" });
  });

  it("undoes what succeeded when the run fails, newest first", async () => {
    const dir = project({
      "jobs/j.yaml": `
onFailure: compensate
tasks:
  a: { shell: "echo 1", compensate: { shell: "echo undo a \${outputs.a} >> log.txt" } }
  b: { shell: "true", after: [a], compensate: { shell: "echo undo b >> log.txt" } }
  c: { shell: "exit 1", after: [b], compensate: { shell: "echo undo c >> log.txt" } }
`,
    });
    const { summary, nodes } = await run(dir, { job: "j" });
    expect(summary.status).toBe("failed");
    expect(readFileSync(join(dir, "log.txt"), "utf8")).toBe("undo b\nundo a 1\n");
    expect(nodes["c.undo"]!.status).toBe("skipped");
  });

  it("goes on undoing when an undo fails, and says so", async () => {
    const dir = project({
      "jobs/j.yaml": `
onFailure: compensate
tasks:
  a: { shell: "true", compensate: { shell: "echo a >> log.txt" } }
  b: { shell: "true", after: [a], compensate: { shell: "echo no >&2; exit 1" } }
  c: { shell: "exit 1", after: [b] }
`,
    });
    const { summary, nodes } = await run(dir, { job: "j" });
    expect(summary.status).toBe("failed");
    expect(nodes["b.undo"]).toMatchObject({ status: "failed", error: { code: "MR6201" } });
    expect(nodes["a.undo"]!.status).toBe("succeeded");
  });

  it("ends a command that takes too long, or is silent for too long", async () => {
    const dir = project({
      "jobs/j.yaml": `
tasks:
  slow: { shell: "sleep 60", timeout: 200ms }
  still: { shell: "echo begins; sleep 60", silence: 300ms }
`,
    });
    const { nodes } = await run(dir, { job: "j" });
    expect(nodes["slow"]!.error).toMatchObject({ code: "MR6003" });
    expect(nodes["still"]!.status).toBe("failed");
  });

  it("refuses an expression of defineTask when the project is read", async () => {
    const dir = project({
      "pipelines/t.ts": `import { defineTask } from "millrace";\nexport const t = defineTask({ name: "t", when: "nope.x == 1", run: () => 1 });\n`,
    });
    const app = await openApp({ dir });
    apps.push(app);
    await expect(app.plan({})).rejects.toMatchObject({ code: "MR1048", location: { file: "pipelines/t.ts", line: 2 } });
  });

  it("takes a fallback when the last try has failed", async () => {
    const dir = project({
      "jobs/j.yaml": `
tasks:
  rate: { shell: "exit 1", fallback: { rate: 1.1 } }
  use: { shell: "echo \${outputs.rate.rate} > rate.txt" }
`,
    });
    const { summary } = await run(dir, { job: "j" });
    expect(summary.status).toBe("succeeded");
    expect(readFileSync(join(dir, "rate.txt"), "utf8")).toBe("1.1\n");
  });

  it("runs another job with parameters and hands its outputs on; what fails in it fails here", async () => {
    const dir = project({
      "jobs/outer.yaml": `
tasks:
  inner: { job: { name: inner, params: { n: 4 } } }
  use: { shell: "echo \${outputs.inner.twice.n} > n.txt" }
`,
      "jobs/inner.yaml": "params: { n: { type: integer } }\ntasks: { twice: { sql: 'select $param.n * 2 as n' } }\n",
      "jobs/broken.yaml": "tasks: { inner: { job: fails } }\n",
      "jobs/fails.yaml": 'tasks: { t: { shell: "echo oh >&2; exit 1" } }\n',
    });
    const { summary, nodes } = await run(dir, { job: "outer" });
    expect(summary.status, JSON.stringify(nodes)).toBe("succeeded");
    expect(readFileSync(join(dir, "n.txt"), "utf8")).toBe("8\n");
    const broken = await run(dir, { job: "broken" });
    expect(broken.nodes["inner"]!.error).toMatchObject({
      code: "MR6208",
      message: expect.stringContaining("ended as failed: the command ended with exit code 1: oh"),
    });
    expect(new Set((await broken.app.runs({ limit: 9 })).runs.map(({ job }) => job))).toEqual(
      new Set(["broken", "fails", "inner", "outer"]),
    );
  });

  it("waits for a time and for a condition", async () => {
    const dir = project({
      "jobs/j.yaml": `
tasks:
  pause: { wait: 50ms }
  make: { sql: "create table ready as select 1 as a", after: [pause] }
  seen: { wait: { condition: "select count(*) > 0 from information_schema.tables where table_name = 'ready'", every: 20ms } }
  late: { wait: { condition: "params.x", every: 10ms, timeout: 100ms } }
params: { x: { type: boolean, default: false } }
`,
    });
    const { nodes } = await run(dir, { job: "j" });
    expect(nodes["pause"]).toMatchObject({ status: "succeeded", attempts: 2 });
    expect(nodes["seen"]!.status).toBe("succeeded");
    expect(nodes["late"]!.status).toBe("failed");
  });
});

describe("an approval", () => {
  const JOB = `
tasks:
  publish:
    approval:
      title: Publish \${param:month}?
      fields: { reason: string, rows: { type: integer, enum: [1, 2] }, note: { type: string, default: none } }
      approvers: [ana, bo]
  after: { shell: "echo \${outputs.publish.by} \${outputs.publish.fields.rows} > by.txt" }
params: { month: { type: string, default: May } }
`;

  async function waiting(dir: string) {
    const done = run(dir, { job: "j" });
    const other = await openApp({ dir });
    apps.push(other);
    const id = await soon(async () => {
      const [first] = (await other.runs({ limit: 1 })).runs;
      const shown = first === undefined ? undefined : await other.runShow(first.run);
      return shown?.nodes.some(({ waitsFor }) => waitsFor?.kind === "approval") === true ? first!.run : undefined;
    });
    return { done, other, run: id };
  }

  it("is decided from another process by one who may, with a form that is checked", async () => {
    const dir = project({ "jobs/j.yaml": JOB });
    const { done, other, run: id } = await waiting(dir);
    const status = await other.status();
    expect(status.needs[0]).toEqual({
      what: `publish of ${id} waits for a decision`,
      why: "Publish May? (ana, bo)",
      command: `millrace approve ${id} publish`,
      about: { kind: "approval", run: id, task: "publish", job: "j", since: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
    const decide = (by: string, fields: Record<string, string>) => other.approve({ run: id, task: "publish", accept: true, by, fields });
    await expect(decide("eve", { reason: "x" })).rejects.toMatchObject({ code: "MR6212" });
    await expect(decide("ana", {})).rejects.toMatchObject({ code: "MR6211", message: "the field reason is missing" });
    await expect(decide("ana", { reason: "x", rows: "3" })).rejects.toMatchObject({ code: "MR6211" });
    await expect(decide("ana", { raeson: "x" })).rejects.toMatchObject({
      code: "MR6211",
      hint: expect.stringContaining('did you mean "reason"?'),
    });
    await expect(other.approve({ run: id, task: "after", accept: true, fields: {} })).rejects.toMatchObject({ code: "MR6210" });
    expect(await decide("ana", { reason: "checked", rows: "2" })).toMatchObject({
      accepted: true,
      fields: { reason: "checked", rows: 2, note: "none" },
    });
    const { summary, nodes } = await done;
    expect(summary.status).toBe("succeeded");
    expect(nodes["publish"]!.output).toMatchObject({ accepted: true, by: "ana", fields: { rows: 2 } });
    expect(readFileSync(join(dir, "by.txt"), "utf8")).toBe("ana 2\n");
    await expect(decide("bo", { reason: "x" })).rejects.toMatchObject({
      code: "MR6210",
      message: expect.stringContaining("ana approved it"),
    });
  });

  it("that is rejected fails, and what stands on it is skipped", async () => {
    const dir = project({ "jobs/j.yaml": JOB });
    const { done, other, run: id } = await waiting(dir);
    await other.approve({ run: id, task: "publish", accept: false, by: "bo", why: "wrong month", fields: {} });
    const { summary, nodes } = await done;
    expect(summary.status).toBe("failed");
    expect(nodes["publish"]!.error).toMatchObject({ code: "MR6010", message: expect.stringContaining("wrong month") });
    expect(nodes["after"]!.status).toBe("skipped");
  });
});

describe("functions", () => {
  it("stand in a job, in a module, or in a task that defineTask made, each with what it is given", async () => {
    const dir = project({
      ...ASSETS,
      "pipelines/lib.ts": `import { appendFileSync } from "node:fs";
export function note({ params, run, item, idempotencyKey, projectDir }) {
  appendFileSync(projectDir + "/log.txt", JSON.stringify([typeof params.n, params.n, item, idempotencyKey === run + "/task:mod[" + (item - 1) + "]"]) + "\\n");
  return item * 2;
}
`,
      "pipelines/job.ts": `import { defineJob, defineTask } from "millrace";
export const train = defineTask({ name: "train", after: ["clean.t"], run: async ({ query, outputs }) => {
  let n = 0;
  for await (const rows of query("select count(*)::int as n from clean.t")) n += rows[0].n;
  return { n, before: outputs.inline };
} });
export const job = defineJob({
  name: "typed",
  select: "+clean.t",
  params: { n: { type: "integer", default: 3 } },
  tasks: {
    inline: { typescript: async ({ params }) => ({ next: params.n + 1 }), before: ["clean.t"] },
    mod: { typescript: "pipelines/lib.ts#note", map: { over: [1, 2], max: 1 } },
    fit: { task: "train", after: ["clean.t"] },
  },
});
`,
    });
    const { summary, nodes } = await run(dir, { job: "typed" });
    expect(summary.status, JSON.stringify(nodes)).toBe("succeeded");
    expect(nodes["fit"]!.output).toEqual({ n: 3, before: { next: 4 } });
    expect(nodes["train"]).toBeUndefined();
    expect(readFileSync(join(dir, "log.txt"), "utf8")).toBe('["number",3,1,true]\n["number",3,2,true]\n');
    expect(nodes["mod[1]"]!.output).toBe(4);
  });
});

describe("exactly once", () => {
  it("SQL commits with its attempt, so that a second attempt of the same task finds it done", async () => {
    const dir = project({
      "jobs/j.yaml": `
tasks:
  init: { sql: "create table if not exists t (a int)" }
  add: { sql: "insert into t values (1); insert into t select $param.n; select count(*) as n from t", after: [init] }
  wrong: { sql: "insert into t values (7); select * from nowhere", after: [add] }
  begin: { sql: "begin; insert into t values (8); commit", after: [add] }
params: { n: { type: integer, default: 2 } }
`,
    });
    const { nodes, app } = await run(dir, { job: "j" });
    expect(nodes["add"]!.output).toEqual({ n: 2 });
    expect(nodes["wrong"]!.error).toMatchObject({ code: "MR6203", message: expect.stringContaining("statement 2 of 2") });
    expect(nodes["begin"]!.error).toMatchObject({ code: "MR6203", message: expect.stringContaining("one transaction already") });
    const rows: unknown[] = [];
    await app.query("select a from t order by a", (part) => void ("rows" in part && rows.push(...part.rows)));
    expect(rows).toEqual([[1], [2]]);
  });

  it("reuses what a task with reuse answered, until its code, values or inputs change, or it is forced", async () => {
    const job = (word: string) => `
params: { n: { type: integer, default: 1 } }
tasks: { t: { shell: "echo ${word} >> log.txt; echo $MILLRACE_PARAM_N", reuse: true } }
`;
    const dir = project({ "jobs/j.yaml": job("a") });
    const status = async (request: RunRequest) => (await run(dir, { job: "j", ...request })).nodes["t"]!;
    expect(await status({})).toMatchObject({ status: "succeeded", output: 1 });
    expect(await status({})).toMatchObject({ status: "reused", output: 1 });
    expect((await status({ params: { n: "2" } })).status).toBe("succeeded");
    expect((await status({ params: { n: "2" }, fullRefresh: true })).status).toBe("succeeded");
    writeFileSync(join(dir, "jobs/j.yaml"), job("b"));
    for (const app of apps.splice(0)) await app.close();
    expect((await status({ params: { n: "2" } })).status).toBe("succeeded");
    expect(readFileSync(join(dir, "log.txt"), "utf8")).toBe("a\na\na\nb\n");
  });
});

describe("a run that is stopped while it waits", () => {
  it("goes on where it was, with the decision that was made meanwhile", async () => {
    const dir = project({
      "jobs/j.yaml": `
tasks:
  first: { shell: "echo first >> log.txt" }
  ask: { approval: { title: Go on? }, after: [first] }
  then: { shell: "echo then >> log.txt", after: [ask] }
`,
      "jobs/other.yaml": 'tasks: { t: { shell: "true" } }\n',
    });
    const stop = new AbortController();
    const first = await openApp({ dir, signal: stop.signal });
    const going = first.run({ job: "j" }, () => {});
    const other = await openApp({ dir });
    apps.push(other);
    const id = await soon(async () => {
      const need = (await other.status()).needs.find(({ command }) => command.startsWith("millrace approve"));
      return need?.command.split(" ")[2];
    });
    stop.abort(new Error("stopped"));
    expect((await going).status).toBe("running");
    await first.close();
    // Another job does not end what waits on purpose.
    expect((await run(dir, { job: "other" })).summary.status).toBe("succeeded");
    await other.approve({ run: id, task: "ask", accept: true, fields: {} });
    const { summary } = await run(dir, { job: "j" });
    expect([summary.run, summary.status]).toEqual([id, "succeeded"]);
    expect(readFileSync(join(dir, "log.txt"), "utf8")).toBe("first\nthen\n");
  });

  it("ends its sub-job when it is canceled", async () => {
    const dir = project({
      "jobs/outer.yaml": "tasks: { inner: { job: inner } }\n",
      "jobs/inner.yaml": 'tasks: { long: { shell: "sleep 60; echo x >> log.txt" } }\n',
    });
    const done = run(dir, { job: "outer" });
    const other = await openApp({ dir });
    apps.push(other);
    const outer = await soon(async () => {
      const { runs } = await other.runs({ limit: 5 });
      const [inner, above] = ["inner", "outer"].map((name) => runs.find(({ job }) => job === name));
      const shown = above === undefined ? undefined : await other.runShow(above.run);
      return inner !== undefined && shown?.nodes[0]?.waitsFor?.run === inner.run ? above!.run : undefined;
    });
    await other.cancel({ run: outer, why: "no" });
    expect((await done).summary.status).toBe("canceled");
    expect((await other.runs({ limit: 5 })).runs.map(({ job, status }) => [job, status])).toEqual(
      expect.arrayContaining([
        ["inner", "canceled"],
        ["outer", "canceled"],
      ]),
    );
  });
});

describe("parameters with types", () => {
  it("reach models as values of their types, and another value builds anew", async () => {
    const dir = project({
      ...ASSETS,
      "models/clean/t.sql":
        "/*---\nmaterialize: table\n---*/\nselect a, typeof($param.min) as m, typeof($param.day) as d, $param.rate * 2 as r, $param.yes as y from raw.t where a >= $param.min and $param.day > date '2026-01-01'\n",
      "jobs/j.yaml":
        "params: { min: { type: integer, default: 2 }, day: { type: date, default: 2026-02-01 }, rate: { type: number, default: 1.5 }, yes: { type: boolean, default: true } }\n",
    });
    const first = await run(dir, { job: "j" });
    expect(first.summary.status, JSON.stringify(first.nodes)).toBe("succeeded");
    const rows: unknown[] = [];
    await first.app.query("select * from clean.t order by a", (part) => void ("rows" in part && rows.push(...part.rows)));
    expect(rows).toEqual([
      [2, "BIGINT", "DATE", 3, true],
      [3, "BIGINT", "DATE", 3, true],
    ]);
    expect((await run(dir, { job: "j" })).nodes["clean.t"]!.status).toBe("reused");
    expect((await run(dir, { job: "j", params: { min: "3" } })).nodes["clean.t"]!.status).toBe("succeeded");
  });
});

describe("the tasks of a job", () => {
  it("are listed, described and planned; what they lack is told before anything runs", async () => {
    const dir = project({
      ...ASSETS,
      "jobs/nightly.yaml": `
select: clean.t
tasks:
  approve: { approval: { title: Publish? }, before: [clean.t], description: asks }
  notify: { http: "https://example.org/\${env:MR_NOT_SET}?t=\${secret:MR_NO_SECRET}&\${run}", after: [clean.t], when: always }
`,
    });
    const app = await openApp({ dir });
    apps.push(app);
    expect((await app.list({})).tasks).toMatchObject([
      { job: "nightly", task: "approve", kind: "approval", before: ["clean.t"], when: "succeeded", description: "asks" },
      { job: "nightly", task: "notify", kind: "http", when: "always" },
    ]);
    expect((await app.describe("nightly.approve", { partitions: false })).asset).toMatchObject({
      asset: "task:approve",
      downstream: ["clean.t"],
      file: "jobs/nightly.yaml",
    });
    expect((await app.plan({ job: "nightly" })).nodes.map(({ asset }) => asset)).toEqual(["task:approve", "clean.t", "task:notify"]);
    await expect(app.run({ job: "nightly", select: "task:notify" }, () => {})).rejects.toMatchObject({
      errors: [
        { code: "MR1050", location: { file: "jobs/nightly.yaml", line: 5 } },
        { code: "MR1051", location: { line: 5 } },
      ],
    });
  });

  it.each([
    ['{ shell: "true", http: "http://x" }', "MR1023", "has one kind, this has shell and http"],
    ['{ shell: "true", when: "outputs.x.y >" }', "MR1048", "unexpected token"],
    ['{ shell: "true", when: "params.nothing == 1" }', "MR1048", 'no parameter "nothing"'],
    ['{ shell: "true", after: [cleen.t] }', "MR1044", '"cleen.t" is no asset, task or group'],
    ['{ http: "http://x/${HOME}" }', "MR1053", "${HOME}"],
    ['{ shell: "echo ${param:nothing}" }', "MR1052", 'no parameter "nothing"'],
    ['{ shell: "echo ${item.a}" }', "MR1053", "not mapped"],
    ["{ job: nothing }", "MR1044", 'no job "nothing"'],
    ["{ job: j }", "MR1049", "start each other in a circle: j → j"],
    ['{ typescript: "pipelines/no.ts#x" }', "MR1044", "no module"],
    ["{ wait: { for: 1s, until: '06:00' } }", "MR1022", "one of the three"],
    ["{ shell: x, tmieout: 1s }", "MR1020", "tmieout"],
  ])("that are wrong are errors of the project: %s", async (task, code, words) => {
    const dir = project({ ...ASSETS, "jobs/j.yaml": `tasks:\n  t: ${task}\n` });
    const app = await openApp({ dir });
    apps.push(app);
    const failure = (await app.plan({}).catch((error: unknown) => error)) as { code: string; message: string; location?: { line: number } };
    expect([failure.code, failure.location?.line]).toEqual([code, 2]);
    expect(failure.message).toContain(words);
  });
});

describe("an asset with a fallback", () => {
  it("keeps its last version when it fails, and what reads it goes on; without one it fails", async () => {
    const source = "fallback: lastVersion\nretry: { attempts: 1 }\nfrom: { files: { path: data/t.csv } }\n";
    const dir = project({ ...ASSETS, "sources/t.yaml": source, "exports/t.yaml": "select: clean.t\nto: { files: { path: out/t.csv } }\n" });
    rmSync(join(dir, "data/t.csv"));
    expect((await run(dir, {})).nodes["raw.t"]!.status).toBe("failed");
    writeFileSync(join(dir, "data/t.csv"), "a,b\n1,x\n");
    expect((await run(dir, {})).summary.status).toBe("succeeded");
    rmSync(join(dir, "data/t.csv"));
    rmSync(join(dir, "out/t.csv"));
    const { summary, nodes } = await run(dir, {});
    expect([summary.status, nodes["raw.t"]!.status]).toEqual(["succeeded", "succeeded"]);
    expect(nodes["raw.t"]!.output).toMatchObject({ kept: expect.any(String) });
    expect(readFileSync(join(dir, "out/t.csv"), "utf8")).toBe("a,b\n1,x\n");
  });
});
