import { describe, expect, it } from "vitest";
import { isAdditive } from "../../model/code-hash.ts";
import { modelSpec } from "../../model/definitions/model.ts";
import { compile } from "./compile.ts";
import { modelCodeHash, rebuildReasons } from "./hash.ts";
import type { CompiledQuery } from "./types.ts";

const schemas = new Map([["raw.t", { certain: true, columns: ["a", "b", "c"].map((name) => ({ name, type: "INTEGER" })) }]]);

async function compiled(sql: string): Promise<CompiledQuery> {
  const { models } = await compile({ models: [{ id: "m.x", file: "x.sql", sql, text: sql, sqlOffset: 0 }], schemas });
  return models.get("m.x")!;
}

async function hash(sql: string, spec: unknown = {}, params: Readonly<Record<string, string>> = {}): Promise<string> {
  return modelCodeHash(modelSpec.parse(spec), await compiled(sql), params);
}

describe("the code hash of a model", () => {
  it("ignores comments, formatting, descriptions, tags and the order of keys", async () => {
    const plain = await hash("select a, b from raw.t", { materialize: "table", key: "a", checks: [{ range: { column: "a", min: 1 } }] });
    const other = {
      checks: [{ range: { min: 1, column: "a" } }],
      key: ["a"],
      materialize: "table",
      description: "x",
      tags: ["y"],
      columns: { a: "text" },
    };
    expect(await hash("-- hello\nSELECT a,\n       b\nFROM raw.t;", other)).toBe(plain);
  });

  it("sees what changes the table: materialization, key, types, checks, values of parameters", async () => {
    const hashes = [
      await hash("select a from raw.t"),
      await hash("select a from raw.t", { materialize: "table" }),
      await hash("select a from raw.t", { key: "a" }),
      await hash("select a from raw.t", { columns: { a: { type: "BIGINT" } } }),
      await hash("select a from raw.t", { checks: [{ notNull: ["a"] }] }),
      await hash("select a from raw.t", {}, { "param.x": "1" }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it.each<[string, string, boolean]>([
    ["select a from raw.t", "select a, b from raw.t", true],
    ["select a from raw.t", "select a, b + 1 as d, row_number() over (order by a) as n from raw.t", true],
    ["select a, b from raw.t where c > 1", "select a, b, c from raw.t where c > 1", true],
    ["select a, b from raw.t", "select a from raw.t", false],
    ["select a from raw.t", "select b, a from raw.t", false],
    ["select a from raw.t", "select a + 0 as a, b from raw.t", false],
    ["select a from raw.t", "select a, b from raw.t where a > 1", false],
    ["select distinct a from raw.t", "select distinct a, b from raw.t", false],
    ["select a from raw.t group by all", "select a, b from raw.t group by all", false],
    ["select a from raw.t", "select a, unnest([1, 2]) as u from raw.t", false],
    ["select 1 as one", "select 1 as one, count(*) as n", false],
    ["select a from raw.t union select b from raw.t", "select a, 1 from raw.t union select b, 2 from raw.t", false],
  ])("%j → %j only adds columns: %j", async (before, after, additive) => {
    expect(isAdditive(await hash(before), await hash(after))).toBe(additive);
  });

  it("is no reason to reuse what differs at each run or is not seen", async () => {
    const reasons = rebuildReasons(
      await Promise.all(["select now() as n", "select * from 'x.parquet'", "select a from raw.t"].map(compiled)),
    );
    expect([...reasons.values()]).toEqual(["it reads the file x.parquet itself"]);
    expect(rebuildReasons([await compiled("select now() as n")]).get("m.x")).toBe("it uses now(), which differs at each run");
    expect(rebuildReasons([await compiled("select a from raw.t")]).size).toBe(0);
  });
});
