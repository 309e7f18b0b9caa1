// JSON in which no digit is lost. JavaScript reads 9007199254740993 as …992 without a word; here
//   J1. an integer beyond 2^53 becomes a bigint;
//   J2. a decimal that a double cannot hold (more than 17 significant digits, or out of range) becomes its text;
//   J3. everything else is what JSON.parse gives, and what JSON.parse refuses is refused.
// A quick look decides whether any number is long enough to matter; most bodies go straight through JSON.parse.
import { randomUUID } from "node:crypto";

// Chance makes sure that no string of a server looks like a mark of ours.
const MARK = `\u0001${randomUUID()}:`;
const DOUBLE_DIGITS_MAX = 17;

/** @throws SyntaxError as JSON.parse does. */
export function parseExact(text: string): unknown {
  if (!/\d[\d.]{15}|\d[eE][+-]?\d{3}/.test(text)) return JSON.parse(text);
  const marked = markLongNumbers(text);
  if (marked === text) return JSON.parse(text);
  try {
    return JSON.parse(marked, (_key, value: unknown) =>
      typeof value === "string" && value.startsWith(MARK) ? exactNumber(value.slice(MARK.length)) : value,
    );
  } catch {
    // Again on the text as it came, for an error with the right position.
    return JSON.parse(text);
  }
}

/** Puts numbers that a double cannot hold into marked strings; strings are skipped, so that only real numbers are touched. */
function markLongNumbers(text: string): string {
  const parts: string[] = [];
  let kept = 0;
  let at = 0;
  while (at < text.length) {
    const char = text.charCodeAt(at);
    if (char === 0x22) {
      at = endOfString(text, at);
    } else if (char === 0x2d || (char >= 0x30 && char <= 0x39)) {
      const start = at;
      while (at < text.length && isNumberChar(text.charCodeAt(at))) at += 1;
      const token = text.slice(start, at);
      // A number in the place of a key stays as it is: JSON.parse must refuse it.
      if (isInexact(token) && !/^\s*:/.test(text.slice(at, at + 20))) {
        parts.push(text.slice(kept, start), `"${MARK.replace("\u0001", "\\u0001")}${token}"`);
        kept = at;
      }
    } else {
      at += 1;
    }
  }
  parts.push(text.slice(kept));
  return kept === 0 ? text : parts.join("");
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return text.length;
    let escapes = 0;
    while (text.charCodeAt(quote - 1 - escapes) === 0x5c) escapes += 1;
    at = quote + 1;
    if (escapes % 2 === 0) return at;
  }
}

function isNumberChar(char: number): boolean {
  return (char >= 0x30 && char <= 0x39) || char === 0x2d || char === 0x2b || char === 0x2e || char === 0x65 || char === 0x45;
}

function isInexact(token: string): boolean {
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(token)) return false;
  const number = Number(token);
  if (/^-?\d+$/.test(token)) return !Number.isSafeInteger(number);
  if (!Number.isFinite(number)) return true;
  const digits = token
    .replace(/[eE].*$/, "")
    .replaceAll(/[-.]/g, "")
    .replace(/^0+/, "")
    .replace(/0+$/, "");
  return digits.length > DOUBLE_DIGITS_MAX || (number === 0 && digits !== "");
}

function exactNumber(token: string): bigint | string {
  return /^-?\d+$/.test(token) ? BigInt(token) : token;
}
