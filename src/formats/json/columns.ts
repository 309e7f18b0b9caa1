// From what was seen in all records of a file to columns: the rule of types for JSON.
//   C1. A column has one type when all its values have it: boolean, integer (BIGINT, beyond it HUGEINT), number (DOUBLE while every value is given
//       back by a double, else DECIMAL up to 38 digits), ISO date or moment in a string. No value at all: text.
//   C2. Different scalars in one column: text, each value as it was written.
//   C3. Objects with the same keys throughout: STRUCT; lists of one kind: LIST; when there are at least two of them (one alone shows nothing: its
//       neighbour in the next file will differ) and not too many fields. Anything else with objects or lists in it: JSON, as it was written.
//   C4. A value that a type would change makes its column text, DECIMAL or JSON; never a rounded number.
import type { ColumnReading, StagedColumn } from "../format.ts";
import { SEEN, type Shape } from "./shape.ts";

const DECIMAL_DIGITS_MAX = 38;
/** Fields of a STRUCT, those within it included: DuckDB plans each of them. */
export const STRUCT_FIELDS_MAX = 64;
const NUMBERS = SEEN.integer | SEEN.bigint | SEEN.hugeint | SEEN.decimal | SEEN.wideDecimal | SEEN.unholdable;
const STRINGS = SEEN.text | SEEN.date | SEEN.timestamp | SEEN.instant;
const NESTED = SEEN.object | SEEN.array;

/** How a value stands in a rewritten copy: as it is; its text in quotes (a string: itself); its JSON in quotes, whatever it is. */
export type Writing = "same" | "text" | "json";

export interface ColumnPlan extends StagedColumn {
  readonly key: string;
  readonly writing: Writing;
  /** DuckDB's reader would not give this column from the file as it is. */
  readonly needsRewrite: boolean;
  /** Values that are not null, in all records. */
  readonly values: number;
}

type Typed = Pick<ColumnPlan, "type" | "exactText" | "why" | "writing" | "needsRewrite">;

/** Columns of records that are objects. */
export function planColumns(
  root: Shape,
  reading: ReadonlyMap<string, ColumnReading>,
  otherwise: ColumnReading,
): { readonly columns: readonly ColumnPlan[]; readonly needsRewrite: boolean } {
  const names = new Set<string>();
  let needsRewrite = false;
  const columns = root.members.map((member, index): ColumnPlan => {
    const name = uniqueName(member.key, index, names);
    if (name !== member.key) needsRewrite = true;
    const typed = typeColumn(member, reading.get(member.key.trim()) ?? otherwise);
    if (typed.needsRewrite) needsRewrite = true;
    return { ...typed, key: member.key, name, label: member.key, values: member.values };
  });
  return { columns, needsRewrite };
}

/** The one column of records that are not (all) objects. */
export function planValue(root: Shape, values: number, reading: ColumnReading, isMixed: boolean): ColumnPlan {
  const typed = isMixed ? json(root, "records of several kinds") : typeColumn(root, reading);
  return { ...typed, key: "value", name: "value", label: "value", values };
}

function uniqueName(key: string, index: number, taken: Set<string>): string {
  const base = key.replaceAll("\0", "_") === "" ? `column${index + 1}` : key.replaceAll("\0", "_");
  let name = base;
  for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${base}_${n}`;
  taken.add(name.toLowerCase());
  return name;
}

function typeColumn(shape: Shape, reading: ColumnReading): Typed {
  const flags = shape.flags;
  if (reading === "text") {
    const needsRewrite = (flags & (SEEN.oddNumber | SEEN.fragile)) !== 0;
    return { type: "VARCHAR", exactText: true, why: "read as text", writing: "text", needsRewrite };
  }
  if (shape.values === 0) return scalar("VARCHAR", true, "no values");
  if ((flags & NESTED) !== 0) {
    const isSure = shape.values > 1 && (flags & (SEEN.fragile | SEEN.duplicateKey)) === 0 && fieldsOf(shape) <= STRUCT_FIELDS_MAX;
    const type = isSure ? uniformType(shape) : null;
    if (type === null) return json(shape, whyJson(shape));
    const isList = (flags & SEEN.array) !== 0;
    return scalar(type, false, isList ? "lists of one kind" : "objects with the same keys throughout");
  }
  return typeScalars(shape);
}

function typeScalars(shape: Shape): Typed {
  const flags = shape.flags;
  const kinds = flags & (SEEN.boolean | NUMBERS | STRINGS);
  if (kinds === SEEN.boolean) return scalar("BOOLEAN", true, "true or false");
  if ((kinds & ~NUMBERS) === 0) return typeNumbers(shape);
  if ((kinds & ~STRINGS) === 0) {
    if (kinds === SEEN.date) return scalar("DATE", true, "strings that are all ISO dates");
    if ((kinds & ~(SEEN.date | SEEN.timestamp)) === 0) return scalar("TIMESTAMP", false, "strings that are all ISO dates or times");
    if (kinds === SEEN.instant) return scalar("TIMESTAMPTZ", false, "strings that are all ISO times with an offset");
    return scalar("VARCHAR", true, "strings");
  }
  return text(flags, "values of several kinds, as text");
}

function typeNumbers(shape: Shape): Typed {
  const kinds = shape.flags & NUMBERS;
  const exact = (shape.flags & SEEN.oddNumber) === 0;
  if (kinds === SEEN.integer || (kinds & ~(SEEN.integer | SEEN.bigint)) === 0) return scalar("BIGINT", exact, "integers");
  if ((kinds & ~(SEEN.integer | SEEN.bigint | SEEN.hugeint)) === 0) return scalar("HUGEINT", exact, "integers beyond 64 bits");
  if ((kinds & ~(SEEN.integer | SEEN.decimal)) === 0) return scalar("DOUBLE", false, "numbers");
  const isExact = (shape.flags & (SEEN.unholdable | SEEN.exponent)) === 0;
  if (isExact && shape.wholeDigits + shape.scale <= DECIMAL_DIGITS_MAX) {
    const why = "numbers with more digits than a DOUBLE holds";
    return { type: `DECIMAL(38,${shape.scale})`, exactText: false, why, writing: "text", needsRewrite: true };
  }
  return text(shape.flags, "numbers that no numeric type holds, as text");
}

/** The type of values that are all alike, or null. */
function uniformType(shape: Shape): string | null {
  const kinds = shape.flags & (SEEN.boolean | NUMBERS | STRINGS | NESTED);
  if (shape.values === 0) return "VARCHAR";
  if (kinds === SEEN.object) {
    if ((shape.flags & SEEN.uneven) !== 0 || shape.members.length === 0) return null;
    const lower = new Set(shape.members.map((member) => member.key.toLowerCase()));
    if (lower.size < shape.members.length || shape.members.some((member) => member.key === "" || member.key.includes("\0"))) return null;
    const fields = shape.members.map((member) => {
      const type = uniformType(member);
      return type === null ? null : `"${member.key.replaceAll('"', '""')}" ${type}`;
    });
    return fields.includes(null) ? null : `STRUCT(${fields.join(", ")})`;
  }
  if (kinds === SEEN.array) {
    if ((shape.flags & SEEN.uneven) !== 0 || shape.items === null || shape.items.values === 0) return null;
    const type = uniformType(shape.items);
    return type === null ? null : `${type}[]`;
  }
  if ((kinds & NESTED) !== 0) return null;
  const typed = typeScalars(shape);
  const isMixed = typed.type === "VARCHAR" && (kinds & STRINGS) !== kinds;
  return isMixed || typed.needsRewrite ? null : typed.type;
}

function fieldsOf(shape: Shape): number {
  const below = shape.members.reduce((sum, member) => sum + 1 + fieldsOf(member), 0);
  return below + (shape.items === null ? 0 : fieldsOf(shape.items));
}

function whyJson(shape: Shape): string {
  if ((shape.flags & SEEN.duplicateKey) !== 0) return "an object with the same key twice";
  if ((shape.flags & SEEN.fragile) !== 0) return "numbers inside that a DOUBLE would change";
  if ((shape.flags & (SEEN.boolean | NUMBERS | STRINGS)) !== 0) return "objects or lists beside other values";
  if (shape.values === 1) return "one object or list alone";
  if (fieldsOf(shape) > STRUCT_FIELDS_MAX) return `objects of more than ${STRUCT_FIELDS_MAX} fields`;
  return (shape.flags & SEEN.object) !== 0 ? "objects whose keys differ" : "lists of different things";
}

function scalar(type: string, exactText: boolean, why: string): Typed {
  return { type, exactText, why, writing: "same", needsRewrite: false };
}

function text(flags: number, why: string): Typed {
  return { type: "VARCHAR", exactText: true, why, writing: "text", needsRewrite: (flags & SEEN.oddNumber) !== 0 };
}

function json(shape: Shape, why: string): Typed {
  return { type: "JSON", exactText: false, why, writing: "json", needsRewrite: (shape.flags & SEEN.fragile) !== 0 };
}
