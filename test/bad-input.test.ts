// Bad input of every kind ends in a clear error with its code, place and advice, and loses nothing: what was published before is still there.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Finished, millrace as cold, project, rows, start } from "./millrace.ts";
import { millrace } from "./warm.ts";

const CSV = "id,price\n1,10\n2,20\n";
const BASE = {
  "millrace.yaml": "name: bad\ndefaults: { retry: { attempts: 2, delay: 10ms } }\n",
  "data/a.csv": CSV,
  "sources/a.yaml": "from: { files: { path: data/a.csv } }\n",
  "models/clean/a.sql": "/*---\nmaterialize: table\n---*/\nselect id, price from raw.a\n",
};

interface Expected {
  readonly exitCode: number;
  readonly code: RegExp;
  readonly says: readonly (string | RegExp)[];
}

function expectError(finished: Finished, { exitCode, code, says }: Expected): void {
  const told = finished.stderr + finished.stdout;
  expect(finished.exitCode, told).toBe(exitCode);
  expect(told).toMatch(code);
  for (const sentence of says) expect(told).toMatch(sentence);
  expect(told, "no stack traces for what is foreseen").not.toMatch(/\n {4}at .*\(/);
}

describe("files of the project", () => {
  it.each<[string, Record<string, string>, Expected]>([
    [
      "an unknown key",
      { "sources/a.yaml": "from: { files: { path: data/a.csv } }\nprimarykey: [id]\n" },
      { exitCode: 3, code: /MR1\d\d\d/, says: ["sources/a.yaml:2:1", "primaryKey"] },
    ],
    [
      "a wrong type",
      { "sources/a.yaml": "from: { files: { path: data/a.csv } }\nprimaryKey: 5\n" },
      { exitCode: 3, code: /MR1\d\d\d/, says: ["sources/a.yaml:2:"] },
    ],
    [
      "an unknown key of a connector",
      { "sources/a.yaml": "from: { files: { pth: data/a.csv } }\n" },
      { exitCode: 3, code: /MR1\d\d\d/, says: ["sources/a.yaml:1:", "path"] },
    ],
    [
      "an unknown connector",
      { "sources/a.yaml": "from: { fils: { path: data/a.csv } }\n" },
      { exitCode: 3, code: /MR1\d\d\d/, says: ["files"] },
    ],
    [
      "an unknown check",
      { "models/clean/a.sql": "/*---\nchecks: [ { notnull: [id] } ]\n---*/\nselect id from raw.a\n" },
      { exitCode: 3, code: /MR\d\d\d\d/, says: ["notNull"] },
    ],
    [
      "two assets of one name",
      { "sources/b.yaml": "name: clean.a\nfrom: { files: { path: data/a.csv } }\n" },
      { exitCode: 3, code: /MR1\d\d\d/, says: ["clean.a", "sources/b.yaml", "models/clean/a.sql"] },
    ],
    ["a YAML alias bomb", { "sources/b.yaml": bomb() }, { exitCode: 3, code: /MR1\d\d\d/, says: ["sources/b.yaml", /alias/i] }],
    ["broken YAML", { "sources/b.yaml": "from: { files: { path: x }\n" }, { exitCode: 3, code: /MR1\d\d\d/, says: ["sources/b.yaml:"] }],
    [
      "a SQL file that writes",
      { "models/clean/b.sql": "drop table raw.a\n" },
      { exitCode: 3, code: /MR2\d\d\d/, says: ["models/clean/b.sql:1:"] },
    ],
    [
      "two statements",
      { "models/clean/b.sql": "select 1 as a; select 2 as a\n" },
      { exitCode: 3, code: /MR2\d\d\d/, says: ["models/clean/b.sql:"] },
    ],
    [
      "a SQL file that attaches",
      { "models/clean/b.sql": "attach 'x.duckdb'\n" },
      { exitCode: 3, code: /MR2\d\d\d/, says: ["models/clean/b.sql:1:"] },
    ],
    [
      "an unknown table",
      { "models/clean/b.sql": "select * from raw.aa\n" },
      { exitCode: 3, code: /MR2\d\d\d/, says: ["models/clean/b.sql:1:15", "raw.a"] },
    ],
    [
      "a cycle",
      { "models/clean/b.sql": "select * from clean.c\n", "models/clean/c.sql": "select * from clean.b\n" },
      { exitCode: 3, code: /MR2\d\d\d/, says: [/clean\.b.*clean\.c|clean\.c.*clean\.b/] },
    ],
    [
      "a name that leads out of its folder",
      { "sources/b.yaml": 'name: "../../etc.passwd"\nfrom: { files: { path: data/a.csv } }\n' },
      { exitCode: 3, code: /MR\d\d\d\d/, says: ["sources/b.yaml:1:"] },
    ],
    [
      "a missing secret",
      { "sources/b.yaml": 'from: { http: { url: "http://127.0.0.1:9/", auth: { bearer: "${secret:NOT_THERE}" } } }\n' },
      { exitCode: 3, code: /MR1\d\d\d/, says: ["NOT_THERE", "sources/b.yaml:1:"] },
    ],
  ])("%s", async (_name, files, expected) => {
    const made = project({ ...BASE, ...files });
    expectError(await millrace(["run"], made.dir), expected);
    made.remove();
  });

  it("names with quotes are refused or work, and never become SQL", async () => {
    const made = project({
      ...BASE,
      'data/it\'s "x".csv': 'id,"na""me; drop table x --",it\'s\n1,2,3\n',
      "sources/b.yaml": 'from: { files: { path: "data/it\'s*.csv" } }\n',
    });
    const run = await millrace(["run", "--json"], made.dir);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(await rows(made.dir, "select count(*) from raw.b")).toEqual([[1]]);
    made.remove();
  });
});

describe("files of the data", () => {
  const source = { "sources/b.yaml": "from: { files: { path: 'data/b*' } }\n" };
  it.each<[string, Record<string, string | Uint8Array>, Expected]>([
    [
      "a missing file",
      { "sources/b.yaml": "from: { files: { path: data/nothing.csv } }\n" },
      { exitCode: 1, code: /MR3\d\d\d/, says: ["data/nothing.csv"] },
    ],
    [
      "an empty glob",
      { "sources/b.yaml": "from: { files: { path: 'data/z*.csv' } }\n" },
      { exitCode: 1, code: /MR3\d\d\d/, says: ["data/z"] },
    ],
    [
      "a truncated gzip",
      { ...source, "data/b.csv.gz": gzipSync(CSV.repeat(500)).subarray(0, 40) },
      { exitCode: 1, code: /MR3\d\d\d/, says: ["b.csv.gz"] },
    ],
    [
      "a Parquet with a broken footer",
      { ...source, "data/b.parquet": "PAR1 this is no parquet file at all PAR1" },
      { exitCode: 1, code: /MR3\d\d\d/, says: ["b.parquet"] },
    ],
  ])("%s", async (_name, files, expected) => {
    const made = project({ ...BASE, ...files });
    const run = await millrace(["run"], made.dir);
    expectError(run, expected);
    expect(await rows(made.dir, "select count(*) from clean.a"), "the rest of the run is done").toEqual([[2]]);
    made.remove();
  });

  it("an invalid JSON document is set aside whole, never half accepted", async () => {
    const made = project({ ...BASE, ...source, "data/b.json": '[{"id": 1}, {"id": 2]' });
    const run = await millrace(["run", "--json"], made.dir);
    const node = run.lines().find((line) => line["asset"] === "raw.b")!;
    if (run.exitCode === 0) expect(node["rows"]).toEqual({ read: 1, loaded: 0, quarantined: 1, filtered: 0 });
    else expect(node["error"].code).toMatch(/MR3\d\d\d/);
    made.remove();
  });

  it("a broken delivery leaves the published version alone", async () => {
    const made = project(BASE);
    expect((await millrace(["run"], made.dir)).exitCode).toBe(0);
    made.write("data/a.csv", gzipSync(CSV).subarray(0, 12));
    expect((await millrace(["run"], made.dir)).exitCode).toBe(1);
    expect(await rows(made.dir, "select count(*) from raw.a")).toEqual([[2]]);
    made.remove();
  });

  it("a 10 MB line is set aside or refused, and the other rows are not lost in silence", async () => {
    const made = project({ ...BASE, ...source, "data/b.csv": `id,text\n1,a\n2,${"x".repeat(10_000_000)}\n3,c\n` });
    const run = await millrace(["run", "--json"], made.dir);
    if (run.exitCode === 0) {
      const { read, loaded, quarantined, filtered } = run.lines().find((line) => line["asset"] === "raw.b")!["rows"];
      expect(read).toBe(3);
      expect(loaded + quarantined + filtered).toBe(3);
    } else expectError(run, { exitCode: 1, code: /MR3\d\d\d/, says: ["b.csv"] });
    made.remove();
  });

  it("a NUL byte is set aside with its line", async () => {
    const made = project({ ...BASE, ...source, "data/b.csv": "id,text\n1,a\n2,b\u0000c\n3,d\n4,e\n" });
    const run = await millrace(["run", "--json"], made.dir);
    expect(run.exitCode, run.stderr).toBe(0);
    const { read, loaded, quarantined } = run.lines().find((line) => line["asset"] === "raw.b")!["rows"];
    expect([read, loaded + quarantined]).toEqual([4, 4]);
    made.remove();
  });
});

describe("the warehouse", () => {
  it("held by another process is named with its number, exit 8", async () => {
    const made = project({
      ...BASE,
      "models/clean/slow.sql":
        "/*---\nmaterialize: table\n---*/\nselect count(*) as n from range(200000) as x, range(100000) as y where hash(x.range + y.range) = 0\n",
    });
    const { child, finished } = start(["run", "--json"], made.dir);
    await new Promise<void>((resolve) => child.stdout!.on("data", (text: string) => String(text).includes('"raw.a"') && resolve()));
    const second = await millrace(["run"], made.dir);
    expectError(second, { exitCode: 8, code: /MR5001/, says: [String(child.pid)] });
    child.kill("SIGKILL");
    await finished;
    made.remove();
  });

  it("of a newer version is refused", async () => {
    const made = project(BASE);
    await millrace(["run"], made.dir);
    const { DuckDBInstance } = await import("@duckdb/node-api");
    const instance = await DuckDBInstance.create(join(made.dir, ".millrace/warehouse.duckdb"));
    const connection = await instance.connect();
    await connection.run("update _millrace._meta set value = '9999' where key = 'ledger'");
    connection.closeSync();
    instance.closeSync();
    expectError(await millrace(["run"], made.dir), { exitCode: 1, code: /MR5002/, says: [/ledger version 9999/] });
    made.remove();
  });

  it("that is damaged is refused by name", async () => {
    const made = project({ ...BASE, ".millrace/warehouse.duckdb": "this is no database, whatever its name says; ".repeat(400) });
    expectError(await millrace(["run"], made.dir), { exitCode: 1, code: /MR5003/, says: ["warehouse.duckdb"] });
    made.remove();
  });

  it("on a full disk fails clearly, publishes nothing half, and goes on when there is space", async () => {
    const made = project({ ...BASE, "sources/big.yaml": "from: { files: { path: data/big.csv } }\n" });
    const disk = join(made.dir, ".millrace");
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      console.error("!!! no right to mount a small tmpfs: the test of a full disk cannot run here");
      if (process.env["CI"] === "true") throw new Error("CI must be able to mount a tmpfs");
      return;
    }
    try {
      expect((await cold(["run", "--select", "clean.a raw.a"], made.dir)).exitCode).toBe(0);
      const ROWS = 400_000;
      const noise = randomBytes(ROWS * 48).toString("base64");
      let text = "id,noise\n";
      for (let index = 0; index < ROWS; index++) text += `${index},${noise.slice(index * 64, (index + 1) * 64)}\n`;
      made.write("data/big.csv", text);
      expectError(await cold(["run"], made.dir), { exitCode: 1, code: /MR(5005|5009|6022|3\d\d\d)/, says: [/full|space/i] });
      expect(await rows(made.dir, "select count(*) from clean.a")).toEqual([[2]]);
      execFileSync("mount", ["-o", "remount,size=400m", disk]);
      const again = await cold(["run"], made.dir);
      expect(again.exitCode, again.stderr).toBe(0);
      expect(await rows(made.dir, "select count(*) from raw.big")).toEqual([[ROWS]]);
    } finally {
      execFileSync("umount", [disk]);
      made.remove();
    }
  });

  it("in a folder that cannot be written is a clear error", async () => {
    const made = project(BASE);
    const disk = join(made.dir, ".millrace");
    mkdirSync(disk);
    chmodSync(disk, 0o555);
    let mounted = false;
    if (process.getuid?.() === 0) {
      execFileSync("mount", ["-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", disk], { stdio: "ignore" });
      mounted = true;
    }
    try {
      expectError(await millrace(["run"], made.dir), { exitCode: 1, code: /MR(5004|6\d\d\d)/, says: [/\.millrace/] });
    } finally {
      if (mounted) execFileSync("umount", [disk]);
      chmodSync(disk, 0o755);
      made.remove();
    }
  });
});

describe("servers", () => {
  const servers: Server[] = [];
  const serve = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  let html = "";
  let endless = "";
  beforeAll(async () => {
    html = await serve((_request, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<html><body>Please log in</body></html>"),
    );
    let page = 0;
    endless = await serve((_request, response) =>
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ items: [{ id: ++page }], next: `/?page=${page}` })),
    );
  });

  it("that answer HTML are a clear error", async () => {
    const made = project({ ...BASE, "sources/b.yaml": `from: { http: { url: "${html}/" } }\n` });
    expectError(await millrace(["run"], made.dir), { exitCode: 1, code: /MR35\d\d/, says: ["HTML"] });
    made.remove();
  });

  it("whose pages never end are stopped by a limit", async () => {
    const made = project({
      ...BASE,
      "sources/b.yaml": `from: { http: { url: "${endless}/", rows: items, pagination: { next: next }, maxPages: 50 } }\n`,
    });
    expectError(await millrace(["run"], made.dir), { exitCode: 1, code: /MR35\d\d/, says: [/page/i] });
    made.remove();
  });
});

describe("the clock", () => {
  it("that jumps back neither hangs a run nor does anything twice", async () => {
    const made = project(BASE);
    expect((await millrace(["run"], made.dir)).exitCode).toBe(0);
    const back = join(made.dir, "back.cjs");
    writeFileSync(back, "const now = Date.now; const start = now(); Date.now = () => now() - (now() - start > 100 ? 86400000 : 0);\n");
    made.write("data/a.csv", `${CSV}3,30\n`);
    const run = await millrace(["run", "--json"], made.dir, { NODE_OPTIONS: `--require ${back}` });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(await rows(made.dir, "select count(*) from clean.a")).toEqual([[3]]);
    made.remove();
  });
});

describe("links and truncation", () => {
  it("a file cut while it is written is read again as another file", async () => {
    const made = project(BASE);
    expect((await millrace(["run"], made.dir)).exitCode).toBe(0);
    truncateSync(join(made.dir, "data/a.csv"), readFileSync(join(made.dir, "data/a.csv")).length - 5);
    expect((await millrace(["run"], made.dir)).exitCode).toBe(0);
    expect(await rows(made.dir, "select count(*) from raw.a")).toEqual([[1]]);
    made.remove();
  });

  it("a link that leads nowhere is named", async () => {
    const made = project({ ...BASE, "sources/b.yaml": "from: { files: { path: data/link.csv } }\n" });
    symlinkSync("/nowhere/at/all.csv", join(made.dir, "data/link.csv"));
    expectError(await millrace(["run"], made.dir), { exitCode: 1, code: /MR3\d\d\d/, says: ["data/link.csv"] });
    made.remove();
  });
});

/** Nine levels of nine references each: nine to the ninth nodes if it were followed. */
function bomb(): string {
  let text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (let level = 1; level < 9; level++)
    text += `a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(", ")}]\n`;
  return text;
}
