// The rows of one table as a grid: colspan and rowspan repeat their cell in every place that it covers, as a reader sees it.
//   G1. Cells of a table within a cell are text of that cell, not rows of this table.
import { attributeOf, elementsOf, visibleText, type Element } from "./tree.ts";

/** What the standard allows a cell to cover. */
const COLSPAN_MAX = 1000;
const ROWSPAN_MAX = 65_534;
/** Cells of one table, those that spans make included. */
export const CELLS_MAX = 20_000_000;
const WIDTH_MAX = 5000;

export interface GridRow {
  readonly cells: readonly string[];
  /** Physical line of the row in the page, from 1. */
  readonly line: number;
  /** All its own cells are `th`, or it stands in `thead`. */
  readonly isHeader: boolean;
}

export class TooManyCells extends Error {}

export function rowsOf(table: Element): readonly Element[] {
  return elementsOf(table, (element) => element.tagName !== "table" && element.tagName !== "tr").filter(
    (element) => element.tagName === "tr",
  );
}

export function gridOf(table: Element): readonly GridRow[] {
  const rows: GridRow[] = [];
  let hanging: { readonly column: number; readonly text: string; rest: number }[] = [];
  let total = 0;
  for (const row of rowsOf(table)) {
    const cells: string[] = [];
    const next: typeof hanging = [];
    for (const cell of hanging) {
      cells[cell.column] = cell.text;
      if (--cell.rest > 0) next.push(cell);
    }
    const own = row.childNodes.filter((node): node is Element => "tagName" in node && (node.tagName === "td" || node.tagName === "th"));
    let column = 0;
    for (const cell of own) {
      while (cells[column] !== undefined) column++;
      const text = visibleText(cell);
      const colspan = spanOf(cell, "colspan", COLSPAN_MAX);
      const rowspan = spanOf(cell, "rowspan", ROWSPAN_MAX);
      for (let k = 0; k < colspan && column < WIDTH_MAX; k++, column++) {
        cells[column] = text;
        if (rowspan > 1) next.push({ column, text, rest: rowspan - 1 });
      }
    }
    hanging = next;
    total += cells.length;
    if (total > CELLS_MAX) throw new TooManyCells();
    const isHeader = own.length > 0 && (own.every((cell) => cell.tagName === "th") || isInHead(row));
    rows.push({ cells: Array.from(cells, (cell) => cell ?? ""), line: row.sourceCodeLocation?.startLine ?? 1, isHeader });
  }
  return rows;
}

function isInHead(row: Element): boolean {
  return row.parentNode !== null && "tagName" in row.parentNode && row.parentNode.tagName === "thead";
}

/** rowspan=0 reaches to the end of its group; to the end of the table is near enough. */
function spanOf(cell: Element, name: "colspan" | "rowspan", most: number): number {
  const given = Number.parseInt(attributeOf(cell, name) ?? "1", 10);
  if (name === "rowspan" && given === 0) return most;
  return Number.isNaN(given) || given < 1 ? 1 : Math.min(given, most);
}
