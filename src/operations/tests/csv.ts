// The CSV of a test as rows: a header, then records. An empty cell is nothing (NULL), a quoted empty one an empty text. Small by nature.

export interface CsvRows {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, string | null>>[];
}

/** @throws Error with what is wrong and the line. */
export function parseCsv(text: string): CsvRows {
  const records = recordsOf(text.replace(/^\uFEFF/, ""));
  const [header, ...rest] = records;
  if (header === undefined) throw new Error("it has no header");
  const columns = header.cells.map((cell) => (cell ?? "").trim());
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`the column ${JSON.stringify(twice)} stands twice in its header`);
  const rows = rest.map(({ line, cells }) => {
    if (cells.length !== columns.length)
      throw new Error(`line ${line} has ${cells.length === 1 ? "1 cell" : `${cells.length} cells`}, the header ${columns.length}`);
    return Object.fromEntries(columns.map((name, index) => [name, cells[index]!]));
  });
  return { columns, rows };
}

interface CsvRecord {
  readonly line: number;
  readonly cells: readonly (string | null)[];
}

function recordsOf(text: string): readonly CsvRecord[] {
  const records: CsvRecord[] = [];
  let cells: (string | null)[] = [];
  let [line, firstLine, at] = [1, 1, 0];
  const end = (): void => {
    if (cells.length > 1 || cells[0] !== null) records.push({ line: firstLine, cells });
    cells = [];
    firstLine = line;
  };
  while (at < text.length) {
    if (text[at] === '"') {
      const close = closingQuote(text, at + 1);
      if (close < 0) throw new Error(`a quote that opens in line ${line} is never closed`);
      const cell = text.slice(at + 1, close).replaceAll('""', '"');
      cells.push(cell);
      line += cell.split("\n").length - 1;
      at = close + 1;
    } else {
      const length = /^[^,\r\n]*/.exec(text.slice(at))![0].length;
      cells.push(length === 0 ? null : text.slice(at, at + length));
      at += length;
    }
    if (at >= text.length) break;
    if (text[at] === ",") {
      at += 1;
      if (at >= text.length || text[at] === "\n" || text[at] === "\r") cells.push(null);
      if (at < text.length && text[at] !== "\n" && text[at] !== "\r") continue;
    }
    const lineEnd = /^\r\n|^[\r\n]/.exec(text.slice(at, at + 2));
    if (lineEnd !== null) {
      at += lineEnd[0].length;
      line += 1;
      end();
    } else if (at < text.length) throw new Error(`line ${line}: text stands behind a closing quote`);
  }
  if (cells.length > 0) end();
  return records;
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at;
  return -1;
}
