// `millrace add` through the built command line, told everything by flags: what it writes runs, and where something is wrong nothing is written.
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendJson, startServer, type TestServer } from "./http-server.ts";
import { type Finished, project, rows } from "./millrace.ts";
import { millrace } from "./warm.ts";

const CONFIG = "name: shop # of the corner\n";
const made: { remove(): void }[] = [];
let api: TestServer;

beforeAll(async () => {
  api = await startServer(({ raw }, response) =>
    raw.headers.authorization === "Bearer s3cret-key"
      ? sendJson(response, {
          items: [
            { id: 1, name: "a" },
            { id: 2, name: "b" },
          ],
        })
      : response.writeHead(401, { "content-type": "application/json" }).end('{"error":"who are you?"}'),
  );
});
afterAll(async () => {
  await api.close();
  for (const each of made) each.remove();
});

function fresh(files: Readonly<Record<string, string>> = {}): string {
  const each = project({ "millrace.yaml": CONFIG, ...files });
  made.push(each);
  return each.dir;
}

/** A file of SQLite whose values go beyond what the words of its types would mean elsewhere. */
function withShop(): string {
  const dir = fresh();
  const shop = new DatabaseSync(join(dir, "shop.sqlite"));
  shop.exec(`create table orders (id integer primary key, total numeric, "Sold On" varchar(10), updated_at datetime);
    insert into orders values (1, 10.12345, '2026-01-02', '2026-01-02 00:00:00'), (3000000000, 2, 'longer than ten', '2026-01-03 00:00:00');
    create table people (id integer primary key, name text);
    insert into people values (1, 'Ann')`);
  shop.close();
  return dir;
}

const add = (dir: string, ...args: readonly string[]): Promise<Finished> => millrace(["add", ...args], dir);
const read = (dir: string, file: string): string => readFileSync(join(dir, file), "utf8");

async function expectRun(dir: string): Promise<void> {
  const run = await millrace(["run", "--json"], dir);
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(run.lines().at(-1)).toMatchObject({ status: "succeeded", rows: { quarantined: 0, filtered: 0 } });
}

describe("add", () => {
  it("writes a source of files that runs", async () => {
    const dir = fresh({
      "data/sales_1.csv": "id,zip,sold on\n1,00501,2026-01-02\n",
      "data/sales_2.csv": "id,zip,sold on\n2,10001,2026-01-03\n",
    });
    utimesSync(join(dir, "data/sales_1.csv"), 1_000, 1_000); // the newest alone would say that a zip is a number
    const added = await add(dir, "files", "--set", "path=data/*.csv", "--name", "sales");
    expect(added.exitCode, added.stderr).toBe(0);
    expect(added.stdout).toContain("raw.sales  sources/sales.yaml");
    await expectRun(dir);
    expect(await rows(dir, "select id, zip, sold_on::varchar from raw.sales order by id")).toEqual([
      [1, "00501", "2026-01-02"],
      [2, "10001", "2026-01-03"],
    ]);
  });

  it("writes a connection and a source for each table that is meant, without types that would change a value", async () => {
    const dir = withShop();
    const listed = await add(dir, "sqlite", "--set", "path=shop.sqlite", "--list", "--json");
    expect(listed.lines()[0]).toMatchObject({
      found: [{ name: "orders", primaryKey: ["id"], cursor: "updated_at" }, { name: "people" }],
      files: [],
    });
    const added = await add(dir, "sqlite", "--set", "path=shop.sqlite", "--connection", "shop", "--table", "*");
    expect(added.exitCode, added.stderr).toBe(0);
    expect(read(dir, "millrace.yaml")).toBe(`${CONFIG}connections:\n  shop:\n    sqlite:\n      path: shop.sqlite\n`);
    expect(read(dir, "sources/orders.yaml")).toBe(
      `from:
  sqlite:
    connection: shop
    table: orders
primaryKey: id
cursor: updated_at
load: merge
columns:
  id: {} # INTEGER
  total: {} # numeric
  sold_on: { from: Sold On } # varchar(10)
  updated_at: {} # datetime
`,
    );
    await expectRun(dir);
    expect(await rows(dir, "select id, total::double, sold_on from raw.orders order by id")).toEqual([
      [1, 10.12345, "2026-01-02"],
      [3_000_000_000, 2, "longer than ten"],
    ]);
    expect(await rows(dir, "select * from raw.people")).toEqual([[1, "Ann"]]);
    const again = await add(dir, "sqlite", "--connection", "shop", "--table", "orders");
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining("MR8505")]);
    const dry = await add(dir, "sqlite", "--connection", "shop", "--table", "orders", "--name", "again", "--dry-run");
    expect(dry.stdout).toContain("# sources/again.yaml");
    expect(readdirSync(join(dir, "sources"))).toEqual(["orders.yaml", "people.yaml"]);
  });

  it("writes a source of an API whose secret only its owner reads", async () => {
    const dir = fresh();
    const added = await add(dir, "http", "--set", `url=${api.url}/items`, "--set", "auth.bearer=s3cret-key", "--name", "items");
    expect(added.exitCode, added.stderr).toBe(0);
    expect(added.stdout + added.stderr + read(dir, "sources/items.yaml")).not.toContain("s3cret-key");
    expect(read(dir, "sources/items.yaml")).toContain("bearer: ${secret:HTTP_AUTH_BEARER}");
    expect(read(dir, "secrets.env")).toBe('HTTP_AUTH_BEARER="s3cret-key"\n');
    expect(statSync(join(dir, "secrets.env")).mode & 0o777).toBe(0o600);
    expect(read(dir, ".gitignore")).toContain("secrets.env");
    await expectRun(dir);
    expect(await rows(dir, "from raw.items order by id")).toEqual([
      [1, "a"],
      [2, "b"],
    ]);
  });
});

describe("add writes nothing and says why with", () => {
  const url = (): string => `url=${api.url}/items`;
  it.each<readonly [string, () => readonly string[], number, readonly string[]]>([
    [
      "no flags and nobody to ask",
      () => ["http"],
      1,
      ["MR8504", "nothing says where http finds its data", "--set url=…", "--connection NAME"],
    ],
    ["no path", () => ["sqlite"], 1, ["MR8504", "--set path=…"]],
    ["no connector", () => [], 2, ["connector"]],
    ["a connector that is none", () => ["posgres"], 1, ["MR8501", 'did you mean "postgres"?']],
    ["a key that is none", () => ["http", "--set", "ulr=x"], 1, ["MR8504", 'did you mean "url"?']],
    [
      "a key that is none within another",
      () => ["http", "--set", url(), "--set", "auth.bearr=s3cret-key"],
      1,
      ["MR8504", "auth.bearr", 'did you mean "bearer"?'],
    ],
    ["a setting without a value", () => ["http", "--set", "url"], 2, ["MR7001", "key=value"]],
    ["a number that is none", () => ["http", "--set", url(), "--set", "maxPages=many"], 1, ["MR8504", "many"]],
    ["a connection that is not there", () => ["http", "--connection", "nope"], 1, ["MR8502", '"nope"', "--set url=… makes it"]],
    [
      "a wrong password",
      () => ["http", "--set", url(), "--set", "auth.bearer=wr0ng", "--connection", "api", "--name", "x"],
      1,
      ["MR3514", "401"],
    ],
    [
      "a server that is not there",
      () => ["postgres", "--set", "url=postgres://u:wr0ng@127.0.0.1:1/x", "--connection", "db"],
      1,
      ["MR4800", "ECONNREFUSED"],
    ],
    ["a file that is not there", () => ["sqlite", "--set", "path=nope.sqlite", "--table", "x"], 1, ["MR4850", "nope.sqlite"]],
    ["a pattern that matches no file", () => ["files", "--set", "path=no/*.csv"], 1, ["MR3101", "no/*.csv"]],
    ["a table that is not there", () => ["sqlite", "--set", "path=shop.sqlite", "--table", "ordres"], 1, ["MR8503", "ordres", "orders"]],
    ["several tables and no choice", () => ["sqlite", "--set", "path=shop.sqlite"], 1, ["MR8503", "orders, people"]],
  ])("%s", async (_name, args, exitCode, says) => {
    const dir = withShop();
    const { exitCode: ended, stdout, stderr } = await add(dir, ...args());
    for (const words of says) expect(stdout + stderr).toContain(words);
    expect(ended).toBe(exitCode);
    expect(stdout + stderr).not.toContain("wr0ng");
    expect(read(dir, "millrace.yaml")).toBe(CONFIG);
    expect(["sources", "secrets.env", ".gitignore"].filter((name) => existsSync(join(dir, name)))).toEqual([]);
  });
});
