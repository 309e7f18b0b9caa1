// A check that is a query names its asset: in a replay it is asked of what was built again, before readers see that.
import { afterAll, describe, expect, it } from "vitest";
import { project, rows } from "./millrace.ts";
import { millrace } from "./warm.ts";

const source = (weight: string, check: string): string => `from: { files: { path: "parts/*.csv" } }
load: append
columns: { weight: { type: ${weight} } }
checks: [{ query: { name: its_type, sql: "select distinct typeof(weight) from raw.parts where typeof(weight) <> '${check}'" } }]
`;
const { dir, write, remove } = project({
  "millrace.yaml": "name: parts\n",
  "sources/parts.yaml": source("text", "VARCHAR"),
  "parts/one.csv": "id,weight\n1,0.5\n2,7\n",
});
afterAll(remove);

const parts = () => rows(dir, "select id, weight, typeof(weight) from raw.parts order by id");

describe("the query check of a replayed asset", () => {
  it("sees the new rows: what it forbids is not published, what it allows is", async () => {
    expect((await millrace(["run"], dir)).exitCode).toBe(0);
    write("parts/two.csv", "id,weight\n3,1.25\n");
    expect((await millrace(["run"], dir)).exitCode).toBe(0);
    const before = await parts();
    expect(before.map((row) => row[2])).toEqual(["VARCHAR", "VARCHAR", "VARCHAR"]);

    write("sources/parts.yaml", source("double", "VARCHAR"));
    const stopped = await millrace(["replay", "raw.parts"], dir);
    expect(stopped.exitCode).toBe(1);
    expect(stopped.stdout + stopped.stderr).toMatch(/its_type[\s\S]*DOUBLE/);
    expect(await parts()).toEqual(before);

    write("sources/parts.yaml", source("double", "DOUBLE"));
    const replayed = await millrace(["replay", "raw.parts"], dir);
    expect(replayed.exitCode, replayed.stdout + replayed.stderr).toBe(0);
    expect(await parts()).toEqual([
      [1, 0.5, "DOUBLE"],
      [2, 7, "DOUBLE"],
      [3, 1.25, "DOUBLE"],
    ]);
  });
});
