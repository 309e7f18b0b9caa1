// Words of a SQL text with their places, so that a text can be changed at a place without touching strings, quoted names or comments.
// DuckDB does the parsing; this only finds parameters, statement ends and PIVOT, where DuckDB's tree says nothing.

export interface SqlToken {
  readonly kind: "word" | "quoted" | "string" | "number" | "parameter" | "symbol";
  readonly text: string;
  /** UTF-16 offsets in the text. */
  readonly start: number;
  readonly end: number;
}

const WORD = /[\p{L}_\u0080-\uffff][\p{L}\p{N}_$\u0080-\uffff]*/uy;
const NUMBER = /\d[\d_]*(?:\.[\d_]*)?(?:e[+-]?\d+)?|\.\d[\d_]*(?:e[+-]?\d+)?/iy;
const PARAMETER = /\$(?:[\p{L}_\u0080-\uffff][\p{L}\p{N}_\u0080-\uffff]*|\d+)|\?\d*/uy;
const DOLLAR_QUOTE = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;

/** The tokens of `sql`; comments and white space are left out. Text that no rule fits is passed on symbol by symbol. */
export function scanSql(sql: string): readonly SqlToken[] {
  const tokens: SqlToken[] = [];
  let at = 0;
  const push = (kind: SqlToken["kind"], end: number): void => {
    tokens.push({ kind, text: sql.slice(at, end), start: at, end });
    at = end;
  };
  const match = (pattern: RegExp): number | undefined => {
    pattern.lastIndex = at;
    return pattern.test(sql) ? pattern.lastIndex : undefined;
  };
  while (at < sql.length) {
    const char = sql[at]!;
    if (/\s/.test(char)) at++;
    else if (char === "-" && sql[at + 1] === "-") at = endOfLine(sql, at);
    else if (char === "/" && sql[at + 1] === "*") at = endOfComment(sql, at);
    else if (char === "'") push("string", endOfQuoted(sql, at + 1, "'", "doubled"));
    else if (/[eE]/.test(char) && sql[at + 1] === "'") push("string", endOfQuoted(sql, at + 2, "'", "escaped"));
    else if (char === '"') push("quoted", endOfQuoted(sql, at + 1, '"', "doubled"));
    else {
      const dollar = match(DOLLAR_QUOTE);
      const parameter = match(PARAMETER);
      const word = match(WORD);
      const number = match(NUMBER);
      if (dollar !== undefined) {
        const close = sql.indexOf(sql.slice(at, dollar), dollar);
        push("string", close < 0 ? sql.length : close + dollar - at);
      } else if (parameter !== undefined) push("parameter", parameter);
      else if (word !== undefined) push("word", word);
      else if (number !== undefined) push("number", number);
      else push("symbol", at + 1);
    }
  }
  return tokens;
}

function endOfLine(sql: string, from: number): number {
  const end = sql.indexOf("\n", from);
  return end < 0 ? sql.length : end + 1;
}

/** Comments nest, as in DuckDB's scanner. */
function endOfComment(sql: string, from: number): number {
  let depth = 0;
  for (let at = from; at < sql.length; at++) {
    const two = sql.slice(at, at + 2);
    if (two === "/*") depth++;
    else if (two === "*/") depth--;
    else continue;
    at++;
    if (depth === 0) return at + 1;
  }
  return sql.length;
}

function endOfQuoted(sql: string, from: number, quote: string, escape: "doubled" | "escaped"): number {
  for (let at = from; at < sql.length; at++) {
    if (escape === "escaped" && sql[at] === "\\") at++;
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return sql.length;
}
