// What DuckDB says when a query fails while it runs: whether the query is at fault, and the place that its `LINE n: …` excerpt marks.
import { messageOf } from "../model/errors.ts";

/** Kinds of errors that the query causes. Others (disk, memory, conflicts, interrupts) are not its fault and pass through. */
const QUERY_FAULT =
  /^(Conversion|Binder|Catalog|Parser|Out of Range|Invalid Input|Mismatch Type|Not implemented|Constraint|Invalid Configuration|IO|HTTP|Permission|Missing Extension) Error/;
const SYSTEM_FAULT = /No space left|disk (is )?full|Could not write|Cannot open file .*\.(tmp|wal)|TransactionContext/i;

/** The query, or a value it met, made it fail; not the machine and not another transaction. */
export function isQueryFault(error: unknown): boolean {
  const text = failureText(error);
  return QUERY_FAULT.test(text) && !SYSTEM_FAULT.test(text);
}

/** DuckDB's message without the words of its client. */
export function failureText(error: unknown): string {
  return messageOf(error).replace(/^Failed to extract statements: /, "");
}

/** Offset in `sql` of the mark under DuckDB's `LINE n: …` excerpt, whose ends may be cut off with dots. `linesBefore`: lines in front of `sql`. */
export function placeIn(text: string, sql: string, linesBefore: number): number | null {
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
