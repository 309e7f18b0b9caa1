// How many rows the header has. A row that is wrongly taken for data is seen (text in a column of numbers); one that is wrongly taken for a name is
// lost without a word. So a row belongs to the header only beyond doubt:
//   H1. The first row does, when it contradicts the kinds of its columns, or is a full row of names where nothing but text stands.
//   H2. A further row with a digit, or with anything else that looks like a value, never does.
//   H3. Names may stand below rows of groups (`key,key,sale,sale` or `key,,sale,`): names are all there, all different, and contradict every column.
//   H4. One row of nothing but units or types may stand below the names.
import { familyOf, shapeOf, type Family } from "./cells.ts";
import type { ColumnProfile } from "./profile.ts";
import type { SampleRecord } from "./sample-records.ts";

export const HEADER_ROWS_MAX = 4;
const RECURRENCE_ROWS_MAX = 1000;
const NAME_CHARACTERS_MAX = 100;
/** Columns that hold more than text, which names must contradict to be told from a row of remarks (H3). */
const CONTRADICTED_COLUMNS_MIN = 2;
/** Kinds that a name never looks like. */
const SURE: ReadonlySet<Family | null> = new Set<Family>(["number", "moment", "time", "boolean", "address"]);
/** An amount with its unit, `0.25 USD`; `2010 sales` and `1st` may be names. */
const QUANTITY = /^[($€£¥+-]*\s*\d[\d.,' ]*\s*([$€£¥%°]|\p{L}{1,3}\.?)?\)?$/u;
const YEAR = /^(1[89]|2[01])\d\d$/;
/** H4: what is written below names to say what they are measured in, or what type they have. Any of it may stand in brackets. */
const UNITS: ReadonlySet<string> = new Set(
  (
    "% percent pct ratio count number num unit units pieces pcs each " +
    "usd eur gbp jpy chf cad aud cny inr sek nok dkk dollar dollars euro euros cents $ € £ ¥ " +
    "year years month months week weeks day days hour hours minute minutes second seconds yr yrs hr hrs h min s sec ms µs us ns utc date time datetime timestamp " +
    "m km cm mm µm nm mi mile miles ft feet foot in inch inches yd yards meter meters metre metres " +
    "g kg mg µg t lb lbs oz ton tons tonne tonnes gram grams l ml liter liters litre litres gal gallons " +
    "c °c f °f k kelvin celsius fahrenheit deg degree degrees ° pa hpa kpa mpa bar mbar psi atm hz khz mhz ghz v mv kv a ma w kw mw kwh mwh j kj mj n db ppm ppb mol " +
    "m/s km/h mph knots kph b kb mb gb tb bytes bits " +
    "text string str char varchar int integer bigint smallint float double decimal numeric real bool boolean"
  ).split(" "),
);

interface HeaderContext {
  readonly width: number;
  readonly rest: readonly SampleRecord[];
  readonly isUneven: boolean;
  readonly pinned: number | undefined;
}

/** The rows of the header, from `first` on, and how sure that is (0–1). */
export function headerOf(
  head: readonly SampleRecord[],
  first: number,
  profile: readonly ColumnProfile[],
  { width, rest, isUneven, pinned }: HeaderContext,
): { readonly rows: number; readonly confidence: number } {
  if (pinned !== undefined) return { rows: Math.min(pinned, Math.max(0, head.length - first)), confidence: 1 };
  const record = head[first];
  if (record === undefined) return { rows: isUneven ? 1 : 0, confidence: isUneven ? 0.5 : 0.9 };
  const verdict = verdictOn(record, profile, width);
  const contradicts = verdict.inFavour > 0 && verdict.against < verdict.inFavour;
  const rows = contradicts ? rowsFrom(head, first, profile, width) : 0;
  if (isUneven) return { rows: Math.max(1, rows), confidence: 0.5 };
  if (rows > 0) return { rows, confidence: Math.min(1, 0.8 + 0.1 * verdict.inFavour) };
  const isValue = (cell: string, column: number): boolean => {
    const kind = profile[column]?.kind ?? null;
    return SURE.has(kind) && (familyOf(shapeOf(cell)) === kind || (kind === "number" && isQuantity(cell.trim())));
  };
  if (record.cells.some((cell, column) => column < width && isValue(cell, column))) return { rows: 0, confidence: 0.9 };
  // Nothing but text: a header is a full row of different names that do not come back in their columns.
  const names = record.cells.map((cell) => cell.trim());
  // In a table of one column a name that comes back is a value; in a wider one it is the header again.
  const again = width === 1 && head.filter((other) => other !== record && other.cells[0] === record.cells[0]).length > 0;
  const recurs =
    again ||
    names.some(
      (name, column) =>
        name !== "" && rest.slice(0, RECURRENCE_ROWS_MAX).some((other) => other !== record && other.cells[column]?.trim() === name),
    );
  return { rows: looksNamed(record) && !recurs ? 1 : 0, confidence: 0.6 };
}

/** H2–H4; the first row is known to be one of the header. */
function rowsFrom(head: readonly SampleRecord[], first: number, profile: readonly ColumnProfile[], width: number): number {
  // A row of a header is whole, and something stands below it.
  const labels = (index: number): readonly string[] | null => {
    const record = head[index];
    if (record === undefined || index + 1 >= head.length || record.raw !== null || record.cells.length !== width) return null;
    const cells = record.cells.map((cell) => cell.trim());
    return cells.every(isLabel) ? cells : null;
  };
  let rows = 1;
  for (let above = 0; above < HEADER_ROWS_MAX - 1; above++) {
    const groups = labels(first + above);
    const names = labels(first + above + 1);
    if (groups === null || names === null || !areGroups(groups)) break;
    if (areNames(names, profile)) {
      rows = above + 2;
      break;
    }
  }
  const units = rows < HEADER_ROWS_MAX ? labels(first + rows) : null;
  return units !== null && areUnits(units, profile) ? rows + 1 : rows;
}

/** H2. An empty cell may be one of a header. */
function isLabel(cell: string): boolean {
  return cell === "" || (cell.length <= NAME_CHARACTERS_MAX && !/\d/.test(cell) && familyOf(shapeOf(cell)) === "text") || isUnit(cell);
}

/** A group stands above several columns: it is repeated beside itself, or followed by nothing. */
function areGroups(cells: readonly string[]): boolean {
  return cells.some((cell, column) => column > 0 && cells[column - 1] !== "" && (cell === "" || cell === cells[column - 1]));
}

function areNames(cells: readonly string[], profile: readonly ColumnProfile[]): boolean {
  const contradicted = cells.filter((_, column) => isStrict(profile[column])).length;
  return (
    contradicted >= CONTRADICTED_COLUMNS_MIN &&
    cells.every((cell) => cell !== "") &&
    new Set(cells.map((cell) => cell.toLowerCase())).size === cells.length
  );
}

/** H4: at least two columns of values, or half of them, have a unit, and nothing else stands in the row. */
function areUnits(cells: readonly string[], profile: readonly ColumnProfile[]): boolean {
  const strict = cells.filter((_, column) => isStrict(profile[column])).length;
  const measured = cells.filter((cell, column) => cell !== "" && isStrict(profile[column])).length;
  return cells.every((cell) => cell === "" || isUnit(cell)) && measured > 0 && (measured >= 2 || measured >= strict / 2);
}

function isUnit(cell: string): boolean {
  return UNITS.has(
    cell
      .replace(/^[([](.*)[)\]]$/, "$1")
      .trim()
      .toLowerCase(),
  );
}

function isStrict(profile: ColumnProfile | undefined): boolean {
  return profile !== undefined && profile.kind !== null && profile.kind !== "text";
}

function isQuantity(cell: string): boolean {
  return QUANTITY.test(cell) && !YEAR.test(cell.slice(0, 4));
}

function verdictOn(record: SampleRecord, profile: readonly ColumnProfile[], width: number): { inFavour: number; against: number } {
  const verdict = { inFavour: 0, against: 0 };
  // 2010, 2011, 2012 are names too.
  const numbers = record.cells
    .map((cell) => cell.trim())
    .filter((cell) => YEAR.test(cell))
    .map(Number);
  const areYears = numbers.length >= 3 && numbers.every((year, index) => index === 0 || year === (numbers[index - 1] ?? 0) + 1);
  for (let column = 0; column < width; column++) {
    const cell = (record.cells[column] ?? "").trim();
    const kind = profile[column]?.kind ?? null;
    if (kind === null || kind === "text" || cell === "") continue;
    const family = familyOf(shapeOf(cell));
    if (areYears && numbers.includes(Number(cell))) verdict.inFavour += 0.5;
    else if (family === kind && SURE.has(kind)) verdict.against++;
    else if (isQuantity(cell)) continue;
    else if (family === "text" || (family === "code" && kind !== "code")) verdict.inFavour++;
  }
  return verdict;
}

/** Could the row be one of names? */
export function looksNamed(record: SampleRecord): boolean {
  const names = record.cells.map((cell) => cell.trim());
  const given = names.filter((name) => name !== "");
  return (
    given.length >= Math.max(1, names.length * 0.6) &&
    new Set(given).size === given.length &&
    given.every((name) => name.length <= NAME_CHARACTERS_MAX && !/^[\d.,$%-]+$/.test(name))
  );
}
