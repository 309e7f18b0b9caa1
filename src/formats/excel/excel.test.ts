// Workbooks: written by a library of others (SheetJS) or by hand, part by part, and read by ours; .xls and .xlsx must say the same.
import { utils, write, type WorkBook, type WorkSheet } from "@e965/xlsx";
import * as fc from "fast-check";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openReading, type ReadingBench } from "../tabular/reading.suite.ts";
import { builtinKind, CLOCK, ELAPSED, kindOfFormat, MOMENT, NUMBER, serialText } from "./dates.ts";

let bench: ReadingBench;
beforeAll(async () => {
  bench = await openReading();
});
afterAll(() => bench.close());

function workbook(sheets: Readonly<Record<string, WorkSheet>>, hidden: readonly string[] = []): WorkBook {
  const book = utils.book_new();
  for (const [name, sheet] of Object.entries(sheets)) utils.book_append_sheet(book, sheet, name);
  book.Workbook = { Sheets: Object.keys(sheets).map((name) => ({ name, Hidden: hidden.includes(name) ? 1 : 0 })) };
  return book;
}
const bytesOf = (book: WorkBook, type: "xlsx" | "biff8"): Buffer => write(book, { type: "buffer", bookType: type }) as Buffer;

/** A package by hand: `rows` is what stands in sheetData. */
function byHand(
  rows: string,
  more: {
    readonly after?: string;
    readonly book?: string;
    readonly strings?: string;
    readonly styles?: string;
    readonly tag?: string;
  } = {},
): Buffer {
  const { tag = "" } = more;
  const main = `xmlns${tag === "" ? "" : `:${tag.slice(0, -1)}`}="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`;
  const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const relation = (id: string, type: string, target: string): string =>
    `<Relationship Id="${id}" Type="${office}/${type}" Target="${target}"/>`;
  const parts: Record<string, string> = {
    "[Content_Types].xml": "<Types/>",
    "_rels/.rels": `<Relationships>${relation("r", "officeDocument", "xl/workbook.xml")}</Relationships>`,
    "xl/workbook.xml": `<workbook xmlns:r="${office}">${more.book ?? ""}<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `<Relationships>${relation("r1", "worksheet", "worksheets/sheet1.xml")}${relation("r2", "sharedStrings", "sharedStrings.xml")}${relation("r3", "styles", "styles.xml")}</Relationships>`,
    "xl/worksheets/sheet1.xml": `<?xml version="1.0"?><${tag}worksheet ${main}><${tag}sheetData>${rows}</${tag}sheetData>${more.after ?? ""}</${tag}worksheet>`,
    "xl/sharedStrings.xml": `<sst>${more.strings ?? ""}</sst>`,
    "xl/styles.xml": `<styleSheet>${more.styles ?? ""}</styleSheet>`,
  };
  return Buffer.from(zipSync(Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, Buffer.from(text)]))));
}

function report(): WorkBook {
  const sheet = utils.aoa_to_sheet(
    [
      ["Report 2024"],
      [],
      ["id", "name", "price", "day", "at", "zip", "ok"],
      [1, 'Anna, "x"', 12.5, new Date(Date.UTC(2024, 0, 2)), new Date(Date.UTC(2024, 0, 2, 3, 4, 5)), "00123", true],
      [2, "Böb\nB", 0.1 + 0.2, new Date(Date.UTC(2024, 1, 29)), new Date(Date.UTC(2024, 0, 3)), "10001", false],
      [3, null, { t: "e", v: 0x2a }, null, null, "9"],
    ],
    { UTC: true, dateNF: "yyyy-mm-dd" },
  );
  for (const cell of ["E4", "E5"]) (sheet[cell] as { z: string }).z = "yyyy-mm-dd hh:mm:ss";
  return workbook(
    {
      Data: sheet,
      Other: utils.aoa_to_sheet([
        ["id", "note"],
        [9, "n"],
      ]),
      Secret: utils.aoa_to_sheet([["x"], [1]]),
    },
    ["Secret"],
  );
}

describe.each(["xlsx", "xls"] as const)("a workbook as .%s", (ending) => {
  const read = (options = {}, more = {}) =>
    bench.read(`w.${ending}`, bytesOf(report(), ending === "xls" ? "biff8" : "xlsx"), options, more);

  it("finds the header below a title, types, dates; text cells stay text; an error is a note", async () => {
    const { columns, rows, rejected, staged } = await read();
    expect(columns).toEqual(["id BIGINT", "name VARCHAR", "price DOUBLE", "day DATE", "at TIMESTAMP", "zip VARCHAR", "ok BOOLEAN"]);
    expect(rows).toEqual([
      ["1", 'Anna, "x"', "12.5", "2024-01-02", "2024-01-02 03:04:05", "00123", "true"],
      ["2", "Böb\nB", "0.30000000000000004", "2024-02-29", "2024-01-03 00:00:00", "10001", "false"],
      ["3", null, null, null, null, "9", null],
    ]);
    expect(rejected).toMatchObject([{ kind: "repaired", line: 6, rule: "errorCell" }]);
    expect(staged.lines).toEqual({ total: 6, header: 1, preamble: 1, blank: 1 });
    expect(staged.origins).toEqual([{ firstRow: 0, line: 4 }]);
  });

  it("takes error cells as text or sends their rows to quarantine, when told to", async () => {
    expect((await read({ errorCells: "text" })).rows[2]?.[2]).toBe("#N/A");
    const { rows, staged } = await read({}, { repair: "quarantine" });
    expect(rows).toHaveLength(2);
    expect(staged.records).toEqual({ read: 3, quarantined: 1, repaired: 0 });
  });

  it("takes sheets by name, number and pattern; hidden ones only by name", async () => {
    expect((await read({ sheet: "Other" })).rows).toEqual([["9", "n"]]);
    expect((await read({ sheet: 2 })).rows).toEqual([["9", "n"]]);
    const all = await read({ sheet: "*" });
    expect(all.columns.map((column) => column.split(" ")[0])).toEqual(["id", "name", "price", "day", "at", "zip", "ok", "note", "sheet"]);
    expect(all.rows.map((row) => row.at(-1))).toEqual(["Data", "Data", "Data", "Other"]);
    expect((await read({ sheet: "Secret" })).staged.understood.warnings).toEqual(["a hidden sheet was read"]);
    await expect(read({ sheet: "Nope" })).rejects.toMatchObject({
      code: "MR3263",
      hint: expect.stringContaining('"Secret" (hidden)') as string,
    });
  });

  it("reads everything as text, and a table where the user says it begins", async () => {
    expect((await read({}, { otherwise: "text" })).rows[0]).toEqual([
      "1",
      'Anna, "x"',
      "12.5",
      "2024-01-02",
      "2024-01-02 03:04:05",
      "00123",
      "true",
    ]);
    const { columns } = await read({ skipLines: 3, header: false });
    expect(columns[0]).toBe("column_1 BIGINT");
  });
});

describe("an .xlsx by hand", () => {
  const row = (line: number, cells: string): string => `<row r="${line}">${cells}</row>`;

  it("knows the 1904 system, cached values of formulas, formulas without one, inline texts and escapes", async () => {
    const rows = [
      row(
        1,
        '<c t="inlineStr"><is><t>when</t></is></c><c t="inlineStr"><is><r><t>n</t></r><r><t xml:space="preserve"> um</t></r></is></c><c t="inlineStr"><is><t>f</t></is></c>',
      ),
      row(2, '<c s="1"><v>0</v></c><c><f>A1*2</f><v>37.340000000000003</v></c><c t="str"><f>"a"</f><v>a_x000D_b &lt;</v></c>'),
      row(3, '<c s="1"><v>1462.5</v></c><c><f>B2</f></c><c t="s"><v>0</v></c>'),
    ];
    const styles = '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs>';
    const strings = "<si><r><t>sh</t></r><rPh sb='0' eb='1'><t>no</t></rPh><r><t>ared &#233;</t></r></si>";
    const { rows: found, staged } = await bench.read(
      "h.xlsx",
      byHand(rows.join(""), { book: '<workbookPr date1904="1"/>', styles, strings }),
    );
    expect(found).toEqual([
      ["1904-01-01 00:00:00", "37.34", "a\rb <"],
      ["1908-01-02 12:00:00", null, "shared é"],
    ]);
    expect(staged.understood.doubts.join()).toContain("1 formulas were saved without their value");
  });

  it("reads names with a prefix, cells and rows without a place, and gaps between rows", async () => {
    const rows = '<x:row><x:c t="str"><x:v>a</x:v></x:c></x:row><x:row r="5"><x:c><x:v>7</x:v></x:c></x:row>';
    const { rows: found, staged } = await bench.read("h.xlsx", byHand(rows, { tag: "x:" }));
    expect(found).toEqual([["7"]]);
    expect(staged.lines).toEqual({ total: 5, header: 1, preamble: 0, blank: 3 });
  });

  it("fills merged cells when told to, and joins headers of several rows", async () => {
    const cell = (place: string, text: string): string => `<c r="${place}" t="str"><v>${text}</v></c>`;
    const rows = [
      row(1, cell("A1", "who") + cell("B1", "sales")),
      row(2, cell("B2", "north") + cell("C2", "south")),
      row(3, `${cell("A3", "ann")}<c r="B3"><v>1</v></c><c r="C3"><v>2</v></c>`),
      row(4, '<c r="B4"><v>3</v></c><c r="C4"><v>4</v></c>'),
    ];
    const after = '<mergeCells><mergeCell ref="B1:C1"/><mergeCell ref="A3:A4"/></mergeCells>';
    const first = await bench.read("m.xlsx", byHand(rows.join(""), { after }), { header: 2 });
    expect(first.columns.map((column) => column.replace(/ [A-Z]+$/, ""))).toEqual(["who", "sales north", "sales south"]);
    expect(first.rows[1]).toEqual([null, "3", "4"]);
    expect((await bench.read("m.xlsx", byHand(rows.join(""), { after }), { header: 2, merged: "fill" })).rows[1]).toEqual([
      "ann",
      "3",
      "4",
    ]);
  });

  it("keeps cells that only a row far down has", async () => {
    const rows = Array.from({ length: 500 }, (_, k) => row(k + 1, k === 0 ? '<c t="str"><v>n</v></c>' : `<c><v>${k}</v></c>`));
    rows[450] = row(451, '<c><v>450</v></c><c/><c t="str"><v>far out</v></c>');
    const { columns, staged } = await bench.read("w.xlsx", byHand(rows.join("")));
    expect(columns).toEqual(["n BIGINT", "column_2 VARCHAR", "column_3 VARCHAR"]);
    expect(staged.rows).toBe(499);
    expect((await bench.connection.runAndReadAll("select n from staged where column_3 = 'far out'")).getRows()).toEqual([[450n]]);
  });

  it("refuses what is cut off, damaged, locked, disguised, or a bomb", async () => {
    const sound = byHand(row(1, "<c><v>1</v></c>"));
    for (const length of [3, 100, sound.length - 30]) {
      await expect(bench.read("t.xlsx", sound.subarray(0, length))).rejects.toMatchObject({ code: "MR3264" });
    }
    const broken = Buffer.from(zipSync({ "xl/workbook.xml": Buffer.from("<workbook>"), "[Content_Types].xml": Buffer.from("") }));
    await expect(bench.read("t.xlsx", broken)).rejects.toMatchObject({ code: "MR3264" });
    await expect(bench.read("t.xlsx", byHand('<row r="1"><c><v>1</v></c>').subarray(0))).rejects.toMatchObject({ code: "MR3264" });
    await expect(bench.read("t.xls", "<html><table><tr><td>1</td></tr></table></html>")).rejects.toMatchObject({
      code: "MR3264",
      hint: expect.stringContaining("html") as string,
    });
    // A part that says it is larger than it may be is refused before a byte of it is expanded.
    const bomb = Buffer.from(sound);
    const central = bomb.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
    bomb.writeUInt32LE(0xf000_0000, central + 24);
    await expect(bench.read("t.xlsx", bomb)).rejects.toMatchObject({ code: "MR3111" });
  });

  it("counts as a library of others does, in a thread", async () => {
    const rows = Array.from({ length: 20_000 }, (_, k) => [k, `text ${k % 977}, "${k}"`, k / 8, k % 3 === 0 ? null : `00${k}`]);
    const sheet = utils.aoa_to_sheet([["k", "t", "n", "z"], ...rows]);
    const { staged } = await bench.read("big.xlsx", bytesOf(workbook({ S: sheet }), "xlsx"));
    expect(staged.rows).toBe(20_000);
    const sums = await bench.connection.runAndReadAll(
      "select sum(k)::bigint, sum(length(t))::bigint, sum(n)::double, count(z) from staged",
    );
    const lengths = rows.reduce((sum, [, text]) => sum + String(text).length, 0);
    expect(sums.getRows()[0]?.map(Number)).toEqual([199_990_000, lengths, 199_990_000 / 8, 20_000 - 6667]);
  });

  it("gives back every number and text that a library of others wrote", async () => {
    const cells = fc.record({ n: fc.double({ noNaN: true, noDefaultInfinity: true }), t: fc.string({ minLength: 1, maxLength: 12 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(cells, { minLength: 1, maxLength: 8 }), async (values) => {
        const sound = values.map(({ n, t }) => ({ n: n === 0 ? 1 : n, t: `a${t.replaceAll(/[^\u0020-\u007e]/g, "")}` }));
        const sheet = utils.aoa_to_sheet([["n", "t"], ...sound.map(({ n, t }) => [n, t])]);
        const { rows } = await bench.read("p.xlsx", bytesOf(workbook({ S: sheet }), "xlsx"), { header: true });
        expect(rows.map(([n, t]) => [Number(n), t])).toEqual(sound.map(({ n, t }) => [n, t]));
      }),
      { numRuns: 25, seed: 7 },
    );
  });
});

describe("serial numbers", () => {
  it.each([
    [1, "1900-01-01"],
    [59, "1900-02-28"],
    [61, "1900-03-01"],
    [45_351, "2024-02-29"],
    [2_958_465, "9999-12-31"],
    [45_351.999_999_999, "2024-03-01"],
    [45_351.5, "2024-02-29 12:00:00"],
    [45_351.000_011_574, "2024-02-29 00:00:01"],
  ])("%d is %s in the 1900 system", (serial, text) => {
    expect(serialText(serial, MOMENT, false)).toBe(text);
  });

  it("has no day for the 29th of February 1900, for negative numbers and beyond 9999", () => {
    expect([60, -1, 2_958_467, Number.NaN].map((serial) => serialText(serial, MOMENT, false))).toEqual([null, null, null, null]);
  });

  it("agrees with the calendar of JavaScript on every day", () => {
    for (let serial = 61; serial < 80_000; serial += 13) {
      const expected = new Date(Date.UTC(1899, 11, 30) + serial * 86_400_000).toISOString().slice(0, 10);
      expect(serialText(serial, MOMENT, false)).toBe(expected);
      expect(serialText(serial - 1462, MOMENT, true) ?? "").toBe(serial < 1462 ? "" : expected);
    }
  });

  it("tells clocks and durations from days", () => {
    expect(serialText(0.75, CLOCK, false)).toBe("18:00:00");
    expect(serialText(1.25, ELAPSED, false)).toBe("30:00:00");
    const kinds = [
      "General",
      "0.00",
      "yyyy\\-mm\\-dd",
      "h:mm AM/PM",
      "[h]:mm:ss",
      "[Red]0.0",
      '"day" 0',
      "mm:ss.0",
      "d. mmm",
      "0.00E+00",
      "[$-409]mmmm d, yyyy;@",
    ];
    expect(kinds.map(kindOfFormat)).toEqual([NUMBER, NUMBER, MOMENT, CLOCK, ELAPSED, NUMBER, NUMBER, CLOCK, MOMENT, NUMBER, MOMENT]);
    expect([0, 14, 20, 22, 46, 49].map(builtinKind)).toEqual([NUMBER, MOMENT, CLOCK, MOMENT, ELAPSED, NUMBER]);
  });
});
