// XML: records by their way, attributes, lists, namespaces, encodings, large files in bounded memory, and documents that mean harm.
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openReading, type ReadingBench } from "../tabular/reading.suite.ts";

let bench: ReadingBench;
beforeAll(async () => {
  bench = await openReading();
});
afterAll(() => bench.close());

const ITEMS = `<?xml version="1.0"?><root xmlns:x="urn:x"><meta>1</meta><items>
<item id="007"><name>A &amp; B</name><price>12.50</price><tag>x</tag><tag>y</tag></item>
<item id="008"><name><![CDATA[<C>]]></name><price cur="EUR">3</price><tag>z</tag><x:ok>true</x:ok></item></items></root>`;

describe("XML", () => {
  it("makes records of the elements of a way; an element that repeats anywhere is a list everywhere", async () => {
    const { columns, rows, staged } = await bench.read("a.xml", ITEMS, { rows: "/root/items/item" });
    expect(columns).toEqual(["@id VARCHAR", "name VARCHAR", 'price STRUCT("@cur" VARCHAR, "#text" DOUBLE)', "tag VARCHAR[]", "ok BOOLEAN"]);
    expect(rows.map((row) => [row[0], row[1], row[3], row[4]])).toEqual([
      ["007", "A & B", "[x, y]", null],
      ["008", "<C>", "[z]", "true"],
    ]);
    expect(staged.origins).toEqual([{ firstRow: 0, line: 2 }]);
  });

  it("finds the records itself, keeps prefixes when told to, and takes a star for any name", async () => {
    expect((await bench.read("a.xml", ITEMS)).staged.understood.doubts[0]).toContain("/root/items/item");
    expect((await bench.read("a.xml", ITEMS, { prefixes: "keep" })).columns.join()).toContain("x:ok BOOLEAN");
    expect((await bench.read("a.xml", ITEMS, { rows: "/root/*/item" })).rows).toHaveLength(2);
  });

  it("names the ways there are when the given one leads nowhere", async () => {
    await expect(bench.read("a.xml", ITEMS, { rows: "/root/itms" })).rejects.toMatchObject({
      code: "MR3257",
      hint: expect.stringContaining("/root/items/item (2)") as string,
    });
  });

  it("sets a document aside whole that is cut off, or refuses it", async () => {
    const { rows, rejected } = await bench.read("a.xml", ITEMS.slice(0, 200));
    expect(rows).toEqual([]);
    expect(rejected).toMatchObject([{ rule: "invalidXml", raw: ITEMS.slice(0, 200) }]);
    await expect(bench.read("a.xml", ITEMS.slice(0, 200), { invalid: "fail" })).rejects.toMatchObject({ code: "MR3260" });
  });

  it("refuses entities before anything is expanded, and never looks at what a document names outside", async () => {
    const bomb = `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><r><i>&b;</i><i>1</i></r>`;
    await expect(bench.read("bomb.xml", bomb)).rejects.toMatchObject({ code: "MR3258" });
    const outside = `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><i>&x;</i></r>`;
    await expect(bench.read("xxe.xml", outside)).rejects.toMatchObject({ code: "MR3258" });
  });

  it("sets deep nesting aside", async () => {
    const { rejected } = await bench.read("deep.xml", `<r>${"<a>".repeat(5000)}${"</a>".repeat(5000)}</r>`);
    expect(rejected[0]?.reason).toContain("deep");
  });

  it("reads UTF-16 and windows-1252 by mark and declaration", async () => {
    const utf16 = Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-16"?><r><i>é</i><i>ü</i></r>`, "utf16le");
    expect((await bench.read("u.xml", utf16)).rows).toEqual([["é"], ["ü"]]);
    const latin = Buffer.from(`<?xml version="1.0" encoding="windows-1252"?><r><i>\u0080</i><i>\u00e9</i></r>`, "latin1");
    expect((await bench.read("l.xml", latin)).rows).toEqual([["€"], ["é"]]);
  });

  it("streams a large document in a thread", async () => {
    const many = Array.from({ length: 30_000 }, (_, k) => `<row n="${k}"><v>${k * 2}</v><w>${k % 7 === 0 ? "" : `t${k}`}</w></row>`);
    const { staged } = await bench.read("big.xml", `<rows>${many.join("\n")}</rows>`);
    expect(staged.rows).toBe(30_000);
    const sums = await bench.connection.runAndReadAll(`select sum("@n")::bigint, sum(v)::bigint, count(w) from staged`);
    expect(sums.getRows()[0]?.map(Number)).toEqual([449_985_000, 899_970_000, 30_000 - 4286]);
  });

  it("keeps any text that XML can say", async () => {
    const text = fc
      .string({ minLength: 1, maxLength: 20, unit: "grapheme" })
      .filter((each) => /^[^\p{C}]+$/u.test(each) && each.trim() !== "");
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 2, maxLength: 6 }), async (texts) => {
        const escaped = texts.map(
          (each) => `<i><t>x${each.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")}</t></i>`,
        );
        const { rows } = await bench.read("p.xml", `<r>${escaped.join("")}</r>`, { rows: "/r/i" });
        expect(rows).toEqual(texts.map((each) => [`x${each}`]));
      }),
      { numRuns: 25, seed: 5 },
    );
  });

  it("is known by its contents; a compressed one is another file's affair", async () => {
    expect((await bench.read("data", ITEMS)).format).toBe("xml");
    await expect(bench.read("data2", gzipSync(ITEMS))).rejects.toMatchObject({ code: "MR3104" });
  });
});
