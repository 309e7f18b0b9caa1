// What one cell looks like. Used to judge a dialect, to find the header and to check a repair; never to type a column (src/formats/types does, on every row).

export type Shape =
  | "empty"
  | "integer"
  | "decimal"
  | "grouped"
  | "money"
  | "percent"
  | "date"
  | "time"
  | "timestamp"
  | "boolean"
  | "address"
  | "code"
  | "word"
  | "text";
export type Family = "empty" | "number" | "moment" | "time" | "boolean" | "address" | "code" | "text";

const SHAPES: readonly (readonly [Shape, RegExp])[] = [
  ["integer", /^[+-]?\d+$/],
  ["decimal", /^[+-]?(\d+[.,]\d*|[.,]\d+)(e[+-]?\d+)?$|^[+-]?\d+e[+-]?\d+$/i],
  ["grouped", /^[+-]?\d{1,3}([,.' ]\d{3})+([.,]\d+)?$/],
  ["money", /^[($€£¥+-]*\s*[$€£¥]\s*\(?-?[\d.,\s]*-?\)?$|^-?[\d.,]+\s*[€£¥]$/],
  ["percent", /^[+-]?[\d.,]+\s*%$/],
  [
    "date",
    /^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}$|^\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})$|^\d{1,2}[- ][a-z]{3,9}\.?[- ,]+\d{2,4}$|^[a-z]{3,9}\.? \d{1,2}, ?\d{4}$/i,
  ],
  ["time", /^\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[ap]\.?m\.?)?$/i],
  [
    "timestamp",
    /^(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})[T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[ap]m|Z| ?[+-]\d{2}:?\d{2}| UTC)?$/i,
  ],
  ["address", /^\S+@\S+\.\S+$|^[a-z]{2,8}:\/\/\S+$|^\d{1,3}(\.\d{1,3}){3}$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i],
];
const NOTHING = /^(|-|--|\.|\?|null|nan|none|na|n\/a|n\.a\.|\\n)$/i;
/** Longer cells are text, whatever they hold. */
const SHAPED_CHARACTERS_MAX = 64;

/** `code` has no blanks and a digit; `word` is letters; `text` the rest. */
export function shapeOf(cell: string): Shape {
  const value = cell.trim();
  if (NOTHING.test(value)) return "empty";
  if (value.length <= SHAPED_CHARACTERS_MAX) {
    if (/\d|^[($€£¥+-]*\s*[$€£¥]/.test(value)) {
      for (const [shape, pattern] of SHAPES) if (pattern.test(value)) return shape;
    } else if (/^(true|false|yes|no)$/i.test(value)) return "boolean";
    else if (/^\S+@\S+\.\S+$|^[a-z]{2,8}:\/\/\S+$/i.test(value)) return "address";
    if (/^[^\s,;|]*\d[^\s,;|]*$/.test(value)) return "code";
  }
  return /^[\p{L}_.]+$/u.test(value) ? "word" : "text";
}

/** Families may share a column: 7 and 7.5 are one kind of thing, 7 and "north" are not. */
export function familyOf(shape: Shape): Family {
  switch (shape) {
    case "integer":
    case "decimal":
    case "grouped":
    case "money":
    case "percent":
      return "number";
    case "date":
    case "timestamp":
      return "moment";
    case "word":
    case "text":
      return "text";
    case "empty":
    case "time":
    case "boolean":
    case "address":
    case "code":
      return shape;
    default:
      return shape satisfies never;
  }
}

/** How believable an unquoted cell is as one cell, 0–1. A cell that still holds delimiters or outer quotes was probably cut wrongly. */
export function plausibilityOf(cell: string, shape: Shape, delimiter: string): number {
  const startsBlank = cell.startsWith(" ");
  if (shape !== "code" && shape !== "word" && shape !== "text") return startsBlank ? 0.95 : 1;
  const value = cell.trim();
  const first = value[0] ?? "";
  const last = value.at(-1);
  if ((first === '"' || first === "'") && (first === last || !value.includes(first, 1))) return 0.1;
  if (last === '"') return 0.1;
  if (delimiter !== "\t" && value.includes("\t")) return 0.2;
  if ((delimiter !== ";" && value.includes(";")) || (delimiter !== "|" && value.includes("|"))) return 0.25;
  if (delimiter !== "," && value.includes(",")) return 0.6;
  return startsBlank ? 0.85 : 0.95;
}
