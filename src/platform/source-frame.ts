// The lines of a user's file that stand around a place, without what is secret in them: for the terminal and the page alike.
import type { SourceLocation } from "../model/errors.ts";
import type { SourceFrame } from "../model/project-answers.ts";
import { secretSpans } from "./secret-names.ts";

export const LINES_BEFORE = 1;
const MASK = "***";
const LINE_CHARACTERS_MAX = 400;

/** A line without its secrets, and where a place of it stands in it. */
export function maskedLine(lines: readonly string[], index: number): { readonly text: string; at(offset: number): number } {
  const line = lines[index]!;
  const spans = secretSpans(lines, index);
  const text = spans.reduceRight((left, { start, end }) => `${left.slice(0, start)}${MASK}${left.slice(end)}`, line);
  return {
    text,
    at(offset) {
      let shift = 0;
      for (const { start, end } of spans) {
        if (offset <= start) break;
        shift += offset >= end ? MASK.length - (end - start) : Math.min(offset - start, MASK.length) - (offset - start);
      }
      return offset + shift;
    },
  };
}

/** Null when the text of the file is not at hand. */
export function sourceFrame(place: SourceLocation | undefined): SourceFrame | null {
  const all = place?.text?.split(/\r\n|\n|\r/);
  const line = all?.[(place?.line ?? 0) - 1];
  if (place === undefined || all === undefined || line === undefined) return null;
  const lines: SourceFrame["lines"][number][] = [];
  for (let index = Math.max(0, place.line - 1 - LINES_BEFORE); index < place.line; index++)
    lines.push({ number: index + 1, text: maskedLine(all, index).text.slice(0, LINE_CHARACTERS_MAX) });
  const shown = maskedLine(all, place.line - 1);
  const begin = Math.max(0, place.column - 1);
  const [start, end] = [shown.at(begin), shown.at(Math.min(begin + (place.length ?? 1), line.length))];
  return { lines, column: start + 1, length: Math.max(1, Math.min(end, LINE_CHARACTERS_MAX) - start) };
}
