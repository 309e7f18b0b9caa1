// Lines cut at fixed positions. A line that is shorter than its columns, or has something behind the last one, goes to quarantine.
import { MillraceError } from "../../model/errors.ts";
import type { ReadJob } from "../tabular/job.ts";
import { readLines, type LineVerdict } from "../tabular/lines.ts";
import type { TabularFile } from "../tabular/stage.ts";
import { fixedWidthOptions, type FixedWidthOptions } from "./options.ts";

interface Field {
  readonly name: string;
  /** Characters from 0, the second one excluded; Infinity: up to the end of the line. */
  readonly from: number;
  readonly to: number;
}

/** Throws MR3250, MR3251 and what reading lines throws. */
export function readFixedWidth(job: ReadJob): Promise<TabularFile> {
  const options = fixedWidthOptions.parse(job.options);
  const fields = fieldsOf(job.name, options);
  const needed = Math.max(...fields.map((field) => (field.to === Number.POSITIVE_INFINITY ? field.from : field.to)));
  const isOpen = fields.some((field) => field.to === Number.POSITIVE_INFINITY);
  const gaps = gapsOf(fields, needed);
  const { trim = "both", shortLines = "quarantine" } = options;
  let filledGaps = 0;
  const read = (line: string): LineVerdict => {
    // Positions are characters; what needs two units of UTF-16 is one of them.
    const characters = /[\ud800-\udbff]/.test(line) ? Array.from(line) : line;
    const { length } = characters;
    if (length < needed && shortLines === "quarantine")
      return { rule: "shortLine", reason: `the line has ${length} characters, its columns need ${needed}` };
    if (!isOpen && length > needed && cut(characters, needed, length).trim() !== "")
      return { rule: "longLine", reason: `the line has ${length} characters, its columns end at ${needed}` };
    if (gaps.some(({ from, to }) => cut(characters, from, to).trim() !== "")) filledGaps++;
    return fields.map(({ from, to }) => trimmed(cut(characters, from, to), trim));
  };
  const doubts = (): readonly string[] =>
    filledGaps === 0
      ? []
      : [`${filledGaps} lines have something between the columns, at ${gaps.map(({ from, to }) => `${from + 1}-${to}`).join(", ")}`];
  const columns = fields.map(({ name }) => ({ name, label: name }));
  const { skipLines = 0, comment, encoding, nulls = [] } = options;
  return readLines(job, { format: "fixedWidth", columns, read, doubts }, { skipLines, comment, encoding, nulls });
}

function fieldsOf(name: string, { fields }: FixedWidthOptions): readonly Field[] {
  const given = Object.entries(fields ?? {});
  if (given.length === 0) {
    throw new MillraceError({
      code: "MR3250",
      message: `${name}: a fixed-width file needs the positions of its columns`,
      hint: 'files: { format: fixedWidth, fields: { id: "1-6", name: "7-26" } }',
    });
  }
  const names = new Set<string>();
  return given.map(([label, positions]): Field => {
    const [first = "", last] = positions.split("-").map((part) => part.trim());
    const from = Number(first) - 1;
    const to = last === undefined ? from + 1 : last === "" ? Number.POSITIVE_INFINITY : Number(last);
    const isTwice = names.has(label.trim().toLowerCase());
    names.add(label.trim().toLowerCase());
    if (from >= 0 && to > from && !isTwice) return { name: label.trim(), from, to };
    const why = isTwice ? "its name stands twice" : "positions count from 1, and the first is not behind the last";
    throw new MillraceError({ code: "MR3251", message: `${name}: \`fields: { ${label}: ${JSON.stringify(positions)} }\`: ${why}` });
  });
}

/** Positions that no column takes. */
function gapsOf(fields: readonly Field[], needed: number): readonly { readonly from: number; readonly to: number }[] {
  const gaps: { from: number; to: number }[] = [];
  let at = 0;
  for (const field of fields.toSorted((a, b) => a.from - b.from)) {
    if (field.from > at) gaps.push({ from: at, to: Math.min(field.from, needed) });
    at = Math.max(at, field.to);
  }
  return gaps;
}

function cut(line: string | readonly string[], from: number, to: number): string {
  return typeof line === "string" ? line.slice(from, to) : line.slice(from, to).join("");
}

function trimmed(cell: string, trim: NonNullable<FixedWidthOptions["trim"]>): string {
  switch (trim) {
    case "both":
      return cell.trim();
    case "left":
      return cell.trimStart();
    case "right":
      return cell.trimEnd();
    case "none":
      return cell.trim() === "" ? "" : cell;
    default:
      return trim satisfies never;
  }
}
