// The CSV that stands in a test.
import { describe, expect, it } from "vitest";
import { parseCsv } from "./csv.ts";

describe("CSV in a test", () => {
  it("tells nothing from an empty text, and keeps quotes, commas and lines in cells", () => {
    const { columns, rows } = parseCsv('id, name ,note\n1,,""\r\n2,"a ""b"", c","two\nlines"\n\n3,x,\n');
    expect(columns).toEqual(["id", "name", "note"]);
    expect(rows).toEqual([
      { id: "1", name: null, note: "" },
      { id: "2", name: 'a "b", c', note: "two\nlines" },
      { id: "3", name: "x", note: null },
    ]);
  });

  it("reads a header alone, and lines without an end", () => {
    expect(parseCsv("a,b").rows).toEqual([]);
    expect(parseCsv("a\n1").rows).toEqual([{ a: "1" }]);
    expect(parseCsv("a,b\n,").rows).toEqual([{ a: null, b: null }]);
  });

  it.each([
    ["", "it has no header"],
    ["a,a\n1,2", '"a" stands twice'],
    ["a,b\n1", "line 2 has 1 cell, the header 2"],
    ['a\n"1', "never closed"],
    ['a\n"1"x', "behind a closing quote"],
  ])("says what is wrong with %j", (text, message) => {
    expect(() => parseCsv(text)).toThrow(message);
  });
});
