// What kind of number stands in the text of a JSON number: does a type of DuckDB hold it, and does DuckDB write it back as it was?
import { SEEN } from "./shape.ts";

const BIGINT_MAX = 2n ** 63n - 1n;
const BIGINT_MIN = -(2n ** 63n);
const EXACT_DIGITS_MAX = 38;

/** Bits of SEEN for the number `bytes[from, to)`, which is valid; for all but the plain short integers. */
export function numberKinds(bytes: Uint8Array, from: number, to: number, wholeDigits: number, scale: number, isPlain: boolean): number {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
  if (isPlain && scale === 0) return integerKinds(text, wholeDigits);
  const asDouble = Number(text);
  const exponent = isPlain ? 0 : SEEN.exponent | SEEN.oddNumber;
  const odd = exponent | (text.endsWith("0") && !text.endsWith(".0") ? SEEN.oddNumber : 0);
  if (!Number.isFinite(asDouble) || (asDouble === 0 && /[1-9]/.test(text.split(/e/i)[0] ?? ""))) return SEEN.unholdable | SEEN.oddNumber;
  if (isGivenBack(text, asDouble, wholeDigits + scale)) return SEEN.decimal | odd;
  return (isPlain && wholeDigits + scale <= EXACT_DIGITS_MAX ? SEEN.wideDecimal : SEEN.unholdable) | SEEN.oddNumber;
}

function integerKinds(text: string, digits: number): number {
  if (text === "-0") return SEEN.integer | SEEN.oddNumber;
  const value = BigInt(text);
  if (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) return SEEN.integer;
  if (value >= BIGINT_MIN && value <= BIGINT_MAX) return SEEN.bigint;
  return digits <= EXACT_DIGITS_MAX ? SEEN.hugeint : SEEN.unholdable | SEEN.oddNumber;
}

/** Does the double, printed shortest or with 17 digits, have the digits of the text? */
function isGivenBack(text: string, asDouble: number, digits: number): boolean {
  if (digits <= 15) return true;
  const written = digitsOf(text);
  return written === digitsOf(String(asDouble)) || written === digitsOf(asDouble.toPrecision(17));
}

/** Significant digits and the power of ten of the last one: equal for equal decimal values. */
function digitsOf(text: string): string {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().replace("-", "").split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  const trimmed = digits.replace(/0+$/, "");
  return `${trimmed}e${Number(exponent) - fraction.length + digits.length - trimmed.length}`;
}
