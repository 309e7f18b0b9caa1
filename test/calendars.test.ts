// Business days in models: a calendar that changes is news for the models that ask for its days, and for no other.
import { afterAll, describe, expect, it } from "vitest";
import { project, rows } from "./millrace.ts";
import { millrace } from "./warm.ts";

const config = (...free: readonly string[]): string =>
  `name: days\ncalendars: { work: { dates: [${free.map((day) => `"${day}"`).join(", ")}] } }\n`;
const { dir, write, remove } = project({
  "millrace.yaml": config("2026-01-01"),
  "models/due.sql": `/*---
materialize: table
---*/
select millrace.add_business_days(date '2025-12-31', 1, 'work') as due
`,
  "models/other.sql": "/*---\nmaterialize: table\n---*/\nselect 1 as one\n",
});
afterAll(remove);

async function built(): Promise<readonly string[]> {
  const run = await millrace(["run", "--json"], dir);
  expect(run.exitCode, run.stderr).toBe(0);
  return run
    .lines()
    .filter((line) => line["type"] === "node" && line["status"] === "succeeded")
    .map((line) => line["asset"] as string);
}

describe("a calendar of the project", () => {
  it("that changes builds the models again that ask for its days", async () => {
    expect((await built()).toSorted()).toEqual(["main.due", "main.other"]);
    expect(await rows(dir, "select due::varchar from main.due")).toEqual([["2026-01-02"]]);
    expect(await built()).toEqual([]);
    write("millrace.yaml", config("2026-01-01", "2026-01-02"));
    expect(await built()).toEqual(["main.due"]);
    expect(await rows(dir, "select due::varchar from main.due")).toEqual([["2026-01-05"]]);
  });

  it("that is gone leaves no days behind", async () => {
    write("millrace.yaml", "name: days\n");
    expect(await built()).toEqual(["main.due"]);
    expect(await rows(dir, "select due from main.due")).toEqual([[null]]);
  });
});
