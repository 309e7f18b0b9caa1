// How a delimited file is written, and the copy that leaves a parser nothing to interpret.

export interface Dialect {
  /** One or more characters; ONE_COLUMN for a file without a delimiter. */
  readonly delimiter: string;
  /** One ASCII character, or "" when quotes mean nothing. */
  readonly quote: string;
  /** What makes a quote inside a quoted cell literal: the quote itself, or a backslash. */
  readonly escape: string;
  /** The line end of most lines. */
  readonly newline: "\n" | "\r\n" | "\r";
  /** Does a lone carriage return end a line? */
  readonly crEnds: boolean;
}

/** Stands for "no delimiter": a character that no text has; should one occur, the audit sees a second cell. */
export const ONE_COLUMN = "\u001f";

/** The dialect of a rewritten copy. */
export const PLAIN: Dialect = { delimiter: ",", quote: '"', escape: '"', newline: "\n", crEnds: false };

export const LF = 10;
export const CR = 13;
