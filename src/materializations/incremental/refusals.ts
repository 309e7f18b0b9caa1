// What an incremental model is told when its SQL cannot carry what its front matter asks for, at its place in the user's file.
import { MillraceError } from "../../model/errors.ts";
import { firstWord, locate, type SqlUnit } from "../../sql/compile/errors.ts";

export function coarserColumn(unit: SqlUnit, column: string, size: string, grain: string): MillraceError {
  return new MillraceError({
    code: "MR4613",
    message: `${unit.id}: ${column} is cut to the ${grain}, and its intervals are a ${size} long`,
    hint: ["hour", "day", "week", "month"].includes(grain)
      ? `unit: ${grain}`
      : "unit: month, and a column that is cut to no more than a month",
    location: locate(unit, firstWord(unit.sql)),
  });
}

export function filterLeavesStart(unit: SqlUnit): MillraceError {
  return new MillraceError({
    code: "MR4613",
    message: `${unit.id}: its filter on $start leaves out the first moment of every interval, so that its rows are in none`,
    hint: "an interval begins with $start and ends before $end: >= $start and < $end",
    location: locate(unit, Math.max(0, unit.sql.indexOf("$start"))),
  });
}

export function withoutStart(unit: SqlUnit, unknown: string | null): MillraceError {
  const at = Math.max(0, unit.sql.indexOf("$start"));
  return new MillraceError({
    code: "MR4612",
    message: `${unit.id}: no column of what it reads tells where its intervals begin${unknown === null ? "" : ` (${unknown})`}`,
    hint: "write start: 2026-01-01 in incremental:",
    location: locate(unit, at),
  });
}

export function noCursor(unit: SqlUnit, name: string, type: string | undefined): MillraceError {
  return new MillraceError({
    code: "MR4614",
    message: type === undefined ? `${unit.id} has no column ${name}` : `${unit.id}: ${name} is ${type}, and $start is a moment`,
    hint: "cursor: a DATE or TIMESTAMP of the SELECT",
    location: locate(unit, firstWord(unit.sql)),
  });
}
