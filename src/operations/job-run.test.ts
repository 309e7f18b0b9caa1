// Jobs with tasks, carried out: real shells, a real HTTP server, DuckDB and SQLite.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { type App, openApp, type RunRequest } from "../app.ts";
import type { NodeEventAnswer } from "../model/answers.ts";
import type { RunProgress } from "../model/progress.ts";

const dirs: string[] = [];
const apps: App[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

function project(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), "millrace-job-"));
  dirs.push(dir);
  for (const [path, text] of Object.entries({ "millrace.yaml": "name: jobs\n", ...files })) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

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
});
