// DuckDB's complaint about a model while it runs, as an error at its place in the user's file.
import { messageOf, MillraceError } from "../model/errors.ts";
import { firstWord, locate, type SqlUnit } from "../sql/errors.ts";

/** Kinds of errors that the query causes. Others (disk, memory, conflicts, interrupts) are not its fault and pass through. */
const QUERY_FAULT =
  /^(Conversion|Binder|Catalog|Parser|Out of Range|Invalid Input|Mismatch Type|Not implemented|Constraint|Invalid Configuration|IO|HTTP|Permission|Missing Extension) Error/;
const SYSTEM_FAULT = /No space left|disk (is )?full|Could not write|Cannot open file .*\.(tmp|wal)|TransactionContext/i;

/** `linesBefore`: lines in front of the user's text in the statement that failed. */
export function modelFailure(error: unknown, unit: SqlUnit, linesBefore: number): unknown {
  const text = messageOf(error).replace(/^Failed to extract statements: /, "");
  if (error instanceof MillraceError || !QUERY_FAULT.test(text) || SYSTEM_FAULT.test(text)) return error;
  const place = placeIn(text, unit.sql, linesBefore);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const end = lines.findIndex((line) => /^LINE \d+:/.test(line));
  const [first, ...rest] = end < 0 ? lines : lines.slice(0, end);
  return new MillraceError({
    code: "MR4604",
    message: `${unit.id}: ${first ?? text}`,
    hint: text.startsWith("Conversion")
      ? "try_cast gives NULL for a value that does not convert"
      : rest.join(" ").trim() || "the message is DuckDB's own",
    location: place === null ? locate(unit, firstWord(unit.sql)) : locate(unit, place),
    cause: error,
  });
}

/** Offset in `sql` of the mark under DuckDB's `LINE n: …` excerpt, whose ends may be cut off with dots. */
function placeIn(text: string, sql: string, linesBefore: number): number | null {
  const found = /^LINE (\d+): (.*)\n( *)\^/m.exec(text);
  if (found === null) return null;
  const lines = sql.split("\n");
  const index = Number(found[1]) - 1 - linesBefore;
  const line = lines[index];
  if (line === undefined) return null;
  const before = lines.slice(0, index).join("\n").length + (index === 0 ? 0 : 1);
  const excerpt = found[2]!;
  const isCut = excerpt.startsWith("...") && !line.startsWith("...");
  const bare = excerpt.slice(isCut ? 3 : 0, excerpt.endsWith("...") && !line.endsWith("...") ? -3 : undefined);
  const marked = found[3]!.length - `LINE ${found[1]}: `.length - (isCut ? 3 : 0);
  const start = isCut ? line.indexOf(bare) : 0;
  return start < 0 || marked < 0 ? before : before + Math.min(start + marked, line.length);
}
