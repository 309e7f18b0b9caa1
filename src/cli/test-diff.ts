// How expected and actual rows stand beside each other for a person: one table, two lines per row that differs, `*` in front of each cell that does.
import type { JsonValue } from "../model/answers.ts";
import type { CellDifference, RowsDifference, TestRow } from "../model/test-answers.ts";
import { cellText, widthOf } from "./table.ts";
import { count, plural } from "./words.ts";

interface DiffColors {
  red(this: void, text: string): string;
  green(this: void, text: string): string;
  dim(this: void, text: string): string;
}

/** Rows of a kind in one table; more are counted. */
const ROWS_MAX = 10;
const COLUMNS_MAX = 8;
const CELL_CHARACTERS_MAX = 40;
/** Of a long text that is equal for a while, this much stands before the first difference. */
const CONTEXT_CHARACTERS = 12;

/** Lines without indentation. */
export function renderDifference(difference: RowsDifference, colors: DiffColors): readonly string[] {
  const { of, expectedRows, actualRows, order } = difference;
  if (order !== null)
    return [`${of}: the rows are the expected ones in another order: expected row ${order.row} is row ${order.found} of the result`];
  const told = (["changed", "missing", "unexpected"] as const).flatMap((what) => {
    const rows = difference.counts[what];
    return rows === 0 ? [] : [`${count(rows)} ${what}`];
  });
  const head = `${of}: ${plural(expectedRows, "row")} expected, ${count(actualRows)} found: ${told.join(", ")}`;
  const { changed, missing, unexpected, counts } = difference;
  const [own, lacking] = [changed.slice(0, ROWS_MAX), missing.slice(0, ROWS_MAX)];
  // Of each kind some, whatever there is more of.
  const shown = { ...difference, changed: own, missing: lacking, unexpected: unexpected.slice(0, ROWS_MAX) };
  const rest = counts.changed + counts.missing + counts.unexpected - own.length - lacking.length - shown.unexpected.length;
  const more = rest > 0 ? [colors.dim(`… and ${plural(rest, "row")} more`)] : [];
  return [head, "", ...table(columnsShown(difference), linesOf(shown), colors), ...more];
}

interface Line {
  readonly label: string;
  readonly side: "expected" | "actual";
  readonly cells: ReadonlyMap<string, { readonly text: string; readonly differs: boolean }>;
}

function linesOf({ changed, missing, unexpected }: RowsDifference): readonly Line[] {
  const both = changed.flatMap(({ expectedRow, actualRow, differences, same }): readonly Line[] => {
    const equal = Object.entries(same).map(([name, value]) => [name, { text: valueText(value), differs: false }] as const);
    const side = (which: "expected" | "actual"): Line["cells"] =>
      new Map<string, { readonly text: string; readonly differs: boolean }>([
        ...equal,
        ...differences.map((each) => [each.column, { text: differingText(each, which), differs: true }] as const),
      ]);
    return [
      { label: `expected ${expectedRow}`, side: "expected", cells: side("expected") },
      { label: `actual ${actualRow}`, side: "actual", cells: side("actual") },
    ];
  });
  const whole = (cells: TestRow): Line["cells"] =>
    new Map(Object.entries(cells).map(([name, value]) => [name, { text: valueText(value), differs: false }]));
  return [
    ...both,
    ...missing.map(({ row, cells }): Line => ({ label: `missing ${row}`, side: "expected", cells: whole(cells) })),
    ...unexpected.map(({ row, cells }): Line => ({ label: `unexpected ${row}`, side: "actual", cells: whole(cells) })),
  ];
}

/** Columns that differ come before others when there is not room for all; their order stays. */
function columnsShown({ columns, changed, missing, unexpected }: RowsDifference): readonly string[] {
  const differing = new Set(changed.flatMap(({ differences }) => differences.map(({ column }) => column)));
  const said = new Set([...changed.flatMap(({ same }) => Object.keys(same)), ...missing.flatMap(({ cells }) => Object.keys(cells))]);
  const compared = columns
    .map(({ name }) => name)
    .filter((name) => differing.has(name) || said.has(name) || (said.size === 0 && differing.size === 0 && unexpected.length > 0));
  const names = compared.length === 0 ? columns.map(({ name }) => name) : compared;
  const chosen = new Set([...names.filter((name) => differing.has(name)), ...names].slice(0, Math.max(COLUMNS_MAX, differing.size)));
  return names.filter((name) => chosen.has(name));
}

function table(columns: readonly string[], lines: readonly Line[], colors: DiffColors): readonly string[] {
  const header = ["", ...columns.map((name) => cellText(name))];
  const rows = lines.map(({ label, cells }) => [
    label,
    ...columns.map((name) => {
      const cell = cells.get(name);
      return cell === undefined ? "" : `${cell.differs ? "*" : " "}${cell.text}`;
    }),
  ]);
  const widths = header.map((_, index) =>
    Math.max(...[header, ...rows].map((row) => widthOf(row[index]!) + (row === header && index > 0 ? 1 : 0))),
  );
  const pad = (text: string, index: number): string => text + " ".repeat(Math.max(0, widths[index]! - widthOf(text)));
  const head = header
    .map((text, index) => pad(index > 0 ? ` ${text}` : text, index))
    .join(" ")
    .trimEnd();
  return [
    head,
    ...rows.map((row, at) => {
      const { side, cells } = lines[at]!;
      const paint = side === "expected" ? colors.green : colors.red;
      return row
        .map((text, index) => {
          const differs = index > 0 && cells.get(columns[index - 1]!)?.differs === true;
          return differs || (index === 0 && !lines[at]!.label.startsWith("actual")) ? paint(pad(text, index)) : pad(text, index);
        })
        .join(" ")
        .trimEnd();
    }),
  ];
}

/** Nothing is NULL; a text with blanks at its ends, or one that looks like something else, stands in quotes. */
function valueText(value: JsonValue): string {
  if (value === null) return "NULL";
  if (typeof value === "string" && (value === "" || value !== value.trim() || value === "NULL"))
    return cellText(JSON.stringify(value), CELL_CHARACTERS_MAX);
  return cellText(value, CELL_CHARACTERS_MAX);
}

function differingText({ expected, actual, expectedType, actualType }: CellDifference, which: "expected" | "actual"): string {
  const value = which === "expected" ? expected : actual;
  const type = which === "expected" ? expectedType : actualType;
  if (type !== undefined) return `${cellText(JSON.stringify(value), CELL_CHARACTERS_MAX)} (${type})`;
  const [one, other] = [wholeText(expected), wholeText(actual)];
  if (Math.max(one.length, other.length) <= CELL_CHARACTERS_MAX) return valueText(value);
  let equal = 0;
  while (equal < one.length && one[equal] === other[equal]) equal++;
  const from = Math.max(0, equal - CONTEXT_CHARACTERS);
  return `${from > 0 ? "…" : ""}${cellText((which === "expected" ? one : other).slice(from), CELL_CHARACTERS_MAX)}`;
}

function wholeText(value: JsonValue): string {
  return typeof value === "string" ? value : value === null ? "NULL" : JSON.stringify(value);
}
