// A project whose state stands in PostgreSQL (started here), through the built command line.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { project } from "./millrace.ts";
import { millrace } from "./warm.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";

let server: TestPostgres;
let url: string;
beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
  url = await server.createDatabase();
});
afterAll(() => server.stop());

describe("a project with its state in PostgreSQL", () => {
  it("runs, lists its runs and is found well by doctor, and writes no state file", async () => {
    const { dir, remove } = project({
      "millrace.yaml": 'name: p\nstate: { postgres: { url: "${env:STATE_URL}", schema: p } }\n',
      "sources/sales.yaml": "from: { files: { path: sales.csv } }\n",
      "sales.csv": "id,price\n1,10\n2,20\n",
      "models/clean/sales.sql": "select * from raw.sales",
    });
    const env = { STATE_URL: url };
    const run = await millrace(["run", "--json"], dir, env);
    expect(run.stderr + run.stdout, run.stdout).toContain("clean.sales");
    expect(run.exitCode).toBe(0);
    const runs = (await millrace(["runs", "--json"], dir, env)).lines();
    expect(runs[0]!["runs"]).toMatchObject([{ status: "succeeded", nodes: { succeeded: 2 } }]);
    expect((await millrace(["status", "--json"], dir, env)).exitCode).toBe(0);
    const doctor = (await millrace(["doctor", "--json"], dir, env)).lines()[0]!;
    expect(doctor["checks"]).toContainEqual(expect.objectContaining({ name: "state database", status: "ok" }));
    expect(existsSync(join(dir, ".millrace/state.sqlite"))).toBe(false);
    remove();
  });

  it("says what is wrong when the database is not there, without the password", async () => {
    const { dir, remove } = project({
      "millrace.yaml": `name: p\nstate: { postgres: { url: "postgres://me:hushhush@127.0.0.1:1/x" } }\n`,
    });
    const runs = await millrace(["runs"], dir);
    expect(runs.exitCode).toBe(6);
    expect(runs.stderr).toContain("MR6030");
    expect(runs.stderr + runs.stdout).not.toContain("hushhush");
    remove();
  });
});
