import { describe, expect, it } from "vitest";
import { analysisCopy, parametersOf } from "./copy.ts";
import { scanSql } from "./scan.ts";

describe("the words of a query", () => {
  it("leave out comments, nested ones too, and keep strings and names whole", () => {
    const sql = `select 'it''s', e'\\'x', "a ""b""", $$ $x -- $$, $tag$ ; $tag$ /* a /* b */ ; */ -- ;\n, été, 1.5e3, .5, ?, $1`;
    expect(
      scanSql(sql)
        .filter(({ text }) => text !== ",")
        .map(({ kind, text }) => `${kind} ${text}`),
    ).toEqual([
      "word select",
      "string 'it''s'",
      "string e'\\'x'",
      'quoted "a ""b"""',
      "string $$ $x -- $$",
      "string $tag$ ; $tag$",
      "word été",
      "number 1.5e3",
      "number .5",
      "parameter ?",
      "parameter $1",
    ]);
  });

  it("end where the text ends, even inside a string, a comment or a quoted name", () => {
    for (const open of ["select 'x", 'select "x', "select /* x", "select $$ x", "select e'x\\", "select $"])
      expect(scanSql(open).at(-1)!.end).toBeLessThanOrEqual(open.length);
  });
});

describe("parameters", () => {
  it("are found by name, those of a job with their field, none inside strings and comments", () => {
    expect(parametersOf(`select $start, $param.region, $param."two words", '$end', "$now" -- $partition`)).toEqual([
      "param.region",
      "param.two words",
      "start",
    ]);
    expect(parametersOf("select 1")).toEqual([]);
  });
});

describe("the copy that is analysed", () => {
  it("leads every place back to the user's text", () => {
    const sql = "select $start as s, é, $param.x as x from t;";
    const copy = analysisCopy(sql);
    expect(copy.text).not.toMatch(/\$|;/);
    for (const word of [" as s", "é", ".x as x", "from t"]) expect(copy.originalOffset(copy.text.indexOf(word))).toBe(sql.indexOf(word));
    expect(copy.originalOffset(copy.text.indexOf("TIMESTAMP"))).toBe(sql.indexOf("$start"));
  });

  it.each([
    ["pivot t on a using sum(b)", "pivot t on a IN ('__pivot') using sum(b)"],
    ["pivot t on a, b || c group by d", "pivot t on a IN ('__pivot'), b || c IN ('__pivot') group by d"],
    ["pivot t on a in (1, 2), f(b, c)", "pivot t on a in (1, 2), f(b, c) IN ('__pivot')"],
    ["from (pivot (select * from u join v on u.a = v.a) on a)", "from (pivot (select * from u join v on u.a = v.a) on a IN ('__pivot'))"],
    ["from t pivot (sum(a) for b in (1, 2))", "from t pivot (sum(a) for b in (1, 2))"],
    ["select pivot from t join u on t.a = u.a", "select pivot from t join u on t.a = u.a IN ('__pivot')"],
  ])("gives a PIVOT values: %j", (sql, text) => {
    expect(analysisCopy(sql, { pivots: "fill" }).text).toBe(text);
  });
});
