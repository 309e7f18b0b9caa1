// What limits a node: from the files of a project to the limits and the fields of its plan; and what is told about pools that cannot be.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { admissionFields, limitsOf } from "../plan/admission.ts";
import { readProject } from "./read.ts";
import type { Project } from "./reader.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const anything = z.record(z.string(), z.unknown());

async function read(files: Readonly<Record<string, string>>): Promise<Project> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-pools-"));
  folders.push(dir);
  for (const [name, content] of Object.entries({ "millrace.yaml": "name: test\n", ...files })) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return readProject(dir, { connectors: { files: anything, http: anything, postgres: anything } });
}

const told = (project: Project): readonly string[] =>
  project.errors.map(({ code, location, message, hint }) => `${code} ${location?.file}:${location?.line} ${message} (${hint ?? ""})`);

describe("limits of a project", () => {
  it("are its pools, its global concurrency, that of assets, and the breakers of its connections", async () => {
    const project = await read({
      "millrace.yaml": `pools: { api: { slots: 4, rate: 10/s }, slow: { rate: 0.5/s }, bursty: { rate: 100/m, burst: 20 } }
shares: { acme: 3 }
defaults: { concurrency: 8 }
connections:
  county: { postgres: { url: "x" }, breaker: { failures: 3, pause: 1m } }
  calm: { breaker: false, http: { url: "https://a.example" } }
  plain: { http: {} }
`,
      "sources/a.yaml": "from: { files: { path: a } }\nconcurrency: 2\n",
    });
    expect(told(project)).toEqual([]);
    expect(limitsOf(project.config, project.nodes)).toEqual({
      pools: {
        "*": { slots: 8 },
        "asset:raw.a": { slots: 2 },
        api: { slots: 4, rate: { count: 10, perMs: 1_000 } },
        slow: { rate: { count: 1, perMs: 2_000 } },
        bursty: { rate: { count: 100, perMs: 60_000, burst: 20 } },
      },
      breakers: { county: { failures: 3, pauseMs: 60_000, maxPauseMs: 600_000 }, calm: null },
      shares: { acme: 3 },
    });
  });

  it("stand in the plan of what they limit", async () => {
    const project = await read({
      "millrace.yaml": "pools: { api: { slots: 4 }, db: { slots: 9 } }\nconnections: { county: { postgres: { url: x } } }\n",
      "sources/a.yaml": "from: { postgres: { connection: county, table: t } }\npool: { api: 2, db: 3 }\npriority: 5\nconcurrency: 1\n",
      "sources/b.yaml": 'from: { http: { url: "https://me:pw@API.example:8443/x?token=1" } }\npool: api\nqueueTimeout: 5m\nsilence: 30s\n',
      "sources/c.yaml": 'from: { http: { url: "${secret:PLACE}/x" } }\n',
      "sources/d.yaml": "from: { files: { path: d.csv } }\n",
      "models/m.sql": "/*---\npool: db\n---*/ select 1 as a",
      "exports/e.yaml": "sql: select 1 as a\nto: { postgres: { connection: county, table: t } }\npool: { db: 2 }\n",
    });
    expect(told(project)).toEqual([]);
    const fields = Object.fromEntries(project.nodes.map((node) => [node.id, admissionFields(node)]));
    expect(fields).toEqual({
      "raw.a": { pools: { api: 2, db: 3, "asset:raw.a": 1 }, priority: 5, connection: "county" },
      "raw.b": { pools: { api: 1 }, connection: "http api.example:8443", queueTimeoutMs: 300_000, silenceMs: 30_000 },
      "raw.c": { connection: "http ${secret:PLACE}" },
      "raw.d": {},
      "main.m": { pools: { db: 1 } },
      "out.e": { pools: { db: 2 }, connection: "county" },
    });
  });

  it("do not change what is built", async () => {
    const [before, after] = await Promise.all(
      ["", "pool: api\npriority: 1\nconcurrency: 1\n"].map((more) =>
        read({ "millrace.yaml": "pools: { api: { slots: 1 } }\n", "sources/a.yaml": `from: { files: { path: a } }\n${more}` }),
      ),
    );
    expect(after!.nodes[0]!.codeHash).toBe(before!.nodes[0]!.codeHash);
  });
});

describe("a pool that cannot be", () => {
  const cases: readonly (readonly [what: string, files: Readonly<Record<string, string>>, expected: readonly string[]])[] = [
    [
      "a name that is not there",
      { "millrace.yaml": "pools: { county_api: { slots: 1 } }\n", "sources/a.yaml": "from: { files: { path: a } }\npool: county-api2\n" },
      ['MR1055 sources/a.yaml:2 there is no pool "county-api2" (did you mean "county_api"?\npools: county_api)'],
    ],
    [
      "none at all",
      { "models/m.sql": "/*---\npool: { x: 2 }\n---*/ select 1 as a" },
      ['MR1055 models/m.sql:2 there is no pool "x" (add it to millrace.yaml: pools: { x: { slots: 4 } })'],
    ],
    [
      "a weight that never fits",
      { "millrace.yaml": "pools: { p: { slots: 3 } }\n", "sources/a.yaml": "from: { files: { path: a } }\npool: { p: 4 }\n" },
      ["MR1056 sources/a.yaml:2 a weight of 4 never fits into the pool p, which holds 3 (at most 3, or more slots for the pool)"],
    ],
    [
      "a weight that no rate ever has",
      { "millrace.yaml": "pools: { p: { rate: 2/s } }\n", "sources/a.yaml": "from: { files: { path: a } }\npool: { p: 3 }\n" },
      ["MR1056 sources/a.yaml:2 a weight of 3 never fits into the pool p, which holds 2 (at most 2, or more slots for the pool)"],
    ],
    [
      "a pool of a task",
      { "jobs/j.yaml": "tasks: { go: { shell: ls, pool: nope } }\n" },
      ['MR1055 jobs/j.yaml:1 there is no pool "nope" (add it to millrace.yaml: pools: { nope: { slots: 4 } })'],
    ],
    [
      "a pool that limits nothing",
      { "millrace.yaml": "pools: { p: {} }\n" },
      ["MR1023 millrace.yaml:1 pools.p: limits nothing (give it slots or a rate)"],
    ],
    [
      "a rate of nothing",
      { "millrace.yaml": "pools: { p: { rate: 0/s } }\n" },
      ['MR1023 millrace.yaml:1 pools.p.rate: the text "0/s" is no rate (write 10/s, 300/m or 1000/h)'],
    ],
    [
      "a reserved name",
      { "millrace.yaml": 'pools: { "connection:x": { slots: 1 } }\n' },
      ['MR1055 millrace.yaml:1 "connection:x" cannot be the name of a pool (*, job:NAME and asset:NAME stand for themselves)'],
    ],
    [
      "an unknown key of a breaker",
      { "millrace.yaml": "connections: { c: { http: {}, breaker: { failure: 3 } } }\n" },
      [
        'MR1020 millrace.yaml:1 unknown key "failure" in connections.c.breaker (did you mean "failures"?\nknown: failures, maxPause, pause)',
      ],
    ],
  ];
  for (const [what, files, expected] of cases)
    it(`is told: ${what}`, async () => {
      expect(told(await read(files))).toEqual(expected);
    });
});
