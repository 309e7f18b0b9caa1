// DuckDB's complaint about a model while it runs, as an error at its place in the user's file.
import { MillraceError } from "../model/errors.ts";
import { firstWord, locate, type SqlUnit } from "../sql/compile/errors.ts";
import { failureText, isQueryFault, placeIn } from "../sql/query-failure.ts";

/** What DuckDB puts before the text of `error('…')`, which the user or we wrote. */
const OWN = "Invalid Input Error: ";

/** `linesBefore`: lines in front of the user's text in the statement that failed. */
export function modelFailure(error: unknown, unit: SqlUnit, linesBefore: number): unknown {
  if (error instanceof MillraceError || !isQueryFault(error)) return error;
  const text = failureText(error);
  const place = placeIn(text, unit.sql, linesBefore);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const end = lines.findIndex((line) => /^LINE \d+:/.test(line));
  const [first, ...rest] = end < 0 ? lines : lines.slice(0, end);
  const said = first ?? text;
  const isOwn = said.startsWith(OWN);
  return new MillraceError({
    code: "MR4604",
    message: `${unit.id}: ${isOwn ? said.slice(OWN.length) : said}`,
    hint: text.startsWith("Conversion")
      ? "try_cast gives NULL for a value that does not convert"
      : rest.join(" ").trim() || (isOwn ? "look at the rows it names" : "the message is DuckDB's own"),
    location: place === null ? locate(unit, firstWord(unit.sql)) : locate(unit, place),
    cause: error,
  });
}
