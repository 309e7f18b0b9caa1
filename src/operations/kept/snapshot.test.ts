// Snapshot models in whole projects: runs, readers downstream, checks that block, rollback, changed definitions.
import { describe, expect, it } from "vitest";
import type { MillraceError } from "../../model/errors.ts";
import { testProjects } from "../projects.suite.ts";
import { rowsOf, run } from "./kept.suite.ts";

const { project, write, open } = testProjects("snapshot", "name: snapshots\n");

const FILES = {
  "sources/people.yaml": "from: { files: { path: data/people.csv } }\n",
  "data/people.csv": "id,name,city\n1,Ann,Ulm\n2,Bob,Bonn\n",
  "models/clean/people.sql": "/*---\nmaterialize: snapshot\nkey: [id]\n---*/\nselect id, name, city from raw.people\n",
  "models/clean/now.sql":
    "/*---\nmaterialize: table\n---*/\nselect id, city, valid_from <= current_timestamp as known from clean.people where valid_to is null\n",
};

const HISTORY = "select id, city, valid_to is null as current from clean.people order by all";

describe("a snapshot model", () => {
  it("records what changed between runs, and readers downstream are built of it", async () => {
    const dir = project(FILES);
    const app = await open(dir);
    const first = await run(app);
    expect(first.summary.status, JSON.stringify(first.nodes)).toBe("succeeded");
    expect(await rowsOf(app, HISTORY)).toEqual([
      [1, "Ulm", true],
      [2, "Bonn", true],
    ]);
    expect((await run(app)).nodes["clean.people"]).toMatchObject({ status: "reused" });
    write(dir, { "data/people.csv": "id,name,city\n1,Ann,Kiel\n3,Cem,Jena\n" });
    const second = await run(app);
    expect(second.summary.status, JSON.stringify(second.nodes)).toBe("succeeded");
    expect(await rowsOf(app, HISTORY)).toEqual([
      [1, "Kiel", true],
      [1, "Ulm", false],
      [2, "Bonn", false],
      [3, "Jena", true],
    ]);
    expect(await rowsOf(app, "select id, city from clean.now order by id")).toEqual([
      [1, "Kiel"],
      [3, "Jena"],
    ]);
  });

  it("keeps what readers see when a check says stop, and can be rolled back to the version before", async () => {
    const dir = project({
      ...FILES,
      "models/clean/people.sql":
        "/*---\nmaterialize: snapshot\nkey: [id]\nchecks: [{ acceptedValues: { column: city, values: [Ulm, Bonn, Kiel] } }]\n---*/\nselect id, name, city from raw.people\n",
    });
    const app = await open(dir);
    await run(app);
    const before = await rowsOf(app, "select * from clean.people order by all");
    write(dir, { "data/people.csv": "id,name,city\n1,Ann,Rome\n" });
    expect((await run(app)).nodes["clean.people"]).toMatchObject({ status: "failed" });
    expect(await rowsOf(app, "select * from clean.people order by all")).toEqual(before);
    write(dir, { "data/people.csv": "id,name,city\n1,Ann,Kiel\n" });
    expect((await run(app)).summary.status).toBe("succeeded");
    expect(await rowsOf(app, HISTORY)).toEqual([
      [1, "Kiel", true],
      [1, "Ulm", false],
      [2, "Bonn", false],
    ]);
    const versions = (
      await rowsOf(app, "select version from _millrace.versions where asset = 'clean.people' order by \"at\"")
    ).flat() as string[];
    expect(versions).toHaveLength(2);
    await app.rollback({ asset: "clean.people", to: versions[0]!, dryRun: false });
    expect(await rowsOf(app, "select * from clean.people order by all")).toEqual(before);
    await app.rollback({ asset: "clean.people", to: versions[1]!, dryRun: false });
    expect(await rowsOf(app, "select count(*)::integer from clean.people")).toEqual([[3]]);
  });

  it("goes on with its history when its query changes, and when it is built anew", async () => {
    const dir = project(FILES);
    let app = await open(dir);
    await run(app);
    write(dir, {
      "models/clean/people.sql":
        "/*---\nmaterialize: snapshot\nkey: [id]\nsnapshot: { columns: [place] }\n---*/\nselect id, upper(city) as place from raw.people\n",
      "models/clean/now.sql": "select id, place, name, city from clean.people",
    });
    app = await open(dir);
    const second = await run(app);
    expect(second.summary.status, JSON.stringify(second.nodes)).toBe("succeeded");
    const history = [
      [1, "ULM", null, null],
      [1, null, "Ann", "Ulm"],
      [2, "BONN", null, null],
      [2, null, "Bob", "Bonn"],
    ];
    expect(await rowsOf(app, "select id, place, name, city from clean.now order by all")).toEqual(history);
    expect((await run(app, { fullRefresh: true })).summary.status).toBe("succeeded");
    expect(await rowsOf(app, "select id, place, name, city from clean.now order by all")).toEqual(history);
  });

  it("is told what its definition gets wrong, at its place", async () => {
    const dir = project({
      ...FILES,
      "models/clean/people.sql":
        "/*---\nmaterialize: snapshot\nkey: [id]\nsnapshot: { by: timestamp, columns: [city] }\n---*/\nselect id, name, city from raw.people\n",
    });
    const app = await open(dir);
    const failed = (await run(app).catch((error: unknown) => error)) as MillraceError;
    expect(failed.errors.map(({ message, location }) => [message, location?.line])).toEqual([
      ["a snapshot by timestamp needs updatedAt", 4],
      ["a snapshot by timestamp does not look at columns", 4],
    ]);
  });

  for (const [by, load] of [
    ["{ by: timestamp, updatedAt: seen }", "replace"],
    ["{ by: timestamp, updatedAt: seen, deletes: ignore }", "append"],
    ["{ columns: all }", "merge\nprimaryKey: [id]"],
  ] as const)
    it(`is made again of what its source received, the same: ${by} of ${load}`, async () => {
      const model = (sql: string): string => `/*---\nmaterialize: snapshot\nkey: [id]\nsnapshot: ${by}\n---*/\n${sql}\n`;
      const file = (number: number): string => (load.startsWith("replace") ? "data/p.csv" : `data/p${number}.csv`);
      const dir = project({
        "sources/people.yaml": `from: { files: { path: data/p*.csv } }\ncolumns: { seen: { type: timestamp } }\nload: ${load}\n`,
        [file(1)]: "id,city,seen\n1,Ulm,2026-01-01 08:00:00\n2,Bonn,2026-01-01 09:00:00\n",
        "models/clean/people.sql": model("select id, city, seen from raw.people"),
      });
      let app = await open(dir);
      await run(app);
      write(dir, { [file(2)]: "id,city,seen\n1,Kiel,2026-01-03 08:00:00\n3,Jena,2026-01-02 09:00:00\n" });
      await run(app);
      write(dir, { [file(3)]: "id,city,seen\n1,Kiel,2026-01-03 08:00:00\n2,Bonn,2026-01-01 09:00:00\n3,Hof,2026-01-01 10:00:00\n" });
      await run(app);
      write(dir, { "models/clean/people.sql": model("select id, upper(city) as city, seen from raw.people") });
      app = await open(dir);
      const before = await rowsOf(app, "select id, upper(city), seen, valid_from, valid_to from clean.people order by all");
      const told: unknown[] = [];
      const summary = await app.replay(
        { asset: "clean.people" },
        () => {},
        (replay) => void told.push(replay.loads?.length),
      );
      expect(told).toEqual([3]);
      expect(summary.status, JSON.stringify(summary)).toBe("succeeded");
      const again = "select id, city, seen, valid_from, valid_to from clean.people order by all";
      expect(await rowsOf(app, again)).toEqual(before);
      expect(before.length).toBeGreaterThan(4);
      expect((await run(app)).nodes["clean.people"]).toMatchObject({ status: "reused" });
      await app.replay(
        { asset: "clean.people" },
        () => {},
        () => {},
      );
      expect(await rowsOf(app, again)).toEqual(before);
    });
});
