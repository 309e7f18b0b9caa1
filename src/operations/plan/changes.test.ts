// `plan --against`, plans as files and `apply`, on whole projects with real git repositories and warehouses.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunSummaryAnswer } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { type App, openApp } from "../../app.ts";
import { testProjects } from "../projects.suite.ts";

const { open, project, write } = testProjects("changes", "name: shop\n");

const FILES = {
  ".gitignore": ".millrace/\nout/\ndata/\n",
  "data/sales.csv": "id,area,price\n1,north,10.50\n2,south,20.00\n",
  "sources/sales.yaml": "from: { files: { path: data/sales.csv } }\nprimaryKey: [id]\n",
  "models/clean/sales.sql":
    "/*---\nmaterialize: table\nkey: id\nchecks:\n  - notNull: [id]\n---*/\nselect id, area,\n  price * 2 as price\nfrom raw.sales\n",
  "models/final/areas.sql": "select area, sum(price) as total\nfrom clean.sales\ngroup by area\n",
  "models/final/names.sql": "select distinct area from clean.sales\n",
  "exports/areas.yaml": "select: final.areas\nto: { files: { path: out/areas.csv } }\n",
};
const PRICE =
  "/*---\nmaterialize: table\nkey: id\nchecks:\n  - notNull: [id]\n---*/\nselect id, area,\n  price * 3 as price\nfrom raw.sales\n";

const git = (dir: string, ...args: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main", ...args], {
    cwd: dir,
    encoding: "utf8",
  }).trim();

function repository(files: Readonly<Record<string, string>> = FILES): string {
  const dir = project(files);
  git(dir, "init", "-q", "-b", "main");
  git(dir, "add", ".");
  git(dir, "commit", "-q", "-m", "one");
  return dir;
}

const failure = async (work: Promise<unknown>): Promise<MillraceError> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error("it did not fail");
};
const apply = async (app: App, plan: string): Promise<RunSummaryAnswer> => app.apply({ plan }, () => {});
const kept = async (app: App): Promise<string> => (await app.planFile({})).text;
const rowsOf = async (app: App, sql: string): Promise<readonly unknown[]> => {
  const rows: unknown[] = [];
  await app.query(sql, (part) => {
    if ("rows" in part) rows.push(...part.rows);
  });
  return rows;
};

describe("what changed", () => {
  it("against what readers see: the column, its line, who reads it; the rest is not told", async () => {
    const dir = project(FILES);
    let app = await open(dir);
    await app.run({}, () => {});
    write(dir, { "models/clean/sales.sql": PRICE });
    app = await open(dir);
    const { changes, nodes, cost } = await app.plan({});
    expect(changes!.assets.map(({ asset, change }) => [asset, change])).toEqual([
      ["clean.sales", "breaking"],
      ["final.areas", "indirect"],
      ["out.areas", "indirect"],
    ]);
    expect(changes!.assets[0]).toMatchObject({
      rows: false,
      columns: [
        {
          column: "price",
          change: "changed",
          readBy: ["final.areas.total"],
          place: { file: "models/clean/sales.sql", line: 8, column: 3 },
        },
      ],
    });
    expect(changes!.assets[1]!.reasons).toMatchObject([
      { text: "reads clean.sales.price, which differs", place: { file: "models/clean/sales.sql", line: 8 } },
    ]);
    expect(nodes.find(({ asset }) => asset === "clean.sales")).toMatchObject({ action: "build", change: "breaking" });
    expect(cost!.nodes.find(({ asset }) => asset === "clean.sales")).toMatchObject({ rows: 2 });
  });

  it("is nothing after a run, and metadata alone rebuilds nothing and is told until the next run", async () => {
    const dir = project(FILES);
    let app = await open(dir);
    await app.run({}, () => {});
    write(dir, { "models/clean/sales.sql": FILES["models/clean/sales.sql"].replace("key: id", "key: id\ndescription: Good ones") });
    app = await open(dir);
    const planned = await app.plan({});
    expect(planned.changes!.assets).toMatchObject([
      { asset: "clean.sales", change: "metadata", settings: [{ key: "description", after: "Good ones" }] },
    ]);
    expect(planned.nodes.filter(({ action }) => action === "build")).toEqual([]);
    await app.run({}, () => {});
    expect((await app.plan({})).changes!.assets).toEqual([]);
  });

  it("is nothing after the first run, though columns were guessed before the load", async () => {
    const money =
      'from: { files: { path: data/sales.csv } }\nprimaryKey: [id]\ncolumns: { price: { type: "decimal(12,2)", parse: money } }\n';
    const dir = project({ ...FILES, "data/sales.csv": "id,area,price\n1,north,$10.50\n2,south,-\n", "sources/sales.yaml": money });
    await (await open(dir)).run({}, () => {});
    expect((await (await open(dir)).plan({})).changes!.assets).toEqual([]);
  });

  it("against a git ref, from a folder of the repository, without its data; nothing is left behind", async () => {
    const dir = repository(
      Object.fromEntries(Object.entries({ ...FILES, "millrace.yaml": "name: shop\n" }).map(([path, text]) => [`shop/${path}`, text])),
    );
    const shop = join(dir, "shop");
    write(shop, { "models/clean/sales.sql": PRICE });
    const app = await open(shop);
    const { changes } = await app.plan({ against: "main" });
    expect(changes!.against).toMatchObject({ kind: "git", ref: "main", commit: git(dir, "rev-parse", "main"), uncommitted: 1 });
    expect(changes!.assets.map(({ asset, change }) => [asset, change])).toEqual([
      ["clean.sales", "breaking"],
      ["final.areas", "indirect"],
      ["out.areas", "indirect"],
    ]);
    const temp = join(shop, ".millrace/temp");
    const left = existsSync(temp) ? readdirSync(temp, { recursive: true }).map(String) : [];
    expect(left.filter((name) => name.includes("git-"))).toEqual([]);
  });

  it("against a git ref names what was added, removed and renamed, and the export that breaks", async () => {
    const dir = repository();
    write(dir, {
      "models/final/sums.sql": FILES["models/final/areas.sql"],
      "models/final/more.sql": "select 1 as n\n",
      "models/clean/sales.sql": FILES["models/clean/sales.sql"].replace("area,", "area as region,"),
    });
    for (const path of ["models/final/areas.sql", "models/final/names.sql"]) rmSync(join(dir, path));
    write(dir, { "models/final/sums.sql": "select region, sum(price) as total\nfrom clean.sales\ngroup by region\n" });
    write(dir, { "exports/areas.yaml": "select: clean.sales\nto: { files: { path: out/areas.csv } }\n" });
    const app = await open(dir);
    const { changes } = await app.plan({ against: "HEAD" });
    const kinds = new Map(changes!.assets.map(({ asset, change }) => [asset, change]));
    expect(kinds.get("final.more")).toBe("added");
    expect(kinds.get("final.names")).toBe("removed");
    expect(kinds.get("clean.sales")).toBe("breaking");
    expect(changes!.assets.find(({ asset }) => asset === "clean.sales")!.columns).toMatchObject([
      { column: "region", from: "area", change: "renamed" },
    ]);
    expect(changes!.touched).toContainEqual(expect.objectContaining({ kind: "export", name: "out.areas", breaks: true }));
  });

  it.each([
    ["-x", "MR8806", /cannot be the name/],
    ["--upload-pack=touch x", "MR8806", /cannot be the name/],
    ["a b", "MR8806", /cannot be the name/],
    ["", "MR8806", /cannot be the name/],
    ["main:sources", "MR8806", /cannot be the name/],
    ["nowhere", "MR8806", /no environment and no git ref "nowhere"/],
  ])("refuses %j as a ref with %s", async (ref, code, message) => {
    const app = await open(repository());
    const error = await failure(app.plan({ against: ref }));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it("tells an empty model once", async () => {
    const error = await failure(
      (await open(project({ ...FILES, "models/clean/none.sql": "/*---\nmaterialize: table\n---*/\n" }))).plan({}),
    );
    expect([error.code, error.message]).toEqual(["MR1017", "models/clean/none.sql has no query"]);
  });

  it("says that there is no repository, no project at the ref, or that it could not be planned there", async () => {
    expect(await failure((await open(project(FILES))).plan({ against: "main" }))).toMatchObject({
      code: "MR8805",
      message: 'there is no environment "main", and the project lies in no git repository that could have a ref of that name',
      hint: "compare with an environment: --against prod",
    });
    const dir = repository({ "README.md": "none\n" });
    write(dir, { ...FILES, "millrace.yaml": "name: shop\n" });
    git(dir, "rm", "-q", "--cached", "millrace.yaml");
    git(dir, "commit", "-q", "-m", "none");
    expect((await failure((await open(dir)).plan({ against: "main" }))).code).toBe("MR8807");
    const broken = repository({ ...FILES, "models/final/areas.sql": "select nothing from clean.sales\n" });
    write(broken, { "models/final/areas.sql": FILES["models/final/areas.sql"] });
    const error = await failure((await open(broken)).plan({ against: "main" }));
    expect(error).toMatchObject({ code: "MR8807", message: expect.stringContaining("models/final/areas.sql:1") });
  });

  it("in a shallow clone says how to fetch the rest", async () => {
    const dir = repository();
    git(dir, "tag", "first");
    write(dir, { "models/clean/sales.sql": PRICE });
    git(dir, "commit", "-q", "-am", "two");
    const clone = project({});
    rmSync(clone, { recursive: true });
    git(dir, "clone", "-q", "--depth", "1", "--no-tags", `file://${dir}`, clone);
    write(clone, { "data/sales.csv": FILES["data/sales.csv"] });
    const error = await failure((await open(clone)).plan({ against: "first" }));
    expect(error).toMatchObject({ code: "MR8806", hint: expect.stringContaining("--unshallow") });
  });

  it("runs nothing that the repository's settings name, and looks at this project whatever a hook has set", async () => {
    const dir = repository();
    const mark = join(dir, "ran");
    git(dir, "config", "core.fsmonitor", `touch ${mark}`);
    git(dir, "config", "core.pager", `touch ${mark}`);
    write(dir, { "models/clean/sales.sql": PRICE });
    process.env["GIT_DIR"] = "/nowhere";
    try {
      expect((await (await open(dir)).plan({ against: "main" })).changes!.assets[0]).toMatchObject({ asset: "clean.sales" });
    } finally {
      delete process.env["GIT_DIR"];
    }
    expect(existsSync(mark)).toBe(false);
  });

  it("holds no secret: neither options of connectors nor lines with one", async () => {
    const source = (secret: string): string =>
      `from: { http: { url: "https://user:${secret}@example.com/x", auth: { bearer: ${secret} } } }\ncolumns: { id: { type: bigint } }\n`;
    const dir = repository({ ...FILES, "sources/web.yaml": source("hunter2") });
    write(dir, { "sources/web.yaml": source("hunter3") });
    const app = await open(dir);
    const answer = await app.plan({ against: "main" });
    expect(answer.changes!.assets.map(({ asset }) => asset)).toContain("raw.web");
    expect(JSON.stringify(answer)).not.toMatch(/hunter/);
    expect((await app.planFile({ against: "main" })).text).not.toMatch(/hunter/);
  });
});

describe("a plan that is kept", () => {
  it("is the same bytes for the same state, and is carried out exactly", async () => {
    const dir = project(FILES);
    const app = await open(dir);
    const plan = await kept(app);
    expect(await kept(app)).toBe(plan);
    const summary = await apply(app, plan);
    expect(summary).toMatchObject({ status: "succeeded", nodes: { succeeded: 5, failed: 0 } });
    expect(await failure(apply(app, plan))).toMatchObject({ code: "MR8804", message: expect.stringContaining(summary.run) });
  });

  it("does only the nodes that it names, though more would be due", async () => {
    const dir = project(FILES);
    let app = await open(dir);
    await app.run({}, () => {});
    write(dir, { "models/clean/sales.sql": PRICE, "models/final/names.sql": "select distinct area, 1 as one from clean.sales\n" });
    app = await open(dir);
    const { text } = await app.planFile({ select: "clean.sales" });
    expect(await apply(app, text)).toMatchObject({ status: "succeeded", nodes: { succeeded: 1 } });
    expect((await app.plan({})).nodes.find(({ asset }) => asset === "final.names")).toMatchObject({ action: "build" });
  });

  it("is refused when definitions, versions, sources or parameters have moved, and nothing is done", async () => {
    const dir = project(FILES);
    let app = await open(dir);
    await app.run({}, () => {});
    write(dir, { "models/clean/sales.sql": PRICE });
    app = await open(dir);
    const plan = await kept(app);
    const before = await rowsOf(app, "select asset, version from _millrace.environments order by 1");

    write(dir, { "models/clean/sales.sql": PRICE.replace("* 3", "* 4") });
    app = await open(dir);
    expect(await failure(apply(app, plan))).toMatchObject({ code: "MR8802", message: "the definition of clean.sales changed" });

    write(dir, { "models/clean/sales.sql": PRICE, "data/sales.csv": "id,area,price\n1,north,10.50\n" });
    app = await open(dir);
    expect(await failure(apply(app, plan))).toMatchObject({ code: "MR8802", message: "the source raw.sales is not as it was" });
    expect(await rowsOf(app, "select asset, version from _millrace.environments order by 1")).toEqual(before);

    await app.run({ select: "raw.sales" }, () => {});
    const moved = await failure(apply(app, plan));
    expect(moved.code).toBe("MR8802");
    expect(moved.message).toMatch(/raw\.sales is version \w+, was \w+/);
  });

  it.each([
    ["no JSON", () => "{", /no JSON/],
    ["another file", () => '{"name":"x"}', /no plan of millrace/],
    ["a newer format", () => '{"kind":"millrace-plan","v":2}', /format 2/],
    ["an edited plan", (plan: string) => plan.replace('"fullRefresh":false', '"fullRefresh":true'), /was changed after it was written/],
    ["a plan of another project", (plan: string) => plan, /of the project shop, this one is other/],
  ])("is refused when it is %s", async (_name, edit, message) => {
    const dir = project(FILES);
    let app = await open(dir);
    const plan = edit(await kept(app));
    if (_name.endsWith("project")) write(dir, { "millrace.yaml": "name: other\n" });
    app = await open(dir);
    const error = await failure(apply(app, plan));
    expect(error.code).toBe("MR8801");
    expect(error.message).toMatch(message);
  });

  it("is applied by one of two at once; the other is told", async () => {
    const app = await open(project(FILES));
    const plan = await kept(app);
    const done = await Promise.allSettled([apply(app, plan), apply(app, plan)]);
    const lost = done.filter((each) => each.status === "rejected");
    expect(done.filter((each) => each.status === "fulfilled")).toMatchObject([{ value: { status: "succeeded", nodes: { succeeded: 5 } } }]);
    expect(lost).toMatchObject([{ reason: { code: "MR8803" } }]);
    expect(await rowsOf(app, "select count(*) from _millrace.versions where asset = 'clean.sales'")).toEqual([[1]]);
  });

  it("goes on with what does not need a model that failed; a blocking check leaves what readers see", async () => {
    const dir = project(FILES);
    let app = await open(dir);
    await app.run({}, () => {});
    write(dir, {
      "models/clean/sales.sql": PRICE.replace(
        "price * 3 as price",
        "price * 3 as price, case when id = 1 then null else id end as strict",
      ).replace("notNull: [id]", "notNull: [strict]"),
      "models/final/other.sql": "/*---\nmaterialize: table\n---*/\nselect area from raw.sales\n",
    });
    app = await open(dir);
    const summary = await apply(app, await kept(app));
    expect(summary).toMatchObject({ status: "partial", nodes: { failed: 1 } });
    expect(await rowsOf(app, "select count(*) from final.other")).toEqual([[2]]);
    expect(await rowsOf(app, "select id, price from clean.sales order by id")).toEqual([
      [1, "21.00"],
      [2, "40.00"],
    ]);
  });

  it("goes on where it was interrupted when it is applied again, unless definitions moved", async () => {
    const gate = join(project({}), "open");
    const slow = (n: number): string =>
      `import { existsSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { defineAsset } from "millrace";
export const slow = defineAsset({ name: "clean.slow", needs: ["clean.sales"], async *transform({ signal }) {
  while (!existsSync(${JSON.stringify(gate)})) await pause(20, undefined, { signal });
  yield [{ n: ${n} }];
} });
`;
    const dir = project({ ...FILES, "pipelines/slow.ts": slow(1) });
    const plan = await kept(await open(dir));
    const stop = new AbortController();
    const first = await openApp({ dir, signal: stop.signal });
    const left = await first.apply({ plan }, (progress) => {
      if (progress.type === "started" && progress.node === "clean.slow") stop.abort(new MillraceError({ code: "MR7090", message: "stop" }));
    });
    await first.close();
    expect(left).toMatchObject({ status: "running", interrupted: true });
    writeFileSync(gate, "");
    write(dir, { "pipelines/slow.ts": slow(2) });
    expect(await failure(apply(await open(dir), plan))).toMatchObject({ code: "MR8802", message: "the definition of clean.slow changed" });
    write(dir, { "pipelines/slow.ts": slow(1) });
    const app = await open(dir);
    expect(await apply(app, plan)).toMatchObject({ run: left.run, status: "succeeded", nodes: { succeeded: 6 } });
    expect(await rowsOf(app, "select count(*) from _millrace.versions where asset = 'clean.sales'")).toEqual([[1]]);
    expect(await failure(apply(app, plan))).toMatchObject({ code: "MR8804" });
  });
});
