// Histories and files of an environment are its own: they begin with what prod has, and prod's stay as they are until they are promoted.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type App, openApp } from "../../app.ts";
import { testProjects } from "../projects.suite.ts";

const { project, write } = testProjects(
  "kept",
  `name: kept\nenvironments:\n  prod: { branches: [main], kind: serving }\n  "*": { kind: research }\n`,
);

const history = (city: string): string => `/*---\nmaterialize: snapshot\nkey: [id]\n---*/\nselect id, ${city} as city from raw.people\n`;
const files = (city: string): string =>
  `/*---\nmaterialize: external\nexternal: { path: out/people }\n---*/\nselect id, ${city} as city from raw.people\n`;
const FILES = {
  "sources/people.yaml": "from: { files: { path: data/people.csv } }\n",
  "data/people.csv": "id,city\n1,Ulm\n2,Bonn\n",
  "models/clean/history.sql": history("city"),
  "models/clean/files.sql": files("city"),
};

async function inEnvironment<Result>(dir: string, env: string, work: (app: App) => Promise<Result>): Promise<Result> {
  const app = await openApp({ dir, env });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

const run = async (dir: string, env: string): Promise<void> => {
  const summary = await inEnvironment(dir, env, (app) => app.run({}, () => {}));
  expect(summary.status, JSON.stringify(summary)).toBe("succeeded");
};
const query = (dir: string, env: string, sql: string): Promise<readonly unknown[][]> =>
  inEnvironment(dir, env, async (app) => {
    const rows: unknown[][] = [];
    await app.query(sql, (part) => void ("rows" in part && rows.push(...(part.rows as unknown[][]))));
    return rows;
  });

describe("an environment", () => {
  it("goes on with the history and the files that it sees, and leaves prod's alone", async () => {
    const dir = project(FILES);
    await run(dir, "prod");
    write(dir, { "models/clean/history.sql": history("upper(city)"), "models/clean/files.sql": files("upper(city)") });
    await run(dir, "dev");
    const all = "select id, city, valid_to is null as current from clean.history order by all";
    expect(await query(dir, "dev", all)).toEqual([
      [1, "ULM", true],
      [1, "Ulm", false],
      [2, "BONN", true],
      [2, "Bonn", false],
    ]);
    const times = "select id, upper(city) as city, valid_from, valid_to from clean.history order by all";
    const before = await query(dir, "dev", times);
    const replayed = await inEnvironment(dir, "dev", (app) =>
      app.replay(
        { asset: "clean.history" },
        () => {},
        () => {},
      ),
    );
    expect(replayed.status, JSON.stringify(replayed)).toBe("succeeded");
    // The query of today would have given two versions, not four: its moments are those of prod's first build.
    expect(await query(dir, "dev", times)).toEqual(
      before.filter(([, , , to]) => to !== null).map(([id, city, from]) => [id, city, from, null]),
    );
    expect(await query(dir, "prod", all)).toEqual([
      [1, "Ulm", true],
      [2, "Bonn", true],
    ]);
    expect(await query(dir, "dev", "select city from clean.files order by all")).toEqual([["BONN"], ["ULM"]]);
    expect(await query(dir, "prod", "select city from clean.files order by all")).toEqual([["Bonn"], ["Ulm"]]);
    expect(readdirSync(join(dir, "out")).filter((name) => !name.startsWith("."))).toEqual(["people", "people__dev"]);

    await inEnvironment(dir, "dev", (app) => app.envPromote({ environment: "dev", dryRun: false }));
    expect(await query(dir, "prod", "select city from clean.files order by all")).toEqual([["BONN"], ["ULM"]]);
    expect(await query(dir, "prod", all)).toHaveLength(2);
    expect(await query(dir, "prod", `select city from read_parquet('${dir}/out/people/*.parquet') order by all`)).toEqual([
      ["BONN"],
      ["ULM"],
    ]);

    write(dir, { "data/people.csv": "id,city\n1,Jena\n" });
    for (const env of ["prod", "prod"]) await run(dir, env);
    expect(await query(dir, "prod", "select city from clean.files order by all")).toEqual([["JENA"]]);
    expect(existsSync(join(dir, "out/people"))).toBe(true);
  });
});
