// The type of a column: what the stream's JSON Schema says, as long as every value has that form; else text, so that the contract decides.
//   C1. No value is changed to fit: integers, decimals and moments keep every digit, or the column is text.
//   C2. The type does not depend on the values as long as they keep to the schema, so that it is the same in every load.
import { isObject, type JsonObject } from "./messages.ts";

const SCALE_DEFAULT = 9;
const DIGITS_MAX = 38;
const DOUBLE_DIGITS_MAX = 17;

export type Declared =
  | { readonly kind: "boolean" | "integer" | "number" | "text" | "moment" | "date" | "time" | "nested" | "any" }
  | { readonly kind: "decimal"; readonly scale: number };

/** What a property of a JSON Schema says about the values. */
export function declaredOf(property: unknown): Declared {
  const types = new Set<string>();
  const facts: Record<string, unknown> = {};
  gather(property, types, facts);
  types.delete("null");
  if (types.size === 2 && types.has("integer") && types.has("number")) types.delete("integer");
  const isDecimal = facts["format"] === "singer.decimal" || facts["format"] === "decimal" || facts["format"] === "x-singer.decimal";
  // A number that may come as text as well is a decimal if the schema says so, text else.
  if (isDecimal && [...types].every((type) => type === "string" || type === "number" || type === "integer"))
    return { kind: "decimal", scale: scaleOf(facts) ?? SCALE_DEFAULT };
  const [only] = types;
  if (types.size === 0) return { kind: "any" };
  if (types.size > 1) return { kind: types.has("object") || types.has("array") ? "nested" : "text" };
  switch (only) {
    case "boolean":
      return { kind: "boolean" };
    case "integer":
      return { kind: "integer" };
    case "number": {
      const scale = scaleOf(facts);
      return scale === undefined ? { kind: "number" } : { kind: "decimal", scale };
    }
    case "object":
    case "array":
      return { kind: "nested" };
    default:
      return { kind: FORMATS[String(facts["format"])] ?? "text" };
  }
}

const FORMATS: Readonly<Record<string, "moment" | "date" | "time">> = { "date-time": "moment", date: "date", time: "time" };

function gather(property: unknown, types: Set<string>, facts: Record<string, unknown>): void {
  if (!isObject(property)) return;
  const { type } = property;
  for (const one of Array.isArray(type) ? type : [type]) if (typeof one === "string") types.add(one);
  for (const key of ["format", "multipleOf", "precision", "scale"]) if (property[key] !== undefined) facts[key] = property[key];
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const branches = property[key];
    if (Array.isArray(branches)) for (const branch of branches) gather(branch, types, facts);
  }
}

function scaleOf(facts: JsonObject): number | undefined {
  const { scale, multipleOf } = facts;
  if (typeof scale === "number" && Number.isInteger(scale) && scale >= 0 && scale <= DIGITS_MAX) return scale;
  if (typeof multipleOf !== "number" || !(multipleOf > 0) || multipleOf >= 1) return undefined;
  const [mantissa = "", exponent = "0"] = multipleOf.toString().split("e");
  const digits = (mantissa.split(".")[1]?.length ?? 0) - Number(exponent);
  return digits <= DIGITS_MAX - 1 ? digits : undefined;
}

/** The DuckDB type of what a schema declares. */
export function typeText(declared: Declared): string {
  switch (declared.kind) {
    case "boolean":
      return "BOOLEAN";
    case "integer":
      return "BIGINT";
    case "number":
      return "DOUBLE";
    case "decimal":
      return `DECIMAL(${DIGITS_MAX},${declared.scale})`;
    case "moment":
      return "TIMESTAMPTZ";
    case "date":
      return "DATE";
    case "time":
      return "TIME";
    case "nested":
      return "JSON";
    case "text":
    case "any":
      return "VARCHAR";
    default:
      return declared satisfies never;
  }
}

/** One column as its values come: keeps the type that all of them fit. */
export class Column {
  readonly label: string;
  private declared: Declared;
  private readonly seen = new Set<Kind>();
  private integerDigits = 0;
  private scale = 0;
  private isExactDouble = true;
  /** 3.0, 1e3 */
  private hasOddForm = false;
  private misfit: string | undefined;

  constructor(label: string, property: unknown) {
    this.label = label;
    this.declared = declaredOf(property);
  }

  /** A later SCHEMA of the same stream: the wider of both counts. */
  redeclare(property: unknown): void {
    const next = declaredOf(property);
    if (JSON.stringify(next) !== JSON.stringify(this.declared)) this.declared = wider(this.declared, next);
  }

  /** The value as text for the table; `raw` is its JSON text. */
  take(value: unknown, raw: string | undefined, line: number): string {
    if (typeof value === "string") {
      const { kind } = this.declared;
      this.note("text");
      if (kind === "moment") this.check(MOMENT.test(value), value, line);
      else if (kind === "date") this.check(DATE.test(value), value, line);
      else if (kind === "time") this.check(TIME.test(value), value, line);
      else if (kind === "decimal") this.check(this.takeNumber(value), value, line);
      else if (kind !== "text" && kind !== "any" && kind !== "nested") this.check(false, value, line);
      return kind === "nested" ? JSON.stringify(value) : value;
    }
    if (typeof value === "boolean") {
      this.note("boolean");
      if (this.declared.kind !== "boolean" && this.declared.kind !== "any") this.check(this.declared.kind === "nested", value, line);
      return String(value);
    }
    if (typeof value === "number") {
      const text = raw ?? String(value);
      const isInteger = this.takeNumber(text);
      const { kind } = this.declared;
      if (kind === "integer") this.check(isInteger && this.scaleOfText(text) === 0, text, line);
      else if (kind === "decimal") this.check(isInteger, text, line);
      else if (kind !== "number" && kind !== "any" && kind !== "nested") this.check(false, text, line);
      this.note(this.scaleOfText(text) === 0 ? "integer" : "number");
      return text;
    }
    this.note("nested");
    if (this.declared.kind !== "nested" && this.declared.kind !== "any") this.check(false, "an object or a list", line);
    return raw ?? JSON.stringify(value);
  }

  /** The type, SQL that makes it of the text `cell`, and why. */
  type(): { readonly type: string; readonly sql: (cell: string) => string; readonly exactText: boolean; readonly why: string } {
    const cast = (type: string, exactText: boolean, why = "by the schema of the stream") => ({
      type,
      sql: (cell: string) => `${cell}::${type}`,
      exactText,
      why,
    });
    if (this.misfit !== undefined) return cast("VARCHAR", true, `${this.misfit} does not fit the schema of the stream`);
    const { declared } = this;
    switch (declared.kind) {
      case "boolean":
        return cast("BOOLEAN", true);
      case "integer":
        return this.integer();
      case "number":
        return this.isExactDouble ? cast("DOUBLE", false) : this.decimal(Math.max(this.scale, SCALE_DEFAULT));
      case "decimal":
        return this.decimal(Math.max(this.scale, declared.scale));
      case "date":
        return { ...cast("DATE", false), sql: (cell) => `left(${cell}, 10)::DATE` };
      case "time":
        return cast("TIME", false);
      case "moment":
        return {
          ...cast("TIMESTAMPTZ", false),
          // A moment without a zone is one of UTC, whatever zone the session has.
          sql: (cell) =>
            `case when regexp_matches(${cell}, '(Z|z|[+-]\\d\\d(:?\\d\\d)?)$') and length(${cell}) > 10 then ${cell} else ${cell} || 'Z' end::TIMESTAMPTZ`,
        };
      case "nested":
        return cast("JSON", true);
      case "text":
        return cast("VARCHAR", true);
      case "any":
        return this.inferred();
      default:
        return declared satisfies never;
    }
  }

  private inferred(): ReturnType<Column["type"]> {
    const cast = (type: string, exactText: boolean) => ({
      type,
      sql: (cell: string) => `${cell}::${type}`,
      exactText,
      why: "the schema says no type",
    });
    const only = (...kinds: readonly Kind[]): boolean => [...this.seen].every((kind) => kinds.includes(kind));
    if (this.seen.size === 0) return cast("VARCHAR", true);
    if (only("boolean")) return cast("BOOLEAN", true);
    if (only("integer")) return this.integer();
    if (only("integer", "number")) return this.isExactDouble ? cast("DOUBLE", false) : this.decimal(Math.max(this.scale, SCALE_DEFAULT));
    if (only("nested")) return cast("JSON", true);
    return cast("VARCHAR", true);
  }

  private integer(): ReturnType<Column["type"]> {
    const type = this.integerDigits <= 18 ? "BIGINT" : this.integerDigits <= DIGITS_MAX ? "HUGEINT" : "VARCHAR";
    // 3.0 and 1e3 are integers of JSON Schema, and their text is no integer of SQL: they go through a decimal.
    const through = type === "VARCHAR" ? "" : this.scale > 0 || this.hasOddForm ? "::DECIMAL(38,0)" : "";
    return { type, sql: (cell) => `${cell}${through}::${type}`, exactText: through === "", why: "by the schema of the stream" };
  }

  private decimal(scale: number): ReturnType<Column["type"]> {
    const fits = this.integerDigits + scale <= DIGITS_MAX;
    const type = fits ? `DECIMAL(${DIGITS_MAX},${scale})` : "VARCHAR";
    return {
      type,
      sql: (cell) => `${cell}::${type}`,
      exactText: !fits,
      why: fits ? "by the schema of the stream" : `more than ${DIGITS_MAX} digits`,
    };
  }

  /** Is it a number at all? Notes how many digits it takes. */
  private takeNumber(text: string): boolean {
    const form = NUMBER.exec(text);
    if (form === null) return false;
    const [, whole = "", fraction = "", exponent = "0"] = form;
    const shift = Number(exponent);
    const digits = (whole + fraction).replace(/^0+/, "").replace(/0+$/, "").length;
    if (exponent !== "0" || fraction !== "") this.hasOddForm = true;
    this.integerDigits = Math.max(this.integerDigits, whole.replace(/^0+/, "").length + Math.max(0, shift));
    this.scale = Math.max(this.scale, this.scaleOfText(text));
    if (digits > DOUBLE_DIGITS_MAX || !Number.isFinite(Number(text)) || (Number(text) === 0 && digits > 0)) this.isExactDouble = false;
    return true;
  }

  private scaleOfText(text: string): number {
    if (/^-?\d+$/.test(text)) return 0;
    const [, , fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
    return Math.max(0, fraction.replace(/0+$/, "").length - Number(exponent));
  }

  private check(fits: boolean, value: unknown, line: number): void {
    if (!fits) this.misfit ??= `${JSON.stringify(String(value).slice(0, 40))} at message ${line}`;
  }

  private note(kind: Kind): void {
    this.seen.add(kind);
  }
}

type Kind = "boolean" | "integer" | "number" | "text" | "nested";

const NUMBER = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:?00)?)?$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?$/;
const MOMENT =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?:[Tt ]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?$/;

function wider(a: Declared, b: Declared): Declared {
  const kinds = new Set([a.kind, b.kind]);
  if (kinds.has("nested")) return { kind: "nested" };
  if (a.kind === "decimal" && b.kind === "decimal") return a.scale >= b.scale ? a : b;
  if (kinds.has("decimal") && (kinds.has("integer") || kinds.has("number"))) return a.kind === "decimal" ? a : b;
  if (kinds.has("integer") && kinds.has("number")) return { kind: "number" };
  if (kinds.has("date") && kinds.has("moment")) return { kind: "moment" };
  return a.kind === "any" ? b : b.kind === "any" ? a : { kind: "text" };
}
