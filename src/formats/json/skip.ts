// Finds the end of a JSON value by its brackets and quotes alone, and the members of an object. What stands between is the scanner's to judge.
const QUOTE = 34;
const BACKSLASH = 92;

export function skipBlanks(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 9)) at++;
  return at;
}

/** Where the value that begins at `from` ends, or -1 when the bytes end before it does (a scalar ends only before a byte that is no part of it). */
export function skipValue(bytes: Uint8Array, from: number, end: number): number {
  const first = bytes[from];
  if (first === QUOTE) return skipString(bytes, from, end);
  if (first !== 123 && first !== 91) {
    let at = from;
    while (at < end && !isDelimiter(bytes[at] ?? 0)) at++;
    return at < end ? at : -1;
  }
  let depth = 0;
  let at = from;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      at = skipString(bytes, at, end);
      if (at === -1) return -1;
      continue;
    }
    at++;
    if (byte === 123 || byte === 91) depth++;
    else if ((byte === 125 || byte === 93) && --depth === 0) return at;
  }
  return -1;
}

/** Calls `onMember` for each member of a valid object: bounds of the key between its quotes, and of the value. */
export function eachMember(
  bytes: Uint8Array,
  from: number,
  end: number,
  onMember: (keyFrom: number, keyTo: number, valueFrom: number, valueTo: number) => void,
): void {
  let at = skipBlanks(bytes, skipBlanks(bytes, from, end) + 1, end);
  while (at < end && bytes[at] === QUOTE) {
    const keyEnd = skipString(bytes, at, end);
    const valueFrom = skipBlanks(bytes, skipBlanks(bytes, keyEnd, end) + 1, end);
    const valueTo = skipValue(bytes, valueFrom, end);
    onMember(at + 1, keyEnd - 1, valueFrom, valueTo);
    at = skipBlanks(bytes, valueTo, end);
    if (bytes[at] !== 44) return;
    at = skipBlanks(bytes, at + 1, end);
  }
}

function skipString(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from + 1; at < end; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) return at + 1;
  }
  return -1;
}

function isDelimiter(byte: number): boolean {
  return byte <= 32 || byte === 44 || byte === 93 || byte === 125 || byte === 91 || byte === 123 || byte === 58 || byte === QUOTE;
}
