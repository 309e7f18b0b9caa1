// How expected and actual rows stand beside each other for a person: one table, two lines per row that differs, `*` in front of each cell that does.
import type { JsonValue } from "../model/answers.ts";
import type { CellDifference, RowsDifference, TestRow } from "../model/test-answers.ts";
import { cellText, widthOf } from "./table.ts";
import { plural } from "./words.ts";

interface DiffColors {
  red(this: void, text: string): string;
  green(this: void, text: string): string;
  dim(this: void, text: string): string;
}

/** Rows of one table; more are counted. */
const ROWS_MAX = 20;
const COLUMNS_MAX = 8;
const CELL_CHARACTERS_MAX = 40;
/** Of a long text that is equal for a while, this much stands before the first difference. */
const CONTEXT_CHARACTERS = 12;

/** Lines without indentation. */
export function renderDifference(difference: RowsDifference, colors: DiffColors): readonly string[] {
  const { of, expectedRows, actualRows, order } = difference;
  if (order !== null)
    return [`${of}: the rows are the expected ones in another order: expected row ${order.row} is row ${order.found} of the result`];
  const counts = [
    [difference.changed.length, "changed"],
    [difference.missing.length, "missing"],
    [difference.unexpected.length, "unexpected"],
  ] as const;
  const told = counts.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`);
  const head = `${of}: ${plural(expectedRows, "row")} expected, ${actualRows} found: ${told.join(", ")}`;
  const lines = linesOf(difference);
  const shown = lines.slice(0, ROWS_MAX * 2);
  const columns = columnsShown(difference);
  const rest = difference.more + (lines.length - shown.length);
  return [head, "", ...table(columns, shown, colors), ...(rest > 0 ? [colors.dim(`… and ${rest} more lines`)] : [])];
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
  if (typeof expected !== "string" || typeof actual !== "string" || Math.max(expected.length, actual.length) <= CELL_CHARACTERS_MAX)
    return valueText(value);
  let equal = 0;
  while (equal < expected.length && expected[equal] === actual[equal]) equal++;
  const from = Math.max(0, equal - CONTEXT_CHARACTERS);
  return `${from > 0 ? "…" : ""}${cellText((value as string).slice(from), CELL_CHARACTERS_MAX)}`;
}
