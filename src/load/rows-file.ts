// Rows of JavaScript on their way into DuckDB: written as JSON lines to a temporary file, read by DuckDB with the types that all rows together
// have. Exact: integers of any size, dates, bytes; nothing is inferred from strings. Memory is one batch, whatever the number of rows.
// (0.7 M rows/s on two cores; hand-filled vectors would be twice as fast but rest on functions that node-api does not document.)
import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import type { StagedColumn } from "../formats/format.ts";
import { MillraceError } from "../model/errors.ts";
import { isNested } from "../schemas/nested.ts";
import type { Session } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";
import { integerKind, KIND, nestedJson, Place, textJson } from "./nested-place.ts";

/** The type of a column of objects and lists: one that takes them all exactly, else JSON. */
export type NestedType = (label: string, place: Place) => string;

const FLUSH_BYTES = 1 << 20;
const NESTED = KIND.object | KIND.list;

export class RowsFile {
  readonly path: string;
  /** Rows written. */
  rows = 0;
  private readonly descriptor: number;
  /** In the order in which the keys were first seen. */
  private readonly columns = new Map<string, { readonly cell: string; readonly place: Place }>();
  private readonly digest: Hash = createHash("sha256");
  private pending: string[] = [];
  private pendingBytes = 0;
  private lineBytesMax = 0;
  private isOpen = true;

  constructor(path: string) {
    this.path = path;
    this.descriptor = openSync(path, "wx", 0o600);
  }

  /** Adds one object. */
  add(row: Readonly<Record<string, unknown>>): void {
    const cells: string[] = [];
    for (const [key, value] of Object.entries(row)) {
      let column = this.columns.get(key);
      if (column === undefined) {
        column = { cell: cellName(this.columns.size), place: new Place() };
        this.columns.set(key, column);
      }
      if (value !== null && value !== undefined) cells.push(`"${column.cell}":${encode(value, column.place)}`);
    }
    const line = `{${cells.join(",")}}\n`;
    this.rows += 1;
    this.pending.push(line);
    this.pendingBytes += line.length;
    this.lineBytesMax = Math.max(this.lineBytesMax, line.length * 3);
    if (this.pendingBytes >= FLUSH_BYTES) this.flush();
  }

  /** Is there a column of objects or lists? */
  get hasNested(): boolean {
    return [...this.columns.values()].some(({ place }) => (place.kinds & NESTED) !== 0);
  }

  /** SHA-256 of everything added so far, hex; the file is complete after this. */
  finish(): string {
    this.flush();
    closeSync(this.descriptor);
    this.isOpen = false;
    return this.digest.update(JSON.stringify([...this.columns.keys()])).digest("hex");
  }

  /** Creates `into` with one column per key, in the order in which the keys were first seen. */
  async load(session: Session, into: string, nestedType: NestedType = () => "JSON"): Promise<readonly StagedColumn[]> {
    const temporary = into.startsWith("temp.") ? "temp " : "";
    const columns = [...this.columns].map(([label, { place }]) => ({ label, ...typeOf(label, place, nestedType) }));
    if (columns.length === 0 || this.rows === 0) {
      await session.run(`create ${temporary}table ${into} as select null::varchar as ${ident("_empty")} limit 0`);
      return [];
    }
    const names = distinctNames(columns.map((column) => column.label));
    const read = columns.map((column, index) => `${cellName(index)}: ${literal(column.read)}`).join(", ");
    const select = columns.map((column, index) => `${column.value(cellName(index))} as ${ident(names[index]!)}`).join(", ");
    const sizeMax = Math.max(16 << 20, this.lineBytesMax + 1024);
    await session.run(
      `create ${temporary}table ${into} as select ${select} from read_json(${literal(this.path)}, format = 'newline_delimited', records = 'true', maximum_object_size = ${sizeMax}, columns = {${read}})`,
    );
    return columns.map((column, index) => ({
      name: names[index]!,
      label: column.label,
      type: column.type,
      exactText: column.type !== "DOUBLE" && column.type !== "TIMESTAMP" && (column.type === "JSON" || !isNested(column.type)),
      why: column.why,
    }));
  }

  remove(): void {
    if (this.isOpen) closeSync(this.descriptor);
    this.isOpen = false;
    rmSync(this.path, { force: true });
  }

  private flush(): void {
    if (this.pending.length === 0) return;
    const bytes = Buffer.from(this.pending.join(""), "utf8");
    this.digest.update(bytes);
    for (let written = 0; written < bytes.length;) written += writeSync(this.descriptor, bytes, written);
    this.pending = [];
    this.pendingBytes = 0;
  }
}

/** One value as JSON, noting its kind. */
function encode(value: unknown, place: Place): string {
  switch (typeof value) {
    case "string":
      place.kinds |= KIND.text;
      return textJson(value);
    case "boolean":
      place.kinds |= KIND.boolean;
      return value ? "true" : "false";
    case "bigint":
      place.kinds |= integerKind(value);
      return value.toString();
    case "number":
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
        place.kinds |= KIND.integer;
        return String(value);
      }
      place.kinds |= KIND.double;
      return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value));
    default:
      return encodeObject(value, place);
  }
}

function encodeObject(value: unknown, place: Place): string {
  if (value instanceof Date) {
    place.kinds |= KIND.moment;
    return Number.isNaN(value.getTime()) ? "null" : JSON.stringify(value.toISOString());
  }
  if (value instanceof Uint8Array) {
    place.kinds |= KIND.bytes;
    return JSON.stringify(Buffer.from(value).toString("base64"));
  }
  // A function or a symbol is no value that JSON knows.
  if (typeof value !== "object" || value === null) return "null";
  try {
    return nestedJson(value, place);
  } catch (error) {
    throw endless(error);
  }
}

/** An object that holds itself, or thousands of levels: nothing that can be kept. Anything else as it was thrown. */
export function endless(error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  const message = "a value is nested without end: an object that holds itself, or thousands of levels";
  return new MillraceError({ code: "MR4018", message, hint: "yield plain values", cause: error });
}

interface ColumnType {
  /** Type of the column. */
  readonly type: string;
  /** Type under which read_json takes the cell. */
  readonly read: string;
  readonly value: (cell: string) => string;
  readonly why: string;
}

/** The type that holds all kinds seen, exactly; text when there is none. */
function typeOf(label: string, place: Place, nestedType: NestedType): ColumnType {
  const { kinds } = place;
  const only = (allowed: number): boolean => (kinds & ~allowed) === 0;
  const plain = (type: string, why: string): ColumnType => ({ type, read: type, value: (cell) => `${cell}::${type}`, why });
  if (kinds === 0) return plain("VARCHAR", "no row has a value");
  if (only(KIND.boolean)) return plain("BOOLEAN", "all values are booleans");
  if (only(KIND.integer | KIND.big)) return plain("BIGINT", "all values are integers");
  if (only(KIND.integer | KIND.big | KIND.wide)) return plain("HUGEINT", "integers beyond 64 bits");
  if (only(KIND.integer | KIND.double)) return plain("DOUBLE", "all values are numbers");
  if (only(KIND.moment))
    return { type: "TIMESTAMP", read: "VARCHAR", value: (cell) => `replace(${cell}, 'Z', '')::timestamp`, why: "all values are dates" };
  if (only(KIND.bytes)) return { type: "BLOB", read: "VARCHAR", value: (cell) => `from_base64(${cell})`, why: "all values are bytes" };
  if ((kinds & NESTED) !== 0) {
    if (!only(NESTED)) return plain("JSON", "objects or lists besides other values");
    const type = nestedType(label, place);
    return { ...plain(type, type === "JSON" ? "objects or lists" : "objects or lists of one kind"), value: (cell) => cell };
  }
  const names = Object.entries(KIND).flatMap(([name, bit]) => ((kinds & bit) === 0 ? [] : [name]));
  return plain("VARCHAR", only(KIND.text) ? "strings stay text" : `${names.join(" and ")} values: only text holds all`);
}

function distinctNames(labels: readonly string[]): string[] {
  const taken = new Set<string>();
  return labels.map((label, index) => {
    const bare = label === "" || label.includes("\0") ? `column_${index + 1}` : label;
    let name = bare;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${bare}_${n}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

/** Keys stand in the file under names of ours: a key may be anything, also two that SQL takes for one. */
function cellName(index: number): string {
  return `c${index}`;
}
