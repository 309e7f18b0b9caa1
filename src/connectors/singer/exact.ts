// The members of a record as they stand in the line: JavaScript reads 9007199254740993 as …992 without a word, so long numbers are taken from the text.

/** Could a number of this line be one that a double does not hold? Strings may look so too; then the longer way is taken for nothing. */
export function mayHoldLongNumbers(line: string): boolean {
  return /\d[\d.]{15}|\d[eE][+-]?\d{3}|-0[^.\d]/.test(line);
}

/** JSON text of every member of the object at top-level `key` of `line`, which JSON.parse has taken; the last of equal names counts. */
export function membersOf(line: string, key: string): ReadonlyMap<string, string> {
  let found: ReadonlyMap<string, string> = new Map();
  eachMember(line, skipBlanks(line, 0), (name, from) => {
    if (name === key) {
      const members = new Map<string, string>();
      eachMember(line, from, (member, start, end) => members.set(member, line.slice(start, end)));
      found = members;
    }
  });
  return found;
}

function eachMember(text: string, start: number, take: (name: string, from: number, to: number) => void): void {
  let at = skipBlanks(text, start + 1);
  while (text.charCodeAt(at) === 0x22) {
    const nameEnd = endOfString(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const from = skipBlanks(text, skipBlanks(text, nameEnd) + 1); // behind the colon
    const to = endOfValue(text, from);
    take(name, from, to);
    at = skipBlanks(text, skipBlanks(text, to) + 1); // behind the comma or the brace
    if (text.charCodeAt(skipBlanks(text, to)) !== 0x2c) return;
  }
}

function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === 0x22) return endOfString(text, start);
  if (first !== 0x7b && first !== 0x5b) {
    let at = start;
    while (at < text.length && !isEnd(text.charCodeAt(at))) at += 1;
    return at;
  }
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x22) at = endOfString(text, at) - 1;
    else if (char === 0x7b || char === 0x5b) depth += 1;
    else if (char === 0x7d || char === 0x5d) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
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

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (at < text.length && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

function isBlank(char: number): boolean {
  return char === 0x20 || char === 0x09 || char === 0x0a || char === 0x0d;
}

function isEnd(char: number): boolean {
  return char === 0x2c || char === 0x7d || char === 0x5d || isBlank(char);
}
