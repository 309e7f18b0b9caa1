// Text files with one record a line: each line becomes a row, or goes to the rejected table with its number, or is blank or a comment.
import { join } from "node:path";
import { rawText } from "../json/raw.ts";
import { eachLine } from "../json/lines.ts";
import { asUtf8, encodingOf } from "../delimited/source.ts";
import { byteString, CellFile } from "./cells.ts";
import type { ReadJob } from "./job.ts";
import { Rejects } from "./rejects.ts";
import type { CellColumn, TabularFile } from "./stage.ts";

/** Cells of a line, or why it has none. */
export type LineVerdict = readonly string[] | { readonly rule: string; readonly reason: string };

export interface LineReader {
  readonly format: string;
  readonly columns: readonly CellColumn[];
  /** `line` is one line without its end. */
  read(line: string): LineVerdict;
  /** Sentences for `inspect`, after the last line. */
  doubts(): readonly string[];
}

export interface LinePins {
  readonly encoding: string | undefined;
  readonly skipLines: number;
  readonly comment: string | undefined;
  readonly nulls: readonly string[];
}

const DOUBT_SHARE_MIN = 0.05;
const PREAMBLE_LINES_KEPT = 20;

/** Throws MR3003, MR3004, MR3006, MR3121. */
export async function readLines(job: ReadJob, reader: LineReader, pins: LinePins): Promise<TabularFile> {
  const encoding = await encodingOf(job.path, job.name, pins.encoding);
  const source = await asUtf8(job.path, job.name, encoding, job.temp);
  const cells = new CellFile(join(job.temp, "cells"), reader.columns.length, pins.nulls);
  const rejects = new Rejects(join(job.temp, "rejected.ndjson"));
  const preamble: string[] = [];
  let [blank, comments, records] = [0, 0, 0];
  const seen = eachLine(source.path, (bytes, from, to, line, valid) => {
    if (line <= pins.skipLines) {
      if (preamble.length < PREAMBLE_LINES_KEPT) preamble.push(bytes.toString("utf8", from, to));
      return true;
    }
    const text = bytes.toString("utf8", from, to);
    if (text.trim() === "") {
      blank++;
      return true;
    }
    if (pins.comment !== undefined && text.startsWith(pins.comment)) {
      comments++;
      return true;
    }
    const verdict: LineVerdict =
      valid !== "utf8"
        ? { rule: "invalidEncoding", reason: `the line is not ${encoding.name}` }
        : text.includes("\0")
          ? { rule: "nulCharacter", reason: "the line holds a NUL character" }
          : reader.read(text);
    records++;
    if ("rule" in verdict) {
      rejects.add({ kind: "quarantined", line, lines: 1, ...verdict, raw: rawText(bytes, from, to, valid) });
    } else if (!cells.row(verdict.map(byteString), line)) {
      rejects.add({ kind: "quarantined", line, lines: 1, rule: "noValues", reason: "no column has a value", raw: text });
    }
    return job.recordsMax === undefined || records < job.recordsMax;
  });
  const account = cells.close();
  const rejected = rejects.close();
  const doubts = [...reader.doubts()];
  if (records > 0 && rejected.quarantined > records * DOUBT_SHARE_MIN) {
    const rules = [...rejected.rules].map(([rule, count]) => `${rule} ${count}`).join(", ");
    doubts.unshift(`${rejected.quarantined} of ${records} lines do not have the form of a record: ${rules}`);
  }
  return {
    columns: reader.columns,
    cells: account,
    rejects: rejected,
    lines: { total: seen.lines, header: 0, preamble: Math.min(pins.skipLines, seen.lines) + comments, blank },
    typing: "text",
    understood: {
      format: reader.format,
      encoding: { name: encoding.name, why: encoding.why, confidence: encoding.confidence },
      confidence: records === 0 ? 0 : account.rows / records,
      doubts: records === 0 ? ["The file has no records."] : doubts,
      warnings: [],
      ...(preamble.length === 0 ? {} : { preamble }),
    },
  };
}
