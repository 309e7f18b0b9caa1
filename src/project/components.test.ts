// Components: what comes out where they are used, and what is told about every wrong use, with its places.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { MillraceError } from "../model/errors.ts";
import type { SourceNode } from "../model/graph.ts";
import { readProject } from "./read.ts";
import type { Project } from "./reader.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function read(files: Readonly<Record<string, string>>): Promise<Project> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-components-"));
  folders.push(dir);
  for (const [name, content] of Object.entries({ "millrace.yaml": "name: test\n", ...files })) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return readProject(dir, {
    connectors: { files: z.strictObject({ path: z.string(), skipLines: z.int().optional() }) },
    checks: ["notNull", "unique", "range"],
    materializations: ["view", "table"],
  });
}

/** `CODE file:line message`, and the hint behind it. */
function told(errors: readonly MillraceError[]): string[] {
  return errors.map(
    ({ code, message, hint, location }) =>
      `${code} ${location?.file}:${location?.line} ${message}${hint === undefined ? "" : ` | ${hint.replace(/\nknown: [^\n]*\n/, "…")}`}`,
  );
}

const county = `kind: source
params:
  county: { type: string }
  skip: { type: integer, default: 4, min: 0 }
  key: { type: list, default: [id] }
body:
  description: Sales of \${with:county}
  from: { files: { path: "data/\${with:county}_*.csv", skipLines: "\${with:skip}" } }
  load: merge
  primaryKey: \${with:key}
  columns: { "\${with:county}_id": { type: text } }
  checks: [{ notNull: "\${with:key}" }]
  tags: [county]
`;

describe("a source", () => {
  it("takes the component's keys with its parameters filled in, typed; its own keys go before them", async () => {
    const project = await read({
      "components/county.yaml": county,
      "sources/kings.yaml":
        "use: county\nwith: { county: kings, key: [borough, lot] }\nload: append\nprimaryKey: [lot]\ntags: [big]\nchecks: [{ unique: [lot] }]\n",
      "sources/registry.csv": "name,use,with.county,with.skip\nqueens,county,queens,2\nbronx,county,bronx,\n",
    });
    expect(told(project.errors)).toEqual([]);
    const node = (id: string): SourceNode => project.nodes.find((each) => each.id === id) as SourceNode;
    expect(node("raw.kings")).toMatchObject({
      description: "Sales of kings",
      connector: "files",
      options: { path: "data/kings_*.csv", skipLines: 4 },
      components: ["county"],
      tags: ["county", "big"],
      checks: [{ notNull: ["borough", "lot"] }, { unique: ["lot"] }],
      spec: { load: "append", primaryKey: ["lot"], columns: { kings_id: { type: "text" } } },
    });
    expect(node("raw.queens").options).toEqual({ path: "data/queens_*.csv", skipLines: 2 });
    expect(node("raw.bronx").options).toEqual({ path: "data/bronx_*.csv", skipLines: 4 });
  });

  it("has another hash when its component changes, and not when another one does", async () => {
    const hashes = async (text: string): Promise<readonly string[]> => {
      const project = await read({
        "components/county.yaml": text,
        "sources/kings.yaml": "use: county\nwith: { county: kings }\n",
        "sources/own.yaml": "from: { files: { path: x.csv } }\n",
      });
      return ["raw.kings", "raw.own"].map((id) => project.nodes.find((node) => node.id === id)!.codeHash);
    };
    const [before, own] = await hashes(county);
    expect(await hashes(county.replace("load: merge", "load: append"))).toEqual([expect.not.stringMatching(before!) as string, own]);
    expect(await hashes(`# a comment\n${county}`)).toEqual([before, own]);
  });

  it("may use a component that uses another", async () => {
    const project = await read({
      "components/county.yaml": county,
      "components/kings.yaml":
        'kind: source\nparams: { lines: { type: integer } }\nbody:\n  use: county\n  with: { county: kings, skip: "${with:lines}" }\n  load: replace\n',
      "sources/kings.yaml": "use: kings\nwith: { lines: 9 }\n",
    });
    expect(told(project.errors)).toEqual([]);
    expect(project.nodes[0]).toMatchObject({
      options: { path: "data/kings_*.csv", skipLines: 9 },
      components: ["kings", "county"],
      spec: { load: "replace" },
    });
  });
});

describe("checks", () => {
  it("stand in place of their use, in models and sources, with the keys beside it where they say nothing", async () => {
    const project = await read({
      "components/keys.yaml":
        'kind: checks\nparams: { key: { type: list } }\nbody:\n  - notNull: "${with:key}"\n  - unique: "${with:key}"\n    severity: error\n',
      "models/clean/t.sql":
        "/*---\nmaterialize: table\nchecks:\n  - range: { column: a, min: 1 }\n  - use: keys\n    with: { key: [a, b] }\n    severity: warn\n---*/\nselect 1 as a, 2 as b",
    });
    expect(told(project.errors)).toEqual([]);
    expect(project.nodes[0]).toMatchObject({
      components: ["keys"],
      checks: [{ range: { column: "a", min: 1 } }, { notNull: ["a", "b"], severity: "warn" }, { unique: ["a", "b"], severity: "error" }],
    });
  });
});

describe("tasks", () => {
  const report = `kind: tasks
params: { to: { type: string }, lines: { type: integer, default: 10 } }
body:
  render: { shell: "render --lines \${with:lines}", retry: { attempts: 2 } }
  send: { shell: "send \${outputs.render.file} \${with:to}", after: [render], when: "outputs.render.size > 0 && params.region == 'north'" }
`;
  it("one task takes the component's keys, a cookbook becomes a group of tasks that know each other", async () => {
    const project = await read({
      "millrace.yaml": "pools: { mail: { slots: 1 } }\n",
      "components/say.yaml": 'kind: task\nparams: { what: { type: string } }\nbody: { shell: "echo ${with:what}", timeout: 5m }\n',
      "components/report.yaml": report,
      "jobs/nightly.yaml": `params: { region: { type: string, default: north } }
tasks:
  begin: { use: say, with: { what: hello }, timeout: 1m }
  daily: { use: report, with: { to: ann }, after: [begin], before: [done], pool: mail, retry: { attempts: 5 } }
  weekly: { use: report, with: { to: bob, lines: 99 }, after: [daily] }
  done: { shell: "true" }
`,
    });
    expect(told(project.errors)).toEqual([]);
    expect(project.jobs[0]!.spec.tasks).toEqual({
      begin: { shell: "echo hello", timeout: "1m" },
      daily_render: { shell: "render --lines 10", retry: { attempts: 2 }, after: ["begin"], pool: "mail", group: "daily" },
      daily_send: {
        shell: "send ${outputs.daily_render.file} ann",
        after: ["daily_render"],
        when: "outputs.daily_render.size > 0 && params.region == 'north'",
        before: ["done"],
        pool: "mail",
        retry: { attempts: 5 },
        group: "daily",
      },
      weekly_render: { shell: "render --lines 99", retry: { attempts: 2 }, after: ["daily"], group: "weekly" },
      weekly_send: {
        shell: "send ${outputs.weekly_render.file} bob",
        after: ["weekly_render"],
        when: "outputs.weekly_render.size > 0 && params.region == 'north'",
        group: "weekly",
      },
      done: { shell: "true" },
    });
    expect(project.jobs[0]!.tasks.map((task) => task.components?.join())).toEqual([
      "say",
      "report",
      "report",
      "report",
      "report",
      undefined,
    ]);
    expect(project.jobs[0]!.tasks.map((task) => task.name)).toEqual([
      "begin",
      "daily_render",
      "daily_send",
      "weekly_render",
      "weekly_send",
      "done",
    ]);
  });

  it("work in a job of TypeScript, and a whole job may be one", async () => {
    const project = await read({
      "components/report.yaml": report,
      "components/load.yaml":
        'kind: job\nparams: { area: { type: string } }\nbody:\n  select: "+out.${with:area}"\n  tasks: { tell: { use: report, with: { to: "${with:area}" } } }\n',
      "jobs/north.yaml": "use: load\nwith: { area: north }\ntimeout: 1h\n",
      "pipelines/jobs.ts":
        'import { defineJob } from "millrace";\nexport const south = defineJob({ name: "south", tasks: { tell: { use: "report", with: { to: "south" } }, own: { typescript: () => 1 } } });\n',
      "exports/north.yaml": "select: raw.a\nto: { files: { path: out/a.csv } }\n",
      "sources/a.yaml": "from: { files: { path: a.csv } }\n",
    });
    // `region` is no parameter of these jobs: told at the component, with where it is used.
    expect(told(project.errors)).toEqual([
      'MR1048 components/report.yaml:5 the job has no parameter "region" | used in pipelines/jobs.ts and 1 more',
    ]);
    const job = (name: string): Project["jobs"][number] => project.jobs.find((each) => each.name === name)!;
    expect(job("north").spec).toMatchObject({
      select: "+out.north",
      timeout: "1h",
      tasks: { tell_send: { shell: "send ${outputs.tell_render.file} north" } },
    });
    expect(Object.keys(job("south").spec.tasks!)).toEqual(["tell_render", "tell_send", "own"]);
  });
});

describe("what is wrong", () => {
  const cases: Readonly<Record<string, readonly [Readonly<Record<string, string>>, readonly string[]]>> = {
    "a component that is not there": [
      { "components/county.yaml": county, "sources/a.yaml": "use: countty\nwith: { county: x }\n" },
      ['MR1090 sources/a.yaml:1 there is no component "countty" | did you mean "county"?\ncomponents: county'],
    ],
    "a component of another kind": [
      { "components/county.yaml": county, "jobs/a.yaml": "tasks: { t: { use: county } }\n" },
      ["MR1090 jobs/a.yaml:1 the component county is of kind source; here stands a task or tasks | components/county.yaml"],
    ],
    "a parameter that is missing, unknown, of a wrong type or out of its limits": [
      {
        "components/county.yaml": county,
        "sources/a.yaml": "use: county\n",
        "sources/b.yaml": "use: county\nwith:\n  county: [x]\n  skipp: 1\n",
        "sources/c.yaml": "use: county\nwith:\n  county: x\n  skip: -1\n",
      },
      [
        "MR1092 sources/a.yaml:1 county: the parameter county is missing | county is declared in components/county.yaml:3",
        "MR1092 sources/b.yaml:3 county: county is a list, not text | county is declared in components/county.yaml:3",
        'MR1092 sources/b.yaml:4 county: there is no parameter "skipp" | did you mean "skip"?\nparameters: county, skip, key',
        "MR1092 sources/c.yaml:4 county: skip is -1, less than 0 | skip is declared in components/county.yaml:4",
      ],
    ],
    "a circle": [
      {
        "components/a.yaml": "kind: source\nbody: { use: b }\n",
        "components/b.yaml": "kind: source\nbody: { use: a }\n",
        "sources/x.yaml": "use: a\n",
      },
      ["MR1091 components/b.yaml:2 components use each other in a circle: a → b → a | used in sources/x.yaml"],
    ],
    "a body that names what is not declared, or is none of its kind, also when nobody uses it": [
      {
        "components/a.yaml": 'kind: source\nparams: { b: {} }\nbody: { from: { files: { path: "${with:bb}/$${with:x}" } } }\n',
        "components/c.yaml": "kind: checks\nbody: { a: 1 }\n",
      },
      [
        'MR1093 components/a.yaml:3 there is no parameter "bb" | parameters: b',
        "MR1093 components/c.yaml:2 the body of a component of kind checks is a list of checks",
      ],
    ],
    "a default that does not fit": [
      { "components/a.yaml": "kind: checks\nparams: { n: { type: integer, default: many } }\nbody: []\n" },
      ['MR1092 components/a.yaml:2 the default of n is the text "many", not a whole number'],
    ],
    "a key that the component gets wrong, told in its file with where it is used; a value at its use": [
      {
        "components/a.yaml":
          "kind: source\nparams: { how: { type: string } }\nbody:\n  from: { files: { path: x.csv } }\n  laod: merge\n  timeout: ${with:how}\n",
        "sources/x.yaml": "use: a\nwith:\n  how: soon\n",
      },
      [
        'MR1020 components/a.yaml:5 unknown key "laod" | did you mean "load"?…used in sources/x.yaml',
        'MR1023 sources/x.yaml:3 timeout: the text "soon" is no duration | write 500ms, 30s, 5m, 2h or 7d',
      ],
    ],
    "two tasks of one name": [
      {
        "components/r.yaml": 'kind: tasks\nbody: { a: { shell: "true" } }\n',
        "jobs/j.yaml": 'tasks:\n  x: { use: r }\n  x_a: { shell: "true" }\n',
      },
      ['MR1030 jobs/j.yaml:3 two tasks are named "x_a" | the other: components/r.yaml:2'],
    ],
    "a component that has an error of its own, told once": [
      { "components/a.yaml": "kind: sauce\nbody: {}\n", "sources/x.yaml": "use: a\n", "models/m.sql": "select * from raw.x" },
      [
        'MR1023 components/a.yaml:1 kind: the text "sauce" is not allowed | did you mean "source"?\none of: source, task, tasks, checks, job',
      ],
    ],
  };
  for (const [what, [files, expected]] of Object.entries(cases))
    it(what, async () => {
      expect(told((await read(files)).errors)).toEqual(expected);
    });
});
