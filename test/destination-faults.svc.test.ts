// A destination that fails while an export writes: a unique key that rows break, a disk that is full, a connection that is lost exactly at the commit. Nothing
// is half written, the error says what is wrong, and a try after a commit of unknown outcome looks into the ledger first. Needs PostgreSQL.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { millrace as cold, type Finished, project, start } from "./millrace.ts";
import { millrace } from "./warm.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
import { startWitnessProxy } from "./chaos/witness-proxy.ts";

let server: TestPostgres;
let proxy: TcpProxy;
let direct: string;
let url: string;
let client: Client;
beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
  proxy = await startTcpProxy(server.port);
  direct = await server.createDatabase();
  url = direct.replace(`:${server.port}`, `:${proxy.port}`);
  client = new Client(direct);
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await proxy.close();
  await server.stop();
});

const ROWS = 500;
let projects = 0;

/** A project that exports rows of a file to a table of its own. */
function exporting(load: string, { attempts = 1, to = "" }: { readonly attempts?: number; readonly to?: string } = {}) {
  const table = `t${++projects}`;
  const made = project({
    "millrace.yaml": `name: destination\ndefaults: { retry: { attempts: ${attempts}, delay: 10ms } }\n`,
    "sources/raw/items.yaml": "from: { files: { path: data/items.csv } }\n",
    "exports/items.yaml": `select: raw.items\nto: { postgres: { url: "${to === "" ? url : to}", table: ${table} } }\nload: ${load}\n${load === "merge" ? "key: id\n" : ""}`,
  });
  const give = (first: number, count = ROWS): void =>
    made.write("data/items.csv", `id,t\n${Array.from({ length: count }, (_, index) => `${first + index},x\n`).join("")}`);
  return { ...made, table, give };
}

async function count(table: string): Promise<number> {
  const { rows } = await client.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return rows[0]!.n;
}

/** Exports that the destination's own ledger tells of. */
function noted(): Promise<number> {
  return count("_millrace_exports");
}

function errorOf(run: Finished): { readonly code: string; readonly message: string; readonly hint?: string } {
  return run.lines().find((line) => line["asset"] === "out.items")!["error"];
}

describe("a unique key of the destination", () => {
  for (const load of ["append", "merge"]) {
    it(`that the rows of an export by ${load} break is named with its value, and nothing is half written`, async () => {
      const { table, give, dir, remove } = exporting(load);
      try {
        await client.query(`create table ${table} (id bigint, t text, constraint ${table}_only_one unique (t))`);
        await client.query(`insert into ${table} values (-1, 'y')`);
        give(1);
        const run = await millrace(["run", "--json"], dir);
        expect(run.exitCode, run.stdout).toBe(1);
        const { code, message, hint } = errorOf(run);
        expect(code).toMatch(/MR48\d\d/);
        expect(`${message} ${hint}`).toContain(`${table}_only_one`);
        expect(`${message} ${hint}`).toMatch(/\(t\)=\(x\)/);
        expect(await count(table)).toBe(1);
        const { rows } = await client.query(
          "select tablename from pg_tables where schemaname = 'public' and tablename !~ '^(t[0-9]+|_millrace_exports)$'",
        );
        expect(rows).toEqual([]);
        // What was wrong is put right: the next run writes everything, once.
        await client.query(`alter table ${table} drop constraint ${table}_only_one`);
        expect((await millrace(["run", "--json"], dir)).exitCode).toBe(0);
        expect(await count(table)).toBe(ROWS + 1);
      } finally {
        remove();
      }
    });
  }
});

describe("a commit whose outcome is not known", () => {
  it("is looked up by the next try of the same run when the answer was lost: nothing is doubled", async () => {
    const { table, give, dir, remove } = exporting("append", { attempts: 3 });
    try {
      give(1);
      proxy.whenSaid("commit", "loseAnswer");
      const run = await millrace(["run", "--json"], dir);
      expect(run.exitCode, run.stdout).toBe(0);
      expect(await count(table)).toBe(ROWS);
    } finally {
      remove();
    }
  });

  it("is written again when the server never heard of it", async () => {
    const { table, give, dir, remove } = exporting("append", { attempts: 3 });
    try {
      give(1);
      proxy.whenSaid("commit", "cutBefore");
      const run = await millrace(["run", "--json"], dir);
      expect(run.exitCode, run.stdout).toBe(0);
      expect(await count(table)).toBe(ROWS);
    } finally {
      remove();
    }
  });

  for (const when of ["before", "answered"] as const) {
    it(`and whose process died ${when === "before" ? "before the server heard it" : "before it heard the answer"} is decided by the next run`, async () => {
      const witness = await startWitnessProxy(server.port);
      const { table, give, dir, remove } = exporting("append", { to: direct.replace(`:${server.port}`, `:${witness.port}`) });
      try {
        give(1);
        const before = await noted().catch(() => 0);
        const { child, finished } = start(["run", "--json"], dir);
        witness.aim("commit", when)(() => child.kill("SIGKILL"));
        expect((await finished).signal).toBe("SIGKILL");
        const isThere = (await client.query("select to_regclass($1) is not null as there", [table])).rows[0].there;
        expect(isThere).toBe(when === "answered");
        for (let again = 0; again < 2; again++) {
          const run = await millrace(["run", "--json"], dir);
          expect(run.exitCode, run.stdout).toBe(0);
          expect(await count(table)).toBe(ROWS);
          expect(await noted()).toBe(before + 1);
        }
        give(1_000); // another delivery is another export
        expect((await millrace(["run", "--json"], dir)).exitCode).toBe(0);
        expect(await count(table)).toBe(2 * ROWS);
      } finally {
        remove();
        await witness.close();
      }
    });
  }

  it("of a server that stays away is a clear error, and the run after it writes once", async () => {
    const { table, give, dir, remove } = exporting("append", { attempts: 2 });
    try {
      give(1);
      await client.end();
      await server.halt();
      const run = await millrace(["run", "--json"], dir);
      expect(run.exitCode, run.stdout).toBe(1);
      expect(errorOf(run).code).toMatch(/MR48\d\d/);
    } finally {
      await server.resume();
      client = new Client(direct);
      await client.connect();
    }
    try {
      expect((await millrace(["run", "--json"], dir)).exitCode).toBe(0);
      expect(await count(table)).toBe(ROWS);
    } finally {
      remove();
    }
  });
});

/** Whether this machine lets us mount a small disk. */
function mounted(folder: string): boolean {
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    console.error("!!! no right to mount a small tmpfs: the test of a full disk cannot run here");
    if (process.env["CI"] === "true") throw new Error("CI must be able to mount a tmpfs");
    return false;
  }
}

describe("a full disk", () => {
  for (const [path, what] of [
    ["out/items.csv", ""],
    ["out/items.ndjson", "load: append\n"],
    ["out/items.parquet", ""],
  ] as const) {
    it(`leaves ${path} as it was, says so, and the export is whole when there is room`, async () => {
      const made = project({
        "millrace.yaml": "name: full\ndefaults: { retry: { attempts: 1 } }\n",
        "data/items.csv": "id,t\n1,a\n2,b\n",
        "sources/raw/items.yaml": "from: { files: { path: data/items.csv } }\n",
        "exports/items.yaml": `select: raw.items\nto: { files: { path: ${path} } }\n${what}`,
      });
      const disk = join(made.dir, "out");
      if (!mounted(disk)) return made.remove();
      try {
        expect((await cold(["run", "--json"], made.dir)).exitCode).toBe(0);
        const before = execFileSync("cksum", [join(made.dir, path)]).toString();
        const noise = (n: number): string => Array.from({ length: 30 }, (_, k) => Math.imul(n * 31 + k, 0x9e3779b1).toString(36)).join("");
        made.write("data/items.csv", `id,t\n${Array.from({ length: 40_000 }, (_, n) => `${n},${noise(n)}\n`).join("")}`);
        const run = await cold(["run", "--json"], made.dir);
        expect(run.exitCode, run.stdout).toBe(1);
        expect(errorOf(run).code).toBe("MR3141");
        expect(execFileSync("cksum", [join(made.dir, path)]).toString()).toBe(before);
        expect(readdirSync(disk)).toEqual([path.slice("out/".length)]);
        execFileSync("mount", ["-o", "remount,size=200m", disk]);
        const again = await cold(["run", "--json"], made.dir);
        expect(again.exitCode, again.stdout).toBe(0);
        expect(again.lines().find((line) => line["asset"] === "out.items")!["rows"].loaded).toBe(40_000);
      } finally {
        execFileSync("umount", [disk]);
        made.remove();
      }
    });
  }
});
