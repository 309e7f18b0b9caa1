// Tables, CSV and cells as text.
import fc from "fast-check";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { renderCsv } from "../platform/csv.ts";
import { cellText, printable, renderMarkdown, renderTable, widthOf } from "./table.ts";

describe("renderTable", () => {
  it("holds more rows than a call has room for arguments", () => {
    const rows = Array.from({ length: 300_000 }, (_, index) => [index]);
    expect(renderTable(["n"], rows).split("\n")).toHaveLength(300_001);
  });

  it("aligns text left and numbers right", () => {
    expect(
      renderTable(
        ["name", "n"],
        [
          ["a", 5],
          ["bcd", 12345],
        ],
      ),
    ).toBe("name      n\na         5\nbcd   12345");
  });

  it("counts wide characters as two columns and combining marks as none", () => {
    expect(widthOf("日本")).toBe(4);
    expect(widthOf("e\u0301")).toBe(1);
  });

  it("shows only the header when there are no rows", () => {
    expect(renderTable(["a", "b"], [])).toBe("a  b");
  });
});

describe("text from data", () => {
  it("cannot move the cursor or colour the terminal", () => {
    expect(printable("a\u001b[31mred\u0007")).toBe("a�[31mred�");
    expect(cellText("two\nlines\tand a tab")).toBe("two⏎lines⇥and a tab");
  });
});

describe("renderCsv", () => {
  it("gives back every text and tells empty from NULL", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.oneof(fc.string(), fc.constant(null)))), (rows) => {
        const csv = renderCsv([["a", "b"], ...rows]);
        const read = parse(`${csv}\n`, {
          cast: (value, { quoting }) => (value === "" && !quoting ? null : value),
          relax_column_count: false,
          skip_empty_lines: false,
        }) as unknown[][];
        expect(read.slice(1)).toEqual(rows);
      }),
    );
  });
});

describe("renderMarkdown", () => {
  it("escapes the bar", () => {
    expect(renderMarkdown(["a"], [["x|y"]])).toBe("| a |\n|---|\n| x\\|y |");
  });
});
