// Which models an edit rebuilds, in whole projects that are planned and run: an added column concerns nobody else, a changed one only its readers.
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, it } from "vitest";
import { textOfCode } from "../../model/code-hash.ts";
import { testProjects } from "../projects.suite.ts";

const { project, open, write } = testProjects("rebuilds", "name: rebuilds\n");

const users = (columns: string, where = "country is not null", head = ""): string =>
  `/*---\nmaterialize: table\n---*/\n${head}select ${columns} from raw.people where ${where}\n`;
const table = (sql: string): string => `/*---\nmaterialize: table\n---*/\n${sql}\n`;
const COLUMNS = "id, email, name as username";

const FILES = {
  "data/people.csv": "id,email,name,country,phone\n1,A@x.org,Ann,CH,11\n2,b@x.org,Bob,,22\n3,c@x.org,Cid,DE,33\n",
  "sources/people.yaml": "from: { files: { path: data/people.csv } }\n",
  "models/m/users.sql": users(COLUMNS),
  "models/m/a.sql": table("select id, email from m.users"),
  "models/m/b.sql": table("select id from m.users"),
  "models/m/c.sql": table("select id from m.a"),
  "models/m/d.sql": "select id, upper(email) as mail from m.a\n",
  "models/m/n.sql": table("select count(*) as n from m.users"),
  "models/m/l.sql": table("select list(id) as ids from m.users"),
  "models/m/s.sql": table("select * from m.users"),
};

const READERS = ["m.a", "m.b", "m.c", "m.d", "m.n", "m.l", "m.s"];

/** The models that the plan builds and those that the run built; they must be the same. */
async function rebuilt(dir: string, built: "exactly" | "at most" = "exactly"): Promise<readonly string[]> {
  const app = await open(dir);
  const planned = (await app.plan({})).nodes.filter(({ action }) => action === "build").map(({ asset }) => asset);
  const ran: string[] = [];
  const summary = await app.run({}, (progress) => {
    if (progress.type === "node" && progress.status === "succeeded") ran.push(progress.asset ?? "");
  });
  expect(summary.status).toBe("succeeded");
  if (built === "exactly") expect(ran.toSorted()).toEqual(planned.toSorted());
  else expect(planned).toEqual(expect.arrayContaining(ran));
  return planned.filter((asset) => asset !== "raw.people").toSorted();
}

async function unchanged(dir: string): Promise<void> {
  const planned = (await (await open(dir)).plan({})).nodes.filter(({ action }) => action === "build");
  expect(planned).toEqual([]);
}

async function after(edit: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const dir = project(FILES);
  expect(await rebuilt(dir)).toEqual(["m.users", ...READERS].toSorted());
  await unchanged(dir);
  write(dir, edit);
  const found = await rebuilt(dir);
  await unchanged(dir);
  // Everything holds what a build from nothing gives.
  const now = await rows(dir);
  await (await open(dir)).run({ fullRefresh: true }, () => {});
  expect(now).toEqual(await rows(dir));
  return found;
}

async function rows(dir: string): Promise<readonly unknown[]> {
  const app = await open(dir);
  const found: unknown[] = [];
  for (const asset of ["m.users", ...READERS])
    await app.query(`select '${asset}', t from ${asset} t order by all`, (part) => {
      if ("rows" in part) found.push(...part.rows);
    });
  return found;
}

describe("an edit rebuilds", () => {
  it.each<[string, string, readonly string[]]>([
    ["an added column: that model alone, and who reads all or the order", users(`${COLUMNS}, phone`), ["m.l", "m.s", "m.users"]],
    ["a changed column: its readers", users("id, lower(email) as email, name as username"), ["m.a", "m.d", "m.l", "m.s", "m.users"]],
    ["a dropped column that few read: those", users("id, email"), ["m.l", "m.s", "m.users"]],
    ["another filter: all", users(COLUMNS, "country <> 'CH'"), ["m.users", ...READERS].toSorted()],
    [
      "a CTE: nothing",
      users(COLUMNS, "country is not null", "with people as (select * from raw.people) ").replace(
        "from raw.people where",
        "from people where",
      ),
      [],
    ],
    ["comments and formatting: nothing", users(COLUMNS).replace("select id,", "-- all of them\nSELECT\n  id,"), []],
    ["another order of columns: that model, and who reads all of them", users("email, id, name as username"), ["m.l", "m.s", "m.users"]],
    ["a sort: that model, and who depends on the order", `${users(COLUMNS).trimEnd()} order by id\n`, ["m.l", "m.users"]],
  ])("%s", async (_what, text, expected) => {
    expect(await after({ "models/m/users.sql": text })).toEqual([...expected].toSorted());
  });
});

describe("a source whose types were guessed wrongly before its first load", () => {
  it("makes nobody be built again: models are bound to what was loaded", async () => {
    const late = Array.from({ length: 60_000 }, (_, index) => `${index},x${index}@x.org,N,CH,${index === 59_999 ? "+41 (0)1" : index}`);
    const dir = project({
      ...FILES,
      "data/people.csv": `id,email,name,country,phone\n${late.join("\n")}\n`,
      "models/m/users.sql": users(`${COLUMNS}, phone`),
    });
    await rebuilt(dir);
    await unchanged(dir);
    write(dir, { "models/m/users.sql": users(`${COLUMNS}, phone, country`) });
    expect(await rebuilt(dir)).toEqual(["m.l", "m.s", "m.users"]);
  });
});

describe("a warehouse that an earlier Millrace wrote", () => {
  it("is gone on with: nothing is built again, and what is built from now on knows what it holds", async () => {
    const dir = project(FILES);
    await rebuilt(dir);
    await forgetContents(dir);
    await unchanged(dir);
    write(dir, { "models/m/users.sql": users(`${COLUMNS}, phone`) });
    expect(await rebuilt(dir, "at most")).toEqual(["m.users", ...READERS].toSorted());
    write(dir, { "models/m/users.sql": users(COLUMNS) });
    expect(await rebuilt(dir)).toEqual(["m.l", "m.s", "m.users"]);
  });
});

/** Code hashes of the text alone, versions as inputs, no ids of contents. */
async function forgetContents(dir: string): Promise<void> {
  const app = await open(dir);
  await app.close();
  const instance = await DuckDBInstance.create(join(dir, ".millrace/warehouse.duckdb"));
  const connection = await instance.connect();
  const read = await connection.runAndReadAll("select asset, version, code_hash, inputs::varchar from _millrace.versions");
  const versions = new Map(read.getRows().map(([asset, version]) => [String(asset), String(version)]));
  for (const [asset, , code, inputs] of read.getRows()) {
    const noted = Object.fromEntries(Object.keys(JSON.parse(String(inputs))).map((need) => [need, versions.get(need)]));
    await connection.run(`update _millrace.versions set code_hash = $1, inputs = $2 where asset = $3`, [
      textOfCode(String(code)),
      JSON.stringify(noted),
      String(asset),
    ]);
  }
  await connection.run("alter table _millrace.versions drop column contents");
  connection.closeSync();
  instance.closeSync();
}
