// Tables of pages: spans, choice, captions, headers, and pages that mean harm.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openReading, type ReadingBench } from "../tabular/reading.suite.ts";

let bench: ReadingBench;
beforeAll(async () => {
  bench = await openReading();
});
afterAll(() => bench.close());

const PAGE = `<!doctype html><html><body>
<h2>Menu</h2><table><tr><td>Home</td><td>About</td></tr></table>
<h2>Prices</h2><table id=prices class="data wide"><thead><tr><th colspan=2>Group<th rowspan=2>Total<tr><th>a<th>b</thead>
<tr><td>1<td rowspan=2>2<td>3<tr><td>4<td>5.5</table>
<div class=old><table><caption>Staff of 1999</caption><tr><th>Name</th><th>Zip</th></tr><tr><td>Ann<br>Bo</td><td>00123</td></tr></table></div>`;

describe("HTML tables", () => {
  it("takes the largest, joins header rows, and repeats what spans", async () => {
    const { columns, rows, staged } = await bench.read("page.html", PAGE);
    expect(columns).toEqual(["Group a BIGINT", "Group b BIGINT", "Total DECIMAL(18,1)"]);
    expect(rows).toEqual([
      ["1", "2", "3.0"],
      ["4", "2", "5.5"],
    ]);
    expect(staged.understood.doubts.join()).toContain("3 tables");
  });

  it.each([
    ["a number", { table: 3 }],
    ["a selector", { table: ".old table" }],
    ["a selector of what holds it", { table: "div[class=old]" }],
    ["a caption", { caption: "staff" }],
  ])("is chosen by %s", async (_, options) => {
    expect((await bench.read("page.html", PAGE, options)).rows).toEqual([["Ann\nBo", "00123"]]);
  });

  it("says which tables there are when none is meant", async () => {
    await expect(bench.read("page.html", PAGE, { table: 9 })).rejects.toMatchObject({
      code: "MR3254",
      hint: expect.stringContaining("#prices") as string,
    });
    await expect(bench.read("page.html", "<p>none</p>")).rejects.toMatchObject({ code: "MR3254" });
    await expect(bench.read("page.html", PAGE, { table: "a > b" })).rejects.toMatchObject({ code: "MR3255" });
  });

  it("reads the charset that the page names", async () => {
    const page = Buffer.from('<meta charset="iso-8859-1"><table><tr><th>n</th></tr><tr><td>caf\u00e9</td></tr></table>', "latin1");
    expect((await bench.read("page.htm", page)).rows).toEqual([["café"]]);
  });

  it("leaves tables within cells, scripts and broken tags where they are", async () => {
    const page = "<table><tr><th>a<th>b<tr><td>x<table><tr><td>inner</table><td>y<script>alert(1)</script><tr><td>z<td>w";
    expect((await bench.read("page.html", page)).rows).toEqual([
      ["x inner".replace(" ", "\n"), "y"],
      ["z", "w"],
    ]);
  });

  it("refuses spans that would fill the memory, and survives deep nesting", async () => {
    const bomb = `<table>${"<tr><td colspan=1000 rowspan=65534>x".repeat(200)}${"<tr>".repeat(60_000)}</table>`;
    await expect(bench.read("bomb.html", bomb)).rejects.toMatchObject({ code: "MR3256" });
    const deep = `${"<div>".repeat(3000)}<table><tr><th>a<tr><td>1</table>`;
    expect((await bench.read("deep.html", deep)).rows).toEqual([["1"]]);
  });
});
