// The public entry: checks and connectors of the user's own, and how light it is.
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineCheck, defineConnector, sql } from "../src/index.ts";
import { definitionsOf } from "../src/model/define.ts";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const positive = defineCheck({
  name: "positive",
  summary: "Fails when a value is not above zero.",
  options: z.object({ column: z.string() }),
  failing: (table, { column }) => sql`select * from ${table} where not ${sql.ident(column)} > ${0}`,
});

describe("the public entry", () => {
  it("makes a check from a query, for the table the check is told", () => {
    expect(positive.test({ column: "price" })).toEqual({
      test: { kind: "query", sql: 'select * from t where not "price" > 0', alias: "t" },
      columns: [],
      label: "positive",
    });
  });

  it("makes a connector, and both are found in a module", () => {
    const ticks = defineConnector({
      name: "ticks",
      summary: "Counts.",
      options: z.object({ to: z.number() }),
      capabilities: { read: true, write: [] },
      async *read({ to }) {
        for (let rows = 0; rows < to; rows += 1) yield { kind: "rows", name: `tick ${rows}`, rows: [{ tick: rows }] };
      },
    });
    expect(definitionsOf({ ticks, positive }).map((entry) => entry.exportName)).toEqual(["ticks", "positive"]);
  });

  it("names what is wrong", () => {
    expect(() => defineCheck({ name: "x y", summary: "", options: z.string(), failing: 1 } as never)).toThrow(
      /defineCheck "x y": `name` may hold.*`failing` must be/s,
    );
    expect(() => defineConnector({ name: "x", summary: "", options: {}, capabilities: { read: true, write: [] } } as never)).toThrow(
      "must be a zod schema",
    );
  });

  it("loads no DuckDB", () => {
    const script = 'await import("./src/index.ts"); console.log(process.report.getReport().sharedObjects.join());';
    const loaded = execFileSync(process.execPath, ["--import", "jiti/register", "--input-type=module", "-e", script], {
      cwd: root,
      encoding: "utf8",
    });
    expect(loaded).not.toContain("duckdb");
  });
});
