// A run in which one source of several fails: a database that refuses, an API that breaks, a bucket that is not there, files that cannot be read. The others
// are published, what stands on the failed one waits with its last version, and exit code, summary and status say so. Needs PostgreSQL.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendJson, startServer, type TestServer } from "./http-server.ts";
import { type Finished, project, rows } from "./millrace.ts";
import { millrace } from "./warm.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";

let server: TestPostgres;
let url: string;
let api: TestServer;
let isBroken = false;
beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
  url = await server.createDatabase();
  const { Client } = await import("pg");
  const client = new Client(url);
  await client.connect();
  await client.query("create table orders as select n as id, n * 2 as v from generate_series(1, 50) n");
  await client.end();
  api = await startServer((_request, response) =>
    isBroken ? response.writeHead(500).end("broken") : sendJson(response, [{ id: 1 }, { id: 2 }, { id: 3 }]),
  );
});
afterAll(async () => {
  await api.close();
  await server.stop();
});

const files = (): Record<string, string> => ({
  "millrace.yaml": "name: partial\ndefaults: { retry: { attempts: 2, delay: 10ms } }\n",
  "data/a.csv": "id,v\n1,10\n2,20\n",
  "sources/raw/file.yaml": "from: { files: { path: data/a.csv } }\n",
  "sources/raw/orders.yaml": `from: { postgres: { url: "${url}", table: orders } }\n`,
  "sources/raw/api.yaml": `from: { http: { url: "${api.url}/items", attempts: 1 } }\n`,
  "models/clean/orders.sql": "select count(*) as n from raw.orders\n",
  "models/clean/api.sql": "select count(*) as n from raw.api\n",
  "models/clean/both.sql": "select (select n from clean.orders) + (select n from clean.api) as n\n",
  "exports/orders.yaml": "select: clean.orders\nto: { files: { path: out/orders.csv } }\n",
});

function nodes(run: Finished): Record<string, string> {
  const ended = run.lines().filter((line) => line["type"] === "node");
  return Object.fromEntries(ended.map((line) => [line["asset"] as string, line["status"] as string]));
}

describe("a run with one source that fails", () => {
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ["an API that breaks", "raw.api", /MR35\d\d/],
    ["a database that refuses", "raw.orders", /MR48\d\d/],
    ["a file that is not there", "raw.file", /MR3\d\d\d/],
  ];
  for (const [what, failed, code] of wrong) {
    it(`publishes the others: ${what}`, async () => {
      const made = project(files());
      isBroken = failed === "raw.api";
      if (failed === "raw.orders") made.write("sources/raw/orders.yaml", `from: { postgres: { url: "${url}", table: not_there } }\n`);
      if (failed === "raw.file") made.write("sources/raw/file.yaml", "from: { files: { path: data/none.csv } }\n");
      try {
        const run = await millrace(["run", "--json"], made.dir);
        expect(run.exitCode, run.stdout + run.stderr).toBe(1);
        const summary = run.lines().at(-1)!;
        expect(summary["status"]).toBe("partial");
        const ended = nodes(run);
        const error = run.lines().find((line) => line["asset"] === failed)!["error"];
        expect(error.code).toMatch(code);
        const waits = Object.keys(ended).filter((asset) => ended[asset] === "skipped");
        const stands = {
          "raw.api": ["clean.api", "clean.both"],
          "raw.orders": ["clean.both", "clean.orders", "out.orders"],
          "raw.file": [],
        };
        expect(waits.toSorted()).toEqual(stands[failed as keyof typeof stands]);
        expect(summary["nodes"]).toMatchObject({ failed: 1, skipped: waits.length });
        // What succeeded is there, whole; the failed one left no table.
        const others = Object.keys(ended).filter((asset) => ended[asset] === "succeeded" && !asset.startsWith("out."));
        expect(others).toHaveLength(Object.keys(ended).length - 1 - waits.length - (ended["out.orders"] === "succeeded" ? 1 : 0));
        const counts = { "raw.file": 2, "raw.orders": 50, "raw.api": 3, "clean.orders": 1, "clean.api": 1, "clean.both": 1 };
        for (const asset of others)
          expect(await rows(made.dir, `select count(*) from ${asset}`)).toEqual([[counts[asset as keyof typeof counts]]]);
        expect((await millrace(["query", `select 1 from ${failed}`], made.dir)).exitCode).not.toBe(0);
        const listed = (await millrace(["runs", "--json"], made.dir)).lines()[0]!["runs"];
        expect(listed[0]).toMatchObject({ status: "partial" });
        // In words: who failed, why, and what to do.
        const said = await millrace(["run"], made.dir);
        expect(said.exitCode).toBe(1);
        expect(said.stdout + said.stderr).toContain(failed);
      } finally {
        isBroken = false;
        made.remove();
      }
    });
  }

  it("keeps what readers saw, and the next run does only what is missing", async () => {
    const made = project(files());
    try {
      expect((await millrace(["run", "--json"], made.dir)).exitCode).toBe(0);
      isBroken = true;
      made.write("data/a.csv", "id,v\n1,10\n2,20\n3,30\n");
      const run = await millrace(["run", "--json"], made.dir);
      expect(run.exitCode, run.stdout).toBe(1);
      expect(run.lines().at(-1)!["status"]).toBe("partial");
      expect(
        await rows(made.dir, "select (select count(*) from raw.file), (select count(*) from raw.api), (select n from clean.both)"),
      ).toEqual([[3, 3, 53]]);
      isBroken = false;
      const next = await millrace(["run", "--json"], made.dir);
      expect(next.exitCode, next.stdout).toBe(0);
      expect(next.lines().at(-1)!["status"]).toBe("succeeded");
    } finally {
      isBroken = false;
      made.remove();
    }
  });

  it("and nothing else is failed, not partial", async () => {
    const made = project({
      "millrace.yaml": "name: failed\n",
      "sources/raw/orders.yaml": `from: { postgres: { url: "${url}", table: not_there } }\n`,
      "models/clean/orders.sql": "select count(*) as n from raw.orders\n",
    });
    try {
      const run = await millrace(["run", "--json"], made.dir);
      expect([run.exitCode, run.lines().at(-1)!["status"]]).toEqual([1, "failed"]);
    } finally {
      made.remove();
    }
  });
});
