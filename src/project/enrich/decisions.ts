// What people decided over doubtful pairs: `reviews/ASSET.csv`, a file of the project, so that it is reviewed, versioned and moved with it.
import { MillraceError } from "../../model/errors.ts";
import { parseCsv } from "../registry.ts";
import type { MatchDecision } from "./match-sql.ts";

export const REVIEW_COLUMNS = ["left", "right", "decision", "by", "why", "at"] as const;

export function reviewFile(asset: string): string {
  return `reviews/${asset}.csv`;
}

/** Of the same pair the last line holds. @throws MR1045 for a line that is none. */
export function decisionsIn(text: string, file: string): readonly MatchDecision[] {
  const { records, unclosed } = parseCsv(text);
  const [header = [], ...rows] = records.filter((record) => record.some((cell) => cell.text.trim() !== ""));
  const at = (name: string): number => header.findIndex((cell) => cell.text.trim().toLowerCase() === name);
  const columns = { left: at("left"), right: at("right"), decision: at("decision") };
  if (unclosed !== undefined || columns.left < 0 || columns.right < 0 || columns.decision < 0)
    throw wrong(file, 1, unclosed === undefined ? "the header needs left, right and decision" : "a quote is opened and not closed");
  const held = new Map<string, MatchDecision>();
  for (const [index, row] of rows.entries()) {
    const cell = (column: number): string => row[column]?.text.trim() ?? "";
    const decision = cell(columns.decision).toLowerCase();
    const [left, right] = [cell(columns.left), cell(columns.right)];
    if (left === "" || right === "" || (decision !== "match" && decision !== "distinct"))
      throw wrong(file, index + 2, "each line is left, right and a decision: match or distinct");
    held.set(JSON.stringify([left, right]), { left, right, decision });
  }
  return [...held.values()];
}

function wrong(file: string, line: number, message: string): MillraceError {
  return new MillraceError({ code: "MR1045", message: `${file}: ${message}`, location: { file, line, column: 1 } });
}
