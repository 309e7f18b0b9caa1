// Tables as text: aligned columns for people, Markdown for documents, CSV for programs.
import type { JsonValue } from "../model/answers.ts";

const CELL_CHARACTERS_MAX = 60;

/** Display width: wide East Asian characters and emoji take two columns, combining marks none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 32 || (code >= 0x300 && code <= 0x36f) || code === 0x200d || (code >= 0xfe00 && code <= 0xfe0f)) continue;
    const wide =
      (code >= 0x1100 && code <= 0x115f) ||
      (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) ||
      (code >= 0x1f300 && code <= 0x1faff);
    width += wide ? 2 : 1;
  }
  return width;
}

/** What stands in a cell: control characters made visible, so that data cannot move the cursor or colour the terminal. */
export function cellText(value: JsonValue | undefined, charactersMax = CELL_CHARACTERS_MAX): string {
  const text = value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const visible = printable(text).replaceAll("\n", "⏎").replaceAll("\t", "⇥");
  return visible.length > charactersMax ? `${visible.slice(0, charactersMax - 1)}…` : visible;
}

/** Text from data or errors without control characters other than line feed and tab. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are exactly the characters that must not reach a terminal
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) =>
    character === "\r" ? "␍" : "�",
  );
}

export function renderTable(
  header: readonly string[],
  rows: readonly (readonly (JsonValue | undefined)[])[],
  rightAligned: ReadonlySet<number> = numericColumns(rows),
): string {
  const cells = [header.map((name) => cellText(name)), ...rows.map((row) => header.map((_, index) => cellText(row[index])))];
  const widths = header.map((_, index) => cells.reduce((widest, row) => Math.max(widest, widthOf(row[index]!)), 0));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => {
        const space = " ".repeat(widths[index]! - widthOf(cell));
        return rightAligned.has(index) ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd();
  return cells.map(line).join("\n");
}

export function renderMarkdown(header: readonly string[], rows: readonly (readonly JsonValue[])[]): string {
  const line = (cells: readonly (JsonValue | undefined)[]): string =>
    `| ${cells.map((cell) => cellText(cell, Infinity).replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), `|${header.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

function numericColumns(rows: readonly (readonly (JsonValue | undefined)[])[]): ReadonlySet<number> {
  const numeric = new Set<number>();
  for (const index of rows[0]?.keys() ?? []) {
    const filled = rows.map((row) => row[index]).filter((cell) => cell !== null && cell !== undefined);
    if (filled.length > 0 && filled.every((cell) => typeof cell === "number")) numeric.add(index);
  }
  return numeric;
}
