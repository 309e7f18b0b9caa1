// An error as a person reads it: code and sentence, the user's own line with the place marked, the hint, the cause. Pure.
//
//   error MR2104: column "amuont" does not exist in raw.orders
//     ┌─ models/orders.sql:7:10
//   6 │   customer_id,
//   7 │   sum(amuont) as total
//     │       ^^^^^^ did you mean "amount"?
import { messageOf, type MillraceError, type SourceLocation } from "../model/errors.ts";
import { LINES_BEFORE, maskedLine } from "../platform/source-frame.ts";
import { printable, widthOf } from "./table.ts";

interface FrameColors {
  red(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

export interface FrameOptions {
  /** Absent: no colour. */
  readonly colors?: FrameColors;
  /** What is written in front of the code; warnings are drawn as errors are. */
  readonly word?: "error" | "warning";
  /** `agent` leaves out the line that points to `explain`. */
  readonly mode?: string;
}

const ERRORS_MAX = 50;
const LINE_CHARACTERS_MAX = 160;
const CAUSES_MAX = 8;

const plain: FrameColors = { red: String, yellow: String, cyan: String, dim: String, bold: String };

/** Several lines without a line end at the last. An error that holds others is drawn as all of them and a count. */
export function renderError(error: MillraceError, options: FrameOptions = {}): string {
  const colors = options.colors ?? plain;
  if (error.errors.length === 0) return renderOne(error, options, colors);
  const shown = error.errors.slice(0, ERRORS_MAX).map((each) => renderOne(each, options, colors));
  const rest = error.errors.length - shown.length;
  if (rest > 0) shown.push(colors.dim(`… and ${rest} more`));
  return [...shown, colors.bold(printable(error.message))].join("\n\n");
}

function renderOne(error: MillraceError, options: FrameOptions, colors: FrameColors): string {
  const word = options.word ?? "error";
  const mark = (text: string): string => (word === "error" ? colors.red(text) : colors.yellow(text));
  const place = error.location;
  const framed = place === undefined ? undefined : frame(place, error.hint, colors, mark);
  const lines = [`${mark(colors.bold(`${word} ${error.code}`))}: ${colors.bold(printable(error.message))}`];
  if (framed !== undefined) lines.push(...framed);
  else {
    if (place !== undefined) lines.push(`  ${colors.cyan("┌─")} ${whereabouts(place)}`);
    if (error.hint !== undefined) lines.push(`  = ${printable(error.hint)}`);
  }
  for (const cause of causesOf(error)) lines.push(`  ${colors.dim(`caused by: ${printable(cause)}`)}`);
  if (options.mode !== "agent") lines.push(`  ${colors.dim(`explain: millrace explain ${error.code}`)}`);
  return lines.join("\n");
}

/** Undefined when the text of the file is not at hand. A short hint stands behind the marks, a long one below. */
function frame(
  place: SourceLocation,
  hint: string | undefined,
  colors: FrameColors,
  mark: (text: string) => string,
): readonly string[] | undefined {
  const all = place.text?.split(/\r\n|\n|\r/);
  const line = all?.[place.line - 1];
  if (all === undefined || line === undefined) return undefined;
  const shown = maskedLine(all, place.line - 1);
  const margin = " ".repeat(String(place.line).length);
  const first = Math.max(0, place.line - 1 - LINES_BEFORE);
  const begin = Math.max(0, place.column - 1);
  const start = shown.at(begin);
  // A very long line is shown from shortly before the place.
  const cut = start > LINE_CHARACTERS_MAX / 2 ? start - 40 : 0;
  const lines = [`${margin} ${colors.cyan("┌─")} ${whereabouts(place)}`];
  for (let index = first; index < place.line; index++) {
    const number = String(index + 1).padStart(margin.length);
    lines.push(`${colors.dim(number)} ${colors.cyan("│")} ${visible(maskedLine(all, index).text, cut)}`.trimEnd());
  }
  const before = visible(shown.text.slice(0, start), cut);
  const end = shown.at(Math.min(begin + (place.length ?? 1), line.length));
  const length = Math.max(1, Math.min(end - start, LINE_CHARACTERS_MAX));
  const marks = "^".repeat(Math.max(1, widthOf(visible(shown.text.slice(start, start + length), 0))));
  const short = hint !== undefined && hint.length <= 60 && !hint.includes("\n");
  const gap = `${margin} ${colors.cyan("│")} ${" ".repeat(widthOf(before))}`;
  lines.push(`${gap}${mark(short ? `${marks} ${printable(hint)}` : marks)}`);
  if (hint !== undefined && !short) lines.push(...hint.split("\n").map((part) => `${margin} = ${printable(part)}`));
  return lines;
}

/** Tabs become two blanks so that marks stand below what they mark. */
function visible(line: string, cut: number): string {
  const part = line.slice(cut, cut + LINE_CHARACTERS_MAX);
  return printable(`${cut > 0 ? "…" : ""}${part}${line.length > cut + LINE_CHARACTERS_MAX ? "…" : ""}`.replaceAll("\t", "  "));
}

function whereabouts(place: SourceLocation): string {
  return `${printable(place.file).replaceAll("\n", "⏎")}:${place.line}:${place.column}`;
}

function causesOf(error: MillraceError): readonly string[] {
  const causes: string[] = [];
  let cause: unknown = error.cause;
  while (cause !== undefined && cause !== null && causes.length < CAUSES_MAX) {
    const message = messageOf(cause);
    if (message !== "" && !error.message.includes(message) && causes.at(-1) !== message) causes.push(message.split("\n")[0]!);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}
