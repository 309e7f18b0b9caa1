// Cells of every kind through the SQL of parseExpression, in a real DuckDB; expected values written by hand.
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { beforeAll, describe, expect, it } from "vitest";
import type { MillraceError } from "../../model/errors.ts";
import { literal } from "../../sql/text.ts";
import { parseExpression, typeOfParse, type ParseRequest } from "./parse.ts";

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create()).connect();
});

const BAD = "bad";

/** Each cell as the text of its value, null, or BAD. */
async function read(request: ParseRequest, cells: readonly (string | null)[]): Promise<(string | null)[]> {
  const { value, bad } = parseExpression(request, "cell");
  const rows = cells.map((cell, index) => `(${index}, ${cell === null ? "NULL" : literal(cell)})`);
  const reader = await connection.runAndReadAll(
    `SELECT CASE WHEN ${bad} THEN '${BAD}' ELSE (${value})::VARCHAR END FROM (VALUES ${rows.join(", ")}) AS t(i, cell) ORDER BY i`,
  );
  return reader.getRows().map((row) => row[0] as string | null);
}

async function expectCells(request: ParseRequest, expected: Readonly<Record<string, string | null>>): Promise<void> {
  const cells = Object.keys(expected);
  const values = await read(request, cells);
  expect(Object.fromEntries(cells.map((cell, index) => [cell, values[index]]))).toEqual(expected);
}

describe("parse", () => {
  it("reads money with symbols, codes, separators and every way to be negative", async () => {
    await expectCells(
      { parse: "money" },
      {
        "$1,234.50": "1234.50",
        " $730,000 ": "730000.00",
        "$-": "0.00",
        "$ -   ": "0.00",
        "-": "0.00",
        "(5.00)": "-5.00",
        "($5)": "-5.00",
        "$(1,000)": "-1000.00",
        "-$5": "-5.00",
        "$-5": "-5.00",
        "5-": "-5.00",
        "5.00 EUR": "5.00",
        "USD 1,234": "1234.00",
        "1 234 567.5 €": "1234567.50",
        US$7: "7.00",
        "CHF 1'000.05": "1000.05",
        "": null,
        "  ": null,
        "12,34": BAD,
        "1.234,56": BAD,
        abc: BAD,
        $: BAD,
        "(-5)": BAD,
        "5 5": BAD,
        "1.999": BAD,
        $$5: BAD,
      },
    );
  });

  it("keeps as many decimals as the type of money has", async () => {
    await expectCells({ parse: "money", type: "decimal(18,4)" }, { "$3.599": "3.5990", "$3.59999": BAD, "$1.500000": "1.5000" });
    await expectCells({ parse: "money", type: "integer" }, { "$1,000.00": "1000", "$1.50": BAD });
  });

  it("reads percentages as shares", async () => {
    await expectCells({ parse: "percent" }, { "12.5%": "0.125", "7 %": "0.07", "7": "0.07", "-3%": "-0.03", "x%": BAD, "": null });
    await expectCells({ parse: "percent", type: "decimal(9,4)" }, { "12.34%": "0.1234", "12.345%": BAD });
  });

  it("reads decimal commas", async () => {
    await expectCells(
      { parse: "decimalComma" },
      { "1.234,56": "1234.56", "0,5": "0.5", "-12": "-12.0", "1 234,5": "1234.5", "12,50 €": "12.5", "1.23,4": BAD, "1,234.5": BAD },
    );
  });

  it("reads words for booleans", async () => {
    await expectCells({ parse: "boolean" }, { yes: "true", N: "false", "1": "true", Off: "false", TRUE: "true", maybe: BAD, "": null });
  });

  it("reads seconds and milliseconds since 1970", async () => {
    await expectCells(
      { parse: "epoch" },
      { "1600000000": "2020-09-13 12:26:40", "1600000000.25": "2020-09-13 12:26:40.25", "-1": "1969-12-31 23:59:59", x: BAD },
    );
    await expectCells({ parse: "epochMs" }, { "1600000000123": "2020-09-13 12:26:40.123", "16000000001234567": BAD });
  });

  it("reads JSON and refuses what is none", async () => {
    await expectCells({ parse: "json" }, { '{"a":1}': '{"a":1}', "{": BAD, "": null });
    await expectCells({ parse: "json", type: "integer[]" }, { "[1,2]": "[1, 2]" });
  });

  it("reads patterns", async () => {
    await expectCells({ parse: "%d/%m/%Y" }, { "31/12/2020": "2020-12-31", "12/31/2020": BAD, "2020-12-31": BAD, "": null });
    await expectCells({ parse: "%m/%d/%Y %H:%M" }, { "12/31/2020 17:05": "2020-12-31 17:05:00" });
    expect(typeOfParse("%d/%m/%Y")).toBe("DATE");
    expect(typeOfParse("%d/%m/%Y %H:%M")).toBe("TIMESTAMP");
  });

  it("refuses a word it does not know", () => {
    const hintFor = (parse: string): unknown => {
      try {
        return parseExpression({ parse }, "c");
      } catch (error) {
        expect(error).toMatchObject({ code: "MR3050" });
        return (error as MillraceError).hint;
      }
    };
    expect(hintFor("monye")).toMatch(/^did you mean "money"\? Else use money, percent, .*"%d\/%m\/%Y"\.$/);
    expect(hintFor("epoch_ms")).toMatch(/^did you mean "epochMs"\?/);
    expect(hintFor("zzzzzz")).toMatch(/^Use money, percent/);
  });
});

describe("a declared type", () => {
  it("takes integers only as integers", async () => {
    await expectCells(
      { type: "bigint" },
      {
        "12": "12",
        " 12 ": "12",
        "-3": "-3",
        "+7": "7",
        "007": "7",
        "5.0": "5",
        "1.5": BAD,
        "0x1F": BAD,
        "1_000": BAD,
        "1e3": BAD,
        "9223372036854775808": BAD,
        "": null,
      },
    );
    await expectCells({ type: "tinyint" }, { "127": "127", "128": BAD });
  });

  it("takes decimals only when all their digits fit", async () => {
    await expectCells(
      { type: "decimal(9,2)" },
      { "1.25": "1.25", "1.2": "1.20", "1.250": "1.25", "1.255": BAD, "12345678.00": BAD, ".5": "0.50", "1e2": BAD },
    );
    await expectCells({ type: "decimal(9,0)" }, { "12": "12", "12.00": "12", "12.5": BAD });
  });

  it("takes doubles, and says so when one is too large", async () => {
    await expectCells({ type: "double" }, { "1.5": "1.5", "1e3": "1000.0", "1e999": BAD, NaN: "nan", "-Infinity": "-inf", "1,5": BAD });
  });

  it("takes days without a time of day", async () => {
    await expectCells(
      { type: "date" },
      { "2020-02-29": "2020-02-29", "2021-02-29": BAD, "2020-01-02 00:00:00": "2020-01-02", "2020-01-02 10:00:00": BAD, "01/02/2020": BAD },
    );
  });

  it("takes timestamps to the microsecond and moves offsets to UTC", async () => {
    await expectCells(
      { type: "timestamp" },
      {
        "2020-01-02": "2020-01-02 00:00:00",
        "2020-01-02T03:04:05Z": "2020-01-02 03:04:05",
        "2020-01-02T03:04:05+02:00": "2020-01-02 01:04:05",
        "2020-01-02 03:04:05.123456": "2020-01-02 03:04:05.123456",
        "2020-01-02 03:04:05.1234567": BAD,
        yesterday: BAD,
      },
    );
  });

  it("takes instants, and a timestamp without an offset as UTC whatever the zone of the session", async () => {
    const cells = ["2020-01-02T03:04:05+02:00", "2020-01-02 03:04:05", "2020-01-02T03:04:05Z"];
    const { value, bad } = parseExpression({ type: "timestamptz" }, "cell");
    await connection.run("SET TimeZone = 'America/New_York'");
    const rows = await connection.runAndReadAll(
      `SELECT epoch_ms(${value})::BIGINT, ${bad} FROM (VALUES ${cells.map((cell) => `(${literal(cell)})`).join(", ")}) AS t(cell)`,
    );
    await connection.run("RESET TimeZone");
    const at = Date.UTC(2020, 0, 2, 3, 4, 5);
    expect(rows.getRows().map((row) => [Number(row[0]), row[1]])).toEqual([
      [at - 7_200_000, false],
      [at, false],
      [at, false],
    ]);
  });

  it("keeps text as it is, and makes the words of nulls NULL", async () => {
    await expectCells({ type: "text" }, { " a ": " a ", "": "" });
    await expectCells({ type: "text", nulls: ["NA", "-"] }, { NA: null, " NA ": null, na: "na" });
    await expectCells({ type: "integer", nulls: ["NA"] }, { NA: null, "1": "1", x: BAD });
  });
});
