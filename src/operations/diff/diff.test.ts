// `diff` between environments and versions, and the rows that a plan would make, on whole projects.
import { describe, expect, it } from "vitest";
import { type App, openApp } from "../../app.ts";
import { testProjects } from "../projects.suite.ts";

const CONFIG = 'name: shop\nenvironments: { prod: { branches: [main] }, "*": { kind: research } }\n';
const { apps, open, project, write } = testProjects("diff", CONFIG);

const FILES = {
  "data/sales.csv": "id,area,price\n1,north,10\n2,south,20\n3,south,30\n",
  "sources/sales.yaml": "from: { files: { path: data/sales.csv } }\nprimaryKey: [id]\n",
  "models/clean/sales.sql": "/*---\nmaterialize: table\nkey: id\n---*/\nselect id, area, price from raw.sales\n",
  "models/final/areas.sql": "select area, sum(price)::integer as total from clean.sales group by area\n",
  "exports/areas.yaml": "select: final.areas\nto: { files: { path: out/areas.csv } }\n",
};
const CHANGED =
  "/*---\nmaterialize: table\nkey: id\n---*/\nselect id, area, price + (id = 1)::integer as price, 1 as one from raw.sales where id < 3\n";

const openIn = async (dir: string, env: string): Promise<App> => {
  for (const app of apps.splice(0)) await app.close();
  const app = await openApp({ dir, env });
  apps.push(app);
  return app;
};
const ask = { environments: [], samples: 5 } as const;
const EXPECTED = {
  isSame: false,
  by: "key",
  key: ["id"],
  schema: { added: [{ name: "one", type: "INTEGER" }], removed: [], retyped: [] },
  rows: { added: 0, removed: 1, changed: 1, same: 1 },
  columns: [{ column: "price", changed: 1 }],
  samples: {
    removed: [{ id: 3, area: "south", price: 30 }],
    changed: [{ key: { id: 1 }, cells: [{ column: "price", before: 10, after: 11 }] }],
  },
};

describe("diff", () => {
  it("compares environments, each with what it has of its own, and prod's rows stay as they are", async () => {
    const dir = project(FILES);
    await (await openIn(dir, "prod")).run({}, () => {});
    write(dir, { "models/clean/sales.sql": CHANGED });
    const app = await openIn(dir, "dev");
    await app.run({}, () => {});
    expect(await app.diff({ asset: "clean.sales", ...ask })).toMatchObject({
      ...EXPECTED,
      before: { environment: "prod" },
      after: { environment: "dev" },
    });
    expect(await app.diff({ asset: "clean.sales", environments: ["dev", "prod"], samples: 0 })).toMatchObject({
      rows: { added: 1, removed: 0, changed: 1 },
    });
    expect(await app.diff({ asset: "final.areas", ...ask })).toMatchObject({ by: "rows", rows: { added: 2, removed: 2 } });
    expect(await app.diff({ asset: "raw.sales", ...ask })).toMatchObject({ isSame: true, by: "version" });
    const { changes } = await app.plan({ against: "prod" });
    expect(changes!.assets.find(({ asset }) => asset === "clean.sales")).toMatchObject({ change: "breaking" });
    expect((await app.plan({})).changes!.assets).toEqual([]);
  });

  it("compares with the version before, or one by the beginning of its name", async () => {
    const dir = project(FILES);
    let app = await openIn(dir, "prod");
    await app.run({}, () => {});
    const first = (await app.history("clean.sales", { schema: false })).versions[0]!.version;
    write(dir, { "models/clean/sales.sql": CHANGED });
    app = await openIn(dir, "prod");
    await app.run({}, () => {});
    expect(await app.diff({ asset: "clean.sales", ...ask })).toMatchObject(EXPECTED);
    expect(await app.diff({ asset: "clean.sales", against: first.slice(0, 8), ...ask })).toMatchObject(EXPECTED);
  });

  it.each([
    [{ asset: "clean.nothing", ...ask }, "MR6102"],
    [{ asset: "clean.sales", ...ask }, "MR8811"],
    [{ asset: "clean.sales", against: "zz", ...ask }, "MR8811"],
    [{ asset: "clean.sales", environments: ["nowhere"], samples: 5 }, "MR8806"],
    [{ asset: "clean.sales", environments: ["prod", "prod", "prod"], samples: 5 }, "MR7001"],
    [{ asset: "clean.sales", environments: ["prod", "prod"], samples: 5, key: ["nothing"] }, "MR8812"],
    [{ asset: "out.areas", environments: ["prod", "prod"], samples: 5 }, "MR8812"],
  ])("refuses %j with %s", async (request, code) => {
    const app = await openIn(project(FILES), "prod");
    await app.run({}, () => {});
    await expect(app.diff(request)).rejects.toMatchObject({ code });
  });
});

describe("plan --data", () => {
  it("computes the new rows through everything that would be built, and leaves no trace", async () => {
    const dir = project(FILES);
    await (await open(dir)).run({}, () => {});
    write(dir, { "models/clean/sales.sql": CHANGED });
    const app = await open(dir);
    const { data } = await app.plan({ data: ["clean.sales", "final.areas"] });
    expect(data![0]).toMatchObject({ ...EXPECTED, after: { environment: null, version: null, rows: 2 } });
    expect(data![1]).toMatchObject({
      rows: { added: 2, removed: 2 },
      samples: {
        added: [
          { area: "north", total: 11 },
          { area: "south", total: 20 },
        ],
      },
    });
    const rows: unknown[] = [];
    await app.query(
      "select (select sum(price) from clean.sales), (select count(*) from duckdb_databases() where database_name like '%preview%')",
      (part) => {
        if ("rows" in part) rows.push(...part.rows);
      },
    );
    expect(rows).toEqual([[60, 0]]);
  });

  it.each([
    ["models/clean/parts.sql", "clean.parts", "select id, area from raw.sales where area = $partition", /\$partition|partitions/],
    ["models/clean/broken.sql", "clean.broken", "select id, error('no') as x from raw.sales", /no/],
  ])("says of %s that only a run can tell", async (file, asset, sql, message) => {
    const settings = sql.includes("$partition") ? "partition: { values: [north, south], column: area }" : "key: id";
    const dir = project({ ...FILES, [file]: `/*---\nmaterialize: table\n${settings}\n---*/\nselect 1 as id, 'north' as area, 1 as x\n` });
    await (await open(dir)).run({}, () => {});
    write(dir, { [file]: `/*---\nmaterialize: table\n${settings}\n---*/\n${sql}\n` });
    const app = await open(dir);
    await expect(app.plan({ data: [asset] })).rejects.toMatchObject({ code: "MR8813", message: expect.stringMatching(message) as string });
  });
});
