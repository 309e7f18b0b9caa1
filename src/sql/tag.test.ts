// sql`…`: what is put in stays what it is.
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, it } from "vitest";
import { sql } from "./tag.ts";

describe("sql", () => {
  it("quotes values and names so that DuckDB reads back what was put in", async () => {
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const text = `O'Hara"; drop table x; --`;
    const query = sql`select ${text} as ${sql.ident('we"ird')}, ${9007199254740993n} as big, ${null} as nothing, ${true} as yes, ${0.5} as half,
      2 in (${[1, 2]}) as listed, ${new Date(0)} = 'epoch'::timestamptz as at where ${sql`1 = ${1}`}`;
    const reader = await connection.runAndReadAll(query.text);
    expect(reader.getRowObjects()).toEqual([
      { 'we"ird': text, big: 9007199254740993n, nothing: null, yes: true, half: expect.anything(), listed: true, at: true },
    ]);
    connection.closeSync();
  });

  it("takes names apart at dots and lists columns", () => {
    expect(sql`${sql.ident("clean.sales")} ${sql.columns(["a", "b c"])}`.text).toBe('"clean"."sales" "a", "b c"');
  });

  it("refuses what cannot stand in SQL", () => {
    expect(() => sql`${{} as never}`).toThrow(expect.objectContaining({ code: "MR1902" }));
    expect(() => sql`${"a\0b"}`).toThrow(expect.objectContaining({ code: "MR1902" }));
  });
});
