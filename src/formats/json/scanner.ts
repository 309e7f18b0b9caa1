// Reads one JSON value after another from bytes, by the letter of RFC 8259, and takes note of what stands where (Shape). It builds no values.
//   J1. What it accepts, JSON.parse accepts, and the other way round, but for: more than DEPTH_MAX levels, and lone surrogates (no UTF-8 can hold them).
//   J2. UTF-8 is the caller's to check (one native call for a whole block).
//   J3. A value that is not complete at the end of the bytes is told apart from a wrong one (`ranOut`), so that a caller can read on.
import { newShape, SEEN, type Shape } from "./shape.ts";
import { momentOf } from "./moments.ts";
import { numberKinds } from "./numbers.ts";

/** Levels of arrays and objects. */
const DEPTH_MAX = 1000;
/** Levels whose members are told apart; below them only validity is looked at. */
export const SHAPE_DEPTH_MAX = 12;
/** Keys of one nested object that are told apart. */
export const NESTED_KEYS_MAX = 256;
/** Keys of records that are told apart. */
export const COLUMNS_MAX = 4000;

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const COMMA = 44;
const COLON = 58;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const NO_BYTES = new Uint8Array(0);
// Constants of this file: what is imported is looked up at each use when the source runs untranslated.
const INTEGER = SEEN.integer;
const DECIMAL = SEEN.decimal;
const ODD_DECIMAL = SEEN.decimal | SEEN.oddNumber;
const TEXT = SEEN.text;
const BOOLEAN = SEEN.boolean;
const NULL = SEEN.null;
const OBJECT = SEEN.object;
const ARRAY = SEEN.array;
const UNEVEN = SEEN.uneven;
/** Bytes that are nothing but themselves in a string. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 32 || byte === QUOTE || byte === BACKSLASH ? 0 : 1));
/** Where what does not matter is noted. */
const SINK = newShape();

export class Scanner {
  /** Where the scanner stands. */
  at = 0;
  /** What is wrong, after a scan that failed. */
  problem = "";
  /** The bytes ended within the value. */
  ranOut = false;
  /** The last record had a key twice. */
  hasDuplicateKey = false;
  private bytes: Uint8Array = NO_BYTES;
  private end = 0;
  private objectNumber = 0;
  private isFragile = false;
  private isDuplicate = false;

  /** Is `bytes[from, end)` exactly one value, with blanks around it? */
  record(bytes: Uint8Array, from: number, end: number, root: Shape): boolean {
    if (!this.valueAt(bytes, from, end, root)) return false;
    this.skipBlanks();
    return this.at === end || this.fail("something follows the value");
  }

  /** Reads one value from `from` on, with blanks before it; `at` stands behind it. */
  valueAt(bytes: Uint8Array, from: number, end: number, root: Shape): boolean {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
    this.problem = "";
    this.ranOut = false;
    this.hasDuplicateKey = false;
    this.isFragile = false;
    this.isDuplicate = false;
    this.skipBlanks();
    const isObject = bytes[this.at] === OPEN_OBJECT && this.at < end;
    const ok = isObject ? this.object(root, 0) : this.value(root, 1);
    if (!isObject) this.markColumn(root);
    return ok;
  }

  skipBlanks(): void {
    const bytes = this.bytes;
    let at = this.at;
    while (at < this.end) {
      const byte = bytes[at] ?? 0;
      if (byte > 32 || (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9)) break;
      at++;
    }
    this.at = at;
  }

  private markColumn(column: Shape): void {
    if (this.isFragile) column.flags |= SEEN.fragile;
    if (this.isDuplicate) column.flags |= SEEN.duplicateKey;
    this.isFragile = false;
    this.isDuplicate = false;
  }

  private fail(problem: string): false {
    if (this.problem === "") {
      this.problem = problem;
      this.ranOut = this.at >= this.end;
    }
    return false;
  }

  /** `depth` 0 is a record, 1 a column. */
  private value(shape: Shape, depth: number): boolean {
    const byte = this.at < this.end ? (this.bytes[this.at] ?? 0) : 0;
    switch (byte) {
      case QUOTE:
        return this.text(shape);
      case OPEN_OBJECT:
        return this.object(shape, depth);
      case OPEN_ARRAY:
        return this.array(shape, depth);
      case 116:
        shape.flags |= BOOLEAN;
        shape.values++;
        return this.word("true");
      case 102:
        shape.flags |= BOOLEAN;
        shape.values++;
        return this.word("false");
      case 110:
        shape.flags |= NULL;
        return this.word("null");
      default:
        if (byte === MINUS || (byte >= ZERO && byte <= NINE)) return this.number(shape);
        return this.fail(this.at >= this.end ? "it ends where a value should stand" : `a value cannot begin with ${shown(byte)}`);
    }
  }

  private word(word: string): boolean {
    for (let i = 0; i < word.length; i++) {
      if (this.at >= this.end || this.bytes[this.at] !== word.charCodeAt(i)) return this.fail(`a word that is not ${word}`);
      this.at++;
    }
    return true;
  }

  private number(shape: Shape): boolean {
    const bytes = this.bytes;
    const from = this.at;
    const end = this.end;
    let at = bytes[from] === MINUS ? from + 1 : from;
    const whole = at;
    while (at < end && isDigit(bytes[at])) at++;
    const wholeDigits = at - whole;
    this.at = at;
    if (wholeDigits === 0) return this.fail("a number without digits");
    if (wholeDigits > 1 && bytes[whole] === ZERO) return this.fail("a number with a leading zero");
    let scale = 0;
    let isPlain = true;
    if (at < end && bytes[at] === POINT) {
      const point = at++;
      while (at < end && isDigit(bytes[at])) at++;
      scale = at - point - 1;
      this.at = at;
      if (scale === 0) return this.fail("a number that ends in a point");
    }
    if (at < end && ((bytes[at] ?? 0) | 32) === 101) {
      isPlain = false;
      at++;
      if (at < end && (bytes[at] === MINUS || bytes[at] === 43)) at++;
      const exponent = at;
      while (at < end && isDigit(bytes[at])) at++;
      this.at = at;
      if (at === exponent) return this.fail("a number with an exponent without digits");
    }
    this.at = at;
    shape.values++;
    if (isPlain && wholeDigits + scale <= 15 && !(whole > from && bytes[whole] === ZERO)) {
      // Short plain numbers, nearly all there are: 15 digits always come back from a double.
      if (scale === 0) shape.flags |= INTEGER;
      else shape.flags |= scale > 1 && bytes[at - 1] === ZERO ? ODD_DECIMAL : DECIMAL;
    } else {
      const kinds = numberKinds(bytes, from, at, wholeDigits, scale, isPlain);
      shape.flags |= kinds;
      if ((kinds & (SEEN.wideDecimal | SEEN.unholdable)) !== 0) this.isFragile = true;
    }
    if (wholeDigits > shape.wholeDigits) shape.wholeDigits = wholeDigits;
    if (scale > shape.scale) shape.scale = scale;
    return true;
  }

  private text(shape: Shape): boolean {
    const from = this.at + 1;
    if (!this.string()) return false;
    shape.values++;
    const to = this.at - 1;
    const length = to - from;
    if ((shape.flags & TEXT) === 0) shape.flags |= length < 10 || length > 32 ? TEXT : momentOf(this.bytes, from, to);
    return true;
  }

  /** From the opening quote to behind the closing one. */
  private string(): boolean {
    const bytes = this.bytes;
    const end = this.end;
    let at = this.at + 1;
    while (at < end) {
      const byte = bytes[at] as number;
      if (IS_PLAIN[byte] === 1) {
        at++;
        continue;
      }
      if (byte === QUOTE) {
        this.at = at + 1;
        return true;
      }
      if (byte < 32) {
        this.at = at;
        return this.fail(`the control character ${shown(byte)} in a string`);
      }
      const next = bytes[at + 1] ?? 0;
      if (at + 1 >= end) break;
      if (next !== 117) {
        if (!isEscape(next)) {
          this.at = at;
          return this.fail(`the escape \\${shown(next)} in a string`);
        }
        at += 2;
        continue;
      }
      if (at + 6 > end) break;
      const unit = hex4(bytes, at + 2);
      this.at = at;
      if (unit < 0) return this.fail("an escape \\u without four hexadecimal digits");
      at += 6;
      if (unit < 0xd800 || unit > 0xdfff) continue;
      const isPair =
        unit < 0xdc00 && at + 6 <= end && bytes[at] === BACKSLASH && bytes[at + 1] === 117 && isLowSurrogate(hex4(bytes, at + 2));
      if (!isPair && unit < 0xdc00 && at + 6 > end) break;
      if (!isPair) return this.fail("a lone surrogate in a string: no character of Unicode");
      at += 6;
    }
    this.at = end;
    return this.fail("a string without its end");
  }

  private array(shape: Shape, depth: number): boolean {
    shape.flags |= ARRAY;
    shape.values++;
    if (depth >= DEPTH_MAX) return this.fail(`more than ${DEPTH_MAX} levels of nesting`);
    const isTold = shape !== SINK && depth < SHAPE_DEPTH_MAX && (shape.flags & UNEVEN) === 0;
    const items = isTold ? (shape.items ??= newShape()) : SINK;
    if (!isTold && shape !== SINK) shape.flags |= UNEVEN;
    this.at++;
    this.skipBlanks();
    if (this.at < this.end && this.bytes[this.at] === CLOSE_ARRAY) {
      this.at++;
      return true;
    }
    for (;;) {
      if (!this.value(items, depth + 1)) return false;
      this.skipBlanks();
      const byte = this.at < this.end ? this.bytes[this.at] : 0;
      if (byte !== COMMA && byte !== CLOSE_ARRAY) return this.fail(this.missing("a comma or ] in an array"));
      this.at++;
      if (byte === CLOSE_ARRAY) return true;
      this.skipBlanks();
    }
  }

  private object(shape: Shape, depth: number): boolean {
    shape.flags |= OBJECT;
    shape.values++;
    shape.objects++;
    if (depth >= DEPTH_MAX) return this.fail(`more than ${DEPTH_MAX} levels of nesting`);
    const isTold = shape !== SINK && depth < SHAPE_DEPTH_MAX && (depth === 0 || (shape.flags & UNEVEN) === 0);
    if (!isTold && shape !== SINK) shape.flags |= UNEVEN;
    const number = ++this.objectNumber;
    let keys = 0;
    this.at++;
    this.skipBlanks();
    if (this.at < this.end && this.bytes[this.at] === CLOSE_OBJECT) {
      this.at++;
      if (depth > 0 && isTold && shape.members.length > 0) shape.flags |= UNEVEN;
      return true;
    }
    for (;;) {
      if (this.at >= this.end || this.bytes[this.at] !== QUOTE) return this.fail(this.missing("a key in quotes"));
      const from = this.at + 1;
      if (!this.string()) return false;
      const member = isTold ? this.member(shape, keys, from, this.at - 1, depth) : SINK;
      if (member !== SINK) {
        if (member.stamp === number) this.noteDuplicate(depth);
        member.stamp = number;
      }
      keys++;
      this.skipBlanks();
      if (this.at >= this.end || this.bytes[this.at] !== COLON) return this.fail(this.missing("a colon behind a key"));
      this.at++;
      this.skipBlanks();
      if (!this.value(member, depth + 1)) return false;
      if (depth === 0) this.markColumn(member);
      this.skipBlanks();
      const byte = this.at < this.end ? this.bytes[this.at] : 0;
      if (byte !== COMMA && byte !== CLOSE_OBJECT) return this.fail(this.missing("a comma or } in an object"));
      this.at++;
      if (byte === CLOSE_OBJECT) break;
      this.skipBlanks();
    }
    if (depth > 0 && isTold && keys !== shape.members.length) shape.flags |= UNEVEN;
    return true;
  }

  private noteDuplicate(depth: number): void {
    if (depth === 0) this.hasDuplicateKey = true;
    else this.isDuplicate = true;
  }

  /** The place of a key. Records of one writer have their keys in one order: the guess is almost always right. */
  private member(shape: Shape, index: number, from: number, to: number, depth: number): Shape {
    const guess = shape.members[index];
    if (guess !== undefined && sameBytes(guess.keyBytes, this.bytes, from, to)) return guess;
    const key = keyText(this.bytes, from, to);
    const known = shape.byKey.get(key);
    if (known !== undefined) return known;
    // A key that earlier objects of a nested place did not have makes them uneven; so do too many keys.
    if (depth > 0 && shape.objects > 1) shape.flags |= UNEVEN;
    if (shape.members.length >= (depth === 0 ? COLUMNS_MAX : NESTED_KEYS_MAX)) {
      shape.flags |= UNEVEN;
      return SINK;
    }
    const member = newShape(key);
    shape.members.push(member);
    shape.byKey.set(key, member);
    return member;
  }

  private missing(what: string): string {
    return this.at >= this.end ? `it ends where ${what} should stand` : `${what} is missing before ${shown(this.bytes[this.at] ?? 0)}`;
  }
}

/** The key between the quotes, unescaped. */
export function keyText(bytes: Uint8Array, from: number, to: number): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("utf8");
  return raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
}

function sameBytes(key: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  const length = key.length;
  if (to - from !== length) return false;
  for (let i = 0; i < length; i++) if (key[i] !== bytes[from + i]) return false;
  return true;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** " \ / b f n r t */
function isEscape(byte: number): boolean {
  return byte === 34 || byte === 92 || byte === 47 || byte === 98 || byte === 102 || byte === 110 || byte === 114 || byte === 116;
}

function hex4(bytes: Uint8Array, from: number): number {
  let unit = 0;
  for (let i = from; i < from + 4; i++) {
    const byte = bytes[i] ?? 0;
    const lower = byte | 32;
    const digit = byte >= ZERO && byte <= NINE ? byte - ZERO : lower >= 97 && lower <= 102 ? lower - 87 : -1;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** A byte as a person may see it. */
function shown(byte: number): string {
  return byte > 32 && byte < 127 ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16).padStart(2, "0")}`;
}
