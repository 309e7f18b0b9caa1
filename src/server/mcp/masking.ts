// Personal values do not go to an agent: columns whose names tell of persons or that are declared `pii:`, all that is made of such, and values that are
// addresses, telephone, account or card numbers.
import type { Ask } from "../../client/ask.ts";
import type { JsonValue } from "../../model/json.ts";
import { tellsOfPersons } from "../../model/personal.ts";

export interface MaskedRows {
  readonly rows: readonly (readonly JsonValue[])[];
  /** Columns in which something was masked. */
  readonly masked: readonly string[];
}

const MASK = "[masked]";
const SECRET = /(^|_)(password|passwd|secret|token|api_?key|private_?key|credential)s?$/i;
const EMAIL = /[^\s@<>"']+@[^\s@<>"']+\.[a-z]{2,}/gi;
const IBAN = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g;
const SSN = /\b\d{3}-\d{2}-\d{4}\b/g;
const PHONE = /(?<![\w.])\+\d[\d ()./-]{7,17}\d(?!\w)/g;
const CARD = /\b(?:\d[ -]?){13,19}\b/g;

/** Whether the column at a place of an answer is masked for its origin. */
export type Origins = (index: number, columns: number) => boolean;

/** What a query's answer is made of; where that cannot be read, all of it is masked. */
export async function originsOf(ask: Ask, sql: string, signal: AbortSignal): Promise<Origins> {
  const { columns, isAll } = await ask("query.personal", { sql }, { signal });
  return (index, many) =>
    isAll || (columns !== null && (columns.length === many ? columns[index]!.isPersonal : columns.some(({ isPersonal }) => isPersonal)));
}

/** Every row of an asset, in SQL. */
export function rowsOf(asset: string): string {
  const names = asset.split(".").map((name) => `"${name.replaceAll('"', '""')}"`);
  return `from ${names.join(".")}`;
}

/** One value of an asset's column. */
export type MaskCell = (column: string, value: JsonValue) => JsonValue;

export async function cellsOf(ask: Ask, asset: string): Promise<MaskCell> {
  const { columns, isAll } = await ask("query.personal", { sql: rowsOf(asset) });
  const personal = new Set((columns ?? []).flatMap(({ name, isPersonal }) => (isPersonal ? [name] : [])));
  return (column, value) => maskRows([{ name: column }], [[value]], () => isAll || personal.has(column)).rows[0]![0]!;
}

export function maskRows(
  columns: readonly { readonly name: string }[],
  rows: readonly (readonly JsonValue[])[],
  isPersonal: Origins = () => false,
): MaskedRows {
  const personal = columns.map(({ name }, index) => tellsOfPersons(name) || SECRET.test(name) || isPersonal(index, columns.length));
  const masked = new Set<string>();
  const maskCell = (value: JsonValue, index: number): JsonValue => {
    const made = personal[index] === true && value !== null ? MASK : maskValue(value);
    if (made !== value) masked.add(columns[index]!.name);
    return made;
  };
  return { rows: rows.map((row) => row.map(maskCell)), masked: [...masked] };
}

/** Everywhere in a value, nested ones included; the same value where there is nothing to mask. */
function maskValue(value: JsonValue): JsonValue {
  if (typeof value === "string") return maskText(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const made = (value as readonly JsonValue[]).map(maskValue);
    return made.some((each, index) => each !== value[index]) ? made : value;
  }
  const made = Object.entries(value).map(
    ([key, inner]) => [key, (tellsOfPersons(key) || SECRET.test(key)) && inner !== null ? MASK : maskValue(inner)] as const,
  );
  return made.some(([key, inner]) => inner !== (value as Readonly<Record<string, JsonValue>>)[key]) ? Object.fromEntries(made) : value;
}

export function maskText(text: string): string {
  return text
    .replaceAll(EMAIL, MASK)
    .replaceAll(SSN, MASK)
    .replaceAll(IBAN, (found) => (isIban(found) ? MASK : found))
    .replaceAll(CARD, (found) => (isCard(found) ? MASK : found))
    .replaceAll(PHONE, MASK);
}

/** Luhn's sum. */
function isCard(text: string): boolean {
  const digits = text.replaceAll(/\D/g, "");
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return digits.length >= 13 && sum % 10 === 0 && !/^0+$/.test(digits);
}

/** ISO 13616: the number it stands for leaves 1 when divided by 97. */
function isIban(text: string): boolean {
  const plain = text.replaceAll(" ", "");
  if (plain.length < 15 || plain.length > 34) return false;
  let rest = 0;
  for (const letter of plain.slice(4) + plain.slice(0, 4)) rest = Number(`${rest}${Number.parseInt(letter, 36)}`) % 97;
  return rest === 1;
}
