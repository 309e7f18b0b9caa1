// Files with seeded damage and known truth, for tests: bytes, the rows that must come out, and for each damaged row what may be made of it.
// The truth is made together with the bytes and knows nothing of the reader.

export interface Random {
  next(): number;
  int(below: number): number;
  pick<Value>(list: readonly Value[]): Value;
}

/** xorshift32: the same numbers for the same seed on every machine. */
export function random(seed: number): Random {
  let state = seed >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
  next();
  next();
  const int = (below: number): number => Math.floor(next() * below);
  return { next, int, pick: (list) => list[int(list.length)]! };
}

const WORDS =
  "north river stone market ledger harbour copper winter signal orchard bridge candle velvet anchor meadow timber saffron quartz ribbon lantern".split(
    " ",
  );
const pad = (number: number, width: number): string => String(number).padStart(width, "0");
const HEADER = ["id", "zip", "name", "sold on", "price", "share", "note"];

interface CaseDialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly newline: string;
  readonly header: boolean;
  readonly quoteAll: boolean;
}

const DIALECT: CaseDialect = { delimiter: ",", quote: '"', escape: '"', newline: "\n", header: true, quoteAll: false };

/** Seven kinds of column; `plain` tables hold no delimiter, quote or line break inside cells. */
function makeRows(r: Random, rows: number, plain: boolean): string[][] {
  const text = (): string => {
    const words = Array.from({ length: 1 + r.int(4) }, () => r.pick(WORDS)).join(" ");
    if (plain) return words;
    const x = r.next();
    if (x < 0.1) return `${words}, ${r.pick(WORDS)}`;
    if (x < 0.13) return `the "${words}"`;
    if (x < 0.15) return `${words}\n${r.pick(WORDS)}`;
    return x < 0.17 ? `${words}; ${r.pick(WORDS)}` : words;
  };
  return Array.from({ length: rows }, (_, i) => [
    String(i + 1),
    pad(r.int(99999), 5),
    text(),
    `20${pad(r.int(24), 2)}-${pad(1 + r.int(12), 2)}-${pad(1 + r.int(28), 2)}`,
    (r.int(900000) / 100).toFixed(2),
    r.next() < 0.1 ? "" : `${r.int(100)}%`,
    r.next() < 0.3 ? "" : text(),
  ]);
}

function writeLine(cells: readonly string[], d: CaseDialect): string {
  return cells
    .map((cell) => {
      const must =
        d.quoteAll ||
        cell.includes(d.delimiter) ||
        cell.includes(d.quote) ||
        /[\r\n]/.test(cell) ||
        (d.delimiter.trim() !== d.delimiter && cell.includes(d.delimiter.trim())) ||
        (d.delimiter === " " && cell === "");
      if (!must) return cell;
      const escaped = cell.replaceAll(d.escape, d.escape + d.escape);
      return d.quote + (d.escape === d.quote ? escaped : escaped.replaceAll(d.quote, d.escape + d.quote)) + d.quote;
    })
    .join(d.delimiter);
}

interface Damaged {
  readonly text: string;
  /** Readings that would be right, besides quarantine. */
  readonly right: readonly (readonly string[])[];
}
type Damage = (r: Random, cells: readonly string[], d: CaseDialect) => Damaged;
const clean = (cell: string): string => cell.replace(/[",;\n]/g, "");

const DAMAGE: Readonly<Record<string, Damage>> = {
  strayQuoteInside: (r, cells, d) => {
    const text = clean(cells[2]!);
    const at = 1 + r.int(Math.max(1, cells[2]!.length - 2));
    const copy = cells.map((cell, i) => (i === 2 ? text.slice(0, at) + d.quote + text.slice(at) : cell));
    return { text: copy.map((cell, i) => (i === 2 ? cell : writeLine([cell], d))).join(d.delimiter), right: [copy] };
  },
  strayQuoteBefore: (r, cells, d) => {
    const column = r.int(cells.length);
    const safe = cells.map((cell, i) => (i === column ? clean(cell) : cell));
    const copy = safe.map((cell, i) => (i === column ? d.quote + cell : cell));
    return { text: safe.map((cell, i) => (i === column ? d.quote + cell : writeLine([cell], d))).join(d.delimiter), right: [copy, safe] };
  },
  quoteBeforeQuoted: (r, cells, d) => {
    const copy = cells.map((cell, i) => (i === 2 ? `${r.pick(WORDS)}, ${r.pick(WORDS)}` : cell.replace(/\n/g, " ")));
    const text = copy
      .map((cell, i) => (i === 2 ? d.quote + writeLine([cell], { ...d, quoteAll: true }) : writeLine([cell], d)))
      .join(d.delimiter);
    return { text, right: [copy, copy.map((cell, i) => (i === 2 ? d.quote + cell : cell))] };
  },
  otherDelimiter: (_r, cells, d) => {
    const copy = cells.map(clean);
    return { text: writeLine(copy, { ...d, delimiter: ";" }), right: [copy] };
  },
  headerAgain: () => ({ text: HEADER.join(","), right: [] }),
  strayQuoteAfter: (r, cells, d) => {
    const column = r.int(cells.length);
    const safe = cells.map(clean);
    const copy = safe.map((cell, i) => (i === column ? cell + d.quote : cell));
    return { text: copy.join(d.delimiter), right: [copy, safe] };
  },
  missingDelimiter: (r, cells, d) => {
    const c = r.int(cells.length - 1);
    const safe = cells.map(clean);
    if (r.next() >= 0.5)
      return { text: [...safe.slice(0, c), safe[c]! + safe[c + 1]!, ...safe.slice(c + 2)].join(d.delimiter), right: [safe] };
    const joined = writeLine([cells[c]!], { ...d, quoteAll: r.next() < 0.5 }) + writeLine([cells[c + 1]!], d);
    const parts = [...cells.slice(0, c).map((x) => writeLine([x], d)), joined, ...cells.slice(c + 2).map((x) => writeLine([x], d))];
    return { text: parts.join(d.delimiter).replaceAll("\n", " "), right: [cells, cells.map((x) => x.replaceAll("\n", " "))] };
  },
  cutShort: (r, cells, d) => {
    const keep = 3 + r.int(3);
    return { text: writeLine(cells.slice(0, keep), d), right: [cells.map((cell, i) => (i < keep ? cell : ""))] };
  },
  delimiterInText: (r, cells, d) => {
    const copy = cells.map((cell, i) =>
      i === 2 ? `${r.pick(WORDS)}${d.delimiter}${r.next() < 0.7 ? " " : ""}${r.pick(WORDS)}` : clean(cell),
    );
    return { text: copy.join(d.delimiter), right: [copy] };
  },
  emptyCellsAfter: (r, cells, d) => ({ text: writeLine(cells, d) + d.delimiter.repeat(1 + r.int(2)), right: [cells] }),
  extraCell: (r, cells, d) => {
    const copy = cells.map(clean);
    copy.splice(r.int(cells.length), 0, r.pick(WORDS));
    return { text: copy.join(d.delimiter), right: [] };
  },
  commentLine: () => ({ text: "# checked by hand", right: [] }),
  nulByte: (_r, cells, d) => {
    const copy = cells.map(clean);
    return { text: copy.map((cell, i) => (i === 2 ? `${cell}\0` : cell)).join(d.delimiter), right: [] };
  },
};

export interface CaseOptions {
  readonly seed: number;
  readonly rows?: number;
  readonly dialect?: Partial<CaseDialect>;
  readonly encoding?: "utf-8" | "utf-8-mark" | "utf-16le" | "utf-16be" | "windows-1252";
  readonly damage?: string;
  readonly damaged?: number;
  /** Pairs of rows: the first gets a stray quote before a cell, one some rows further down gets one after a cell, so that the two make a well-formed cell. */
  readonly quotePairs?: number;
  readonly preamble?: readonly string[];
  readonly footer?: readonly string[];
  readonly header2?: readonly string[];
  readonly units?: readonly string[];
  readonly plain?: boolean;
  readonly mixed?: boolean;
  readonly lastNewline?: boolean;
  readonly accents?: boolean;
  readonly bodyTail?: string;
  readonly headTail?: string;
  readonly allText?: boolean;
  readonly leaveOut?: boolean;
  readonly dropLast?: number;
  readonly headerText?: string;
  readonly backslashes?: boolean;
  /** Share of rows whose note is a letter of several lines, some with commas. */
  readonly letters?: number;
}

export interface Case {
  readonly bytes: Buffer;
  /** Rows that must be loaded exactly so, in this order. */
  readonly sure: readonly (readonly string[])[];
  /** Physical line of each of them, from 1. */
  readonly sureLines: readonly number[];
  /** Per damaged row: what it may be loaded as; anything else is wrong. */
  readonly maybe: readonly (readonly (readonly string[])[])[];
  readonly physicalLines: number;
  readonly headerRows: number;
}

export function makeCase(options: CaseOptions): Case {
  const r = random(options.seed);
  const d: CaseDialect = { ...DIALECT, ...options.dialect };
  const count = options.rows ?? 200;
  const body = makeRows(r, count, options.plain ?? false);
  for (const row of body) changeRow(r, row, options);
  const damage = options.damage === undefined ? undefined : DAMAGE[options.damage]!;
  const at = new Set<number>();
  const damagedRows = damage === undefined ? 0 : Math.min(options.damaged ?? 3, count);
  while (at.size < damagedRows) at.add(r.int(count));
  const pairs = pairsOf(r, options.quotePairs ?? 0, count);
  const lines = [...(options.preamble ?? [])];
  if (options.header2 !== undefined) lines.push(writeLine(options.header2, d));
  if (d.header) lines.push(options.headerText ?? writeLine(HEADER, d) + (options.headTail ?? ""));
  if (options.units !== undefined) lines.push(writeLine(options.units, d));
  const sure: (readonly string[])[] = [];
  const sureAt: number[] = [];
  const maybe: (readonly (readonly string[])[])[] = [];
  for (const [i, cells] of body.entries()) {
    const side = pairs.get(i);
    if (side !== undefined) {
      const safe = cells.map(clean);
      const column = side === "open" ? 2 : 4;
      const stray = safe.map((cell, c) => (c === column ? (side === "open" ? d.quote + cell : cell + d.quote) : cell));
      lines.push(stray.join(d.delimiter));
      maybe.push([stray, safe]);
    } else if (damage !== undefined && at.has(i)) {
      const { text, right } = damage(r, cells, d);
      lines.push(text);
      maybe.push(right);
      if (options.damage !== "commentLine") continue;
      sureAt.push(lines.length);
      lines.push(writeLine(cells, d));
      sure.push(cells);
    } else {
      const text = writeLine(options.dropLast === undefined ? cells : cells.slice(0, -options.dropLast), d) + (options.bodyTail ?? "");
      sureAt.push(lines.length);
      lines.push(options.leaveOut === true ? text.replace(/,+$/, "") : text);
      sure.push(options.bodyTail === undefined ? cells : [...cells, ""]);
    }
  }
  lines.push(...(options.footer ?? []));
  let text = "";
  for (const [i, line] of lines.entries())
    text +=
      line + (i < lines.length - 1 || options.lastNewline !== false ? (options.mixed === true ? r.pick(["\n", "\r\n"]) : d.newline) : "");
  const lineStarts: number[] = [];
  let line = 1;
  for (const written of lines) {
    lineStarts.push(line);
    line += written.split(/\r\n|\n|\r/).length;
  }
  const sureLines = sureAt.map((index) => lineStarts[index]!);
  const physicalLines = text === "" ? 0 : text.split(/\r\n|\n|\r/).length - (/[\r\n]$/.test(text) ? 1 : 0);
  const headerRows = d.header ? (options.header2 !== undefined || options.units !== undefined ? 2 : 1) : 0;
  return { bytes: encode(text, options.encoding ?? "utf-8"), sure, sureLines, maybe, physicalLines, headerRows };
}

function changeRow(r: Random, row: string[], options: CaseOptions): void {
  if (options.allText === true)
    for (const column of [0, 1, 3, 4, 5]) row[column] = column === 0 ? `${r.pick(WORDS)} ${r.pick(WORDS)}` : r.pick(WORDS);
  for (let k = 0; k < (options.dropLast ?? 0); k++) row[row.length - 1 - k] = "";
  if (options.backslashes === true && r.next() < 0.2) row[2] = `C:\\${r.pick(WORDS)}, "${r.pick(WORDS)}"`;
  if (options.accents === true && r.next() < 0.2) row[2] = row[2]!.replace("a", "é").replace("o", "ö");
  if (options.letters !== undefined && r.next() < options.letters)
    row[6] = Array.from({ length: 2 + r.int(4) }, () => `${r.pick(WORDS)}, ${r.pick(WORDS)} ${r.pick(["", "and, so", "of 17"])}`).join(
      "\n",
    );
}

function pairsOf(r: Random, pairs: number, rows: number): Map<number, "open" | "close"> {
  const found = new Map<number, "open" | "close">();
  for (let tries = 0; found.size < 2 * pairs && tries < 1000; tries++) {
    const from = r.int(rows - 8);
    const to = from + 1 + r.int(6);
    if (Array.from({ length: to - from + 9 }, (_, i) => from - 4 + i).some((row) => found.has(row))) continue;
    found.set(from, "open").set(to, "close");
  }
  return found;
}

function encode(text: string, encoding: NonNullable<CaseOptions["encoding"]>): Buffer {
  switch (encoding) {
    case "utf-8":
      return Buffer.from(text);
    case "utf-8-mark":
      return Buffer.from(`\ufeff${text}`);
    case "utf-16le":
      return Buffer.from(`\ufeff${text}`, "utf16le");
    case "utf-16be":
      return Buffer.from(`\ufeff${text}`, "utf16le").swap16();
    case "windows-1252":
      return Buffer.from(text, "latin1");
    default:
      return encoding satisfies never;
  }
}

/** Kind → its cases, one per seed. */
export function generatedCases(seeds: number): ReadonlyMap<string, readonly CaseOptions[]> {
  const kinds = new Map<string, readonly CaseOptions[]>();
  const add = (name: string, make: (r: Random) => Partial<CaseOptions>): void => {
    const cases = Array.from({ length: seeds }, (_, i): CaseOptions => {
      const r = random(7919 * (i + 1) + name.length * 31);
      return { seed: 1000 * (i + 1) + name.length, rows: r.pick([20, 60, 200, 1500]), ...make(r) };
    });
    kinds.set(name, cases);
  };
  const delimiters = {
    comma: ",",
    semicolon: ";",
    tab: "\t",
    pipe: "|",
    caret: "^",
    tilde: "~",
    space: " ",
    commaSpace: ", ",
    pipeSpaced: " | ",
    doublePipe: "||",
    doubleColon: "::",
    hash: "#",
  };
  for (const [label, delimiter] of Object.entries(delimiters)) add(`delimiter ${label}`, () => ({ dialect: { delimiter } }));
  add("apostrophe quotes", () => ({ dialect: { quote: "'", escape: "'" } }));
  add("backslash escape", () => ({ dialect: { escape: "\\" } }));
  add("everything quoted", () => ({ dialect: { quoteAll: true } }));
  add("CRLF", () => ({ dialect: { newline: "\r\n" } }));
  add("CR only", () => ({ dialect: { newline: "\r" } }));
  add("mixed line ends", () => ({ mixed: true }));
  add("no last line end", () => ({ lastNewline: false }));
  for (const encoding of ["utf-8", "utf-8-mark", "utf-16le", "utf-16be", "windows-1252"] as const)
    add(`encoding ${encoding}`, () => ({ encoding, accents: true }));
  add("no header", () => ({ dialect: { header: false } }));
  add("two header rows", () => ({ header2: ["key", "key", "who", "sale", "sale", "sale", "rest"] }));
  add("preamble", (r) => ({
    preamble: Array.from({ length: 1 + r.int(5) }, (_, i) => (i === 1 ? "Source: the county, all sales" : `Report ${i} of the county`)),
  }));
  add("padded preamble", (r) => ({ preamble: Array.from({ length: 1 + r.int(4) }, (_, i) => `Report ${i} of the county,,,,,,`) }));
  add("blank line after preamble", () => ({ preamble: ["County report", ""] }));
  add("footer", () => ({ footer: ["", "End of report", "Printed 2024-01-05"] }));
  add("blank tail", () => ({ footer: ["", "", ""] }));
  add("padded blank tail", () => ({ footer: Array.from({ length: 30 }, () => ",,,,,,") }));
  add("second table, narrower", () => ({ footer: ["", "place,total", ...Array.from({ length: 8 }, (_, i) => `${WORDS[i]},${i * 7}`)] }));
  add("second table, 5 of 7 columns", () => ({
    footer: ["who,code,day,amount,share", ...Array.from({ length: 9 }, (_, i) => `${WORDS[i]},0${i}7,2020-01-0${1 + i},${i}.50,${i}%`)],
  }));
  add("units row", () => ({ units: ["", "", "", "day", "USD", "percent", ""] }));
  add("key,value preamble", () => ({ preamble: ["Instrument,Mettler 5", "Operator,Smith", "Run,17", ""] }));
  add("body with a delimiter at the end", () => ({ bodyTail: "," }));
  add("header and body with a delimiter at the end", () => ({ bodyTail: ",", headTail: "," }));
  add("header wider than every row", () => ({ dropLast: 2, plain: true }));
  add("quote in the header", () => ({ headerText: 'id,zip,"name,sold on,price,share,note' }));
  add("backslashes and quotes", () => ({ dialect: { escape: "\\" }, backslashes: true }));
  add("all text", () => ({ allText: true }));
  add("trailing cells left out", () => ({ leaveOut: true, rows: 200 }));
  add("letters of several lines", () => ({ letters: 0.3, rows: 200 }));
  add("letters, all text", () => ({ letters: 0.3, rows: 200, allText: true }));
  for (const damage of Object.keys(DAMAGE)) add(`damage ${damage}`, () => ({ damage }));
  for (const damage of ["strayQuoteBefore", "strayQuoteInside", "missingDelimiter", "cutShort"]) {
    add(`many ${damage}`, (r) => ({ damage, rows: 1500, damaged: 150, plain: r.next() < 0.5 }));
    add(`first row ${damage}`, () => ({ damage, rows: 30, damaged: 2 }));
  }
  add("paired stray quotes", () => ({ quotePairs: 2, rows: 60 }));
  add("paired stray quotes, plain", () => ({ quotePairs: 5, rows: 200, plain: true }));
  add("paired stray quotes, all text", () => ({ quotePairs: 3, rows: 200, plain: true, allText: true }));
  add("paired stray quotes among letters", () => ({ quotePairs: 3, rows: 200, letters: 0.2 }));
  add("large, late accents", () => ({ rows: 20_000, encoding: "windows-1252" }));
  add("tiny", (r) => ({ rows: 1 + r.int(3), plain: true }));
  add("header only", () => ({ rows: 0 }));
  return kinds;
}
