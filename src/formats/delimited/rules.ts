// The rules by which a record is not taken as it stood. `rule` is the stable word in the quarantine; the reason is for people.

export const RULES = {
  strayQuote: "a quote stands where none may stand",
  strayQuoteKept: "stray quote kept as text",
  besideStrayQuote: "beside a stray quote",
  hiddenRows: "a quoted cell over several lines whose lines are rows of the table",
  lineOnItsOwn: "line taken on its own",
  otherDelimiter: "another delimiter",
  shortRowPadded: "short row padded",
  emptyCellsDropped: "empty cells beyond the last column",
  delimiterRejoined: "unquoted delimiter rejoined",
  tooFewCells: "too few cells",
  tooManyCells: "too many cells",
  notARow: "not a row",
  otherTable: "a block of rows of another width",
  headerAgain: "the header again",
  invalidBytes: "bytes that are not UTF-8",
  nulByte: "a NUL byte",
  lineTooLong: "a line longer than the limit",
} as const;
export type Rule = keyof typeof RULES;
