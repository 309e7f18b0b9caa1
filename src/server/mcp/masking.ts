// Personal values do not go to an agent: columns whose names tell of persons, and values that are addresses, telephone, account or card numbers. What `pii:`
// masked when it was loaded is masked already.
import type { JsonValue } from "../../model/json.ts";

export interface MaskedRows {
  readonly rows: readonly (readonly JsonValue[])[];
  /** Columns in which something was masked. */
  readonly masked: readonly string[];
}

const MASK = "[masked]";
/** Names that tell of persons. */
const PERSONAL =
  /^(e_?mail|phone|mobile|telephone|ssn|iban|passport|birth_?(date|day)|dob|first_?name|last_?name|surname|full_?name|street|address|ip_?address|card_?(no|number))(_|$)|_(e_?mail|phone|ssn|iban|passport|dob|address)$/i;
const SECRET = /(^|_)(password|passwd|secret|token|api_?key|private_?key|credential)s?$/i;
const EMAIL = /[^\s@<>"']+@[^\s@<>"']+\.[a-z]{2,}/gi;
const IBAN = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g;
const SSN = /\b\d{3}-\d{2}-\d{4}\b/g;
const PHONE = /(?<![\w.])\+\d[\d ()./-]{7,17}\d(?!\w)/g;
const CARD = /\b(?:\d[ -]?){13,19}\b/g;

export function maskRows(columns: readonly { readonly name: string }[], rows: readonly (readonly JsonValue[])[]): MaskedRows {
  const personal = columns.map(({ name }) => PERSONAL.test(name) || SECRET.test(name));
  const masked = new Set<string>();
  const maskCell = (value: JsonValue, index: number): JsonValue => {
    const made = personal[index] === true && value !== null ? MASK : maskValue(value);
    if (made !== value) masked.add(columns[index]!.name);
    return made;
  };
  return { rows: rows.map((row) => row.map(maskCell)), masked: [...masked] };
}

/** Everywhere in a value, nested ones included; the same value where there is nothing to mask. */
export function maskValue(value: JsonValue): JsonValue {
  if (typeof value === "string") return maskText(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const made = (value as readonly JsonValue[]).map(maskValue);
    return made.some((each, index) => each !== value[index]) ? made : value;
  }
  const made = Object.entries(value).map(
    ([key, inner]) => [key, (PERSONAL.test(key) || SECRET.test(key)) && inner !== null ? MASK : maskValue(inner)] as const,
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
