// A copy of JSON lines that leaves DuckDB nothing to interpret: `{"c0":…,"c1":…}` per record, in which each value is as it was, or its text in quotes.
// Records that cannot be taken go to a second file, with line, rule, reason and raw form.
//   W1. Every line that is not blank is in the copy, in the rejected file, or (repaired) in both.
import type { LineOrigin, RejectedColumns } from "../format.ts";
import type { ColumnPlan, Writing } from "./columns.ts";
import { eachLine } from "./lines.ts";
import { rawText } from "./raw.ts";
import { isBlank, Origins } from "./scan.ts";
import { keyText, Scanner } from "./scanner.ts";
import { newShape } from "./shape.ts";
import { eachMember, skipBlanks } from "./skip.ts";
import { ByteWriter } from "./writer.ts";

export interface RewriteJob {
  readonly path: string;
  readonly copy: string;
  readonly rejected: string;
  readonly columns: readonly Pick<ColumnPlan, "key" | "writing">[];
  /** `columns`: records are objects, others are rejected. `value`: each record is the value of one column. */
  readonly records: "columns" | "value";
  readonly repair: "note" | "quarantine";
  /** Where the records of `path` stood in the file of the user, when that is another file. */
  readonly stood: readonly LineOrigin[] | null;
}

export interface Rewritten {
  readonly rows: number;
  readonly quarantined: number;
  readonly repaired: number;
  readonly origins: readonly LineOrigin[];
  /** Longest record of copy and rejected file, at most. */
  readonly longestBytes: number;
  readonly values: readonly number[];
}

export function rewriteLines(job: RewriteJob): Rewritten {
  const copy = new ByteWriter(job.copy);
  const rejected = new ByteWriter(job.rejected);
  const judge = new Scanner();
  const origins = new Origins();
  const places = new LinePlaces(job.stood);
  const slots = new Map(job.columns.map((column, index) => [column.key, index]));
  const values = job.columns.map(() => 0);
  let [rows, quarantined, repaired, longest, records] = [0, 0, 0, 0, 0];

  const reject = (row: RejectedColumns): void => {
    const text = `${JSON.stringify(row)}\n`;
    longest = Math.max(longest, text.length * 3);
    rejected.text(text);
    if (row.kind === "quarantined") quarantined++;
    else repaired++;
  };

  try {
    eachLine(job.path, (bytes, from, to, physical, valid) => {
      if (isBlank(bytes, from, to)) return true;
      const line = places.lineOf(records++, physical);
      const about = (kind: RejectedColumns["kind"], rule: string, reason: string): RejectedColumns => ({
        kind,
        line,
        lines: 1,
        rule,
        reason,
        raw: rawText(bytes, from, to, valid),
      });
      if (valid !== "utf8") {
        reject(about("quarantined", "invalidEncoding", "the record is not UTF-8"));
        return true;
      }
      if (!judge.record(bytes, from, to, newShape())) {
        reject(about("quarantined", "invalidJson", judge.problem));
        return true;
      }
      const start = skipBlanks(bytes, from, to);
      if (job.records === "columns" && bytes[start] !== 123) {
        reject(about("quarantined", "notAnObject", "the record is no object, the others are"));
        return true;
      }
      if (job.records === "columns" && judge.hasDuplicateKey) {
        const kind = job.repair === "note" ? "repaired" : "quarantined";
        reject(about(kind, "duplicateKey", "a key stands twice in the record; its last value counts"));
        if (kind === "quarantined") return true;
      }
      if (job.records === "columns") writeObject(bytes, from, to);
      else writeValue(bytes, start, to);
      rows++;
      if (line !== null) origins.add(line);
      longest = Math.max(longest, (to - from) * 6 + job.columns.length * 16);
      return true;
    });
  } finally {
    copy.close();
    rejected.close();
  }
  return { rows, quarantined, repaired, origins: origins.list(), longestBytes: longest, values };

  function writeObject(bytes: Buffer, from: number, to: number): void {
    const bounds = new Map<number, readonly [number, number]>();
    eachMember(bytes, from, to, (keyFrom, keyTo, valueFrom, valueTo) => {
      const slot = slots.get(keyText(bytes, keyFrom, keyTo));
      if (slot !== undefined) bounds.set(slot, [valueFrom, valueTo]);
    });
    copy.text("{");
    let separator = "";
    for (const [slot, [valueFrom, valueTo]] of bounds) {
      copy.text(`${separator}"c${slot}":`);
      separator = ",";
      writeSlot(bytes, valueFrom, valueTo, slot);
    }
    copy.text("}\n");
  }

  function writeValue(bytes: Buffer, from: number, to: number): void {
    let end = to;
    while (end > from && (bytes[end - 1] ?? 0) <= 32) end--;
    copy.text(`{"c0":`);
    writeSlot(bytes, from, end, 0);
    copy.text("}\n");
  }

  function writeSlot(bytes: Buffer, from: number, to: number, slot: number): void {
    const first = bytes[from] ?? 0;
    const isNull = first === 110;
    if (!isNull) values[slot] = (values[slot] ?? 0) + 1;
    const writing: Writing = job.columns[slot]?.writing ?? "same";
    if (isNull || writing === "same" || (writing === "text" && first === 34)) copy.bytes(bytes, from, to);
    else copy.text(JSON.stringify(bytes.toString("utf8", from, to)));
  }
}

/** Lines in the user's file of records that now stand in a copy, one a line, in order. */
class LinePlaces {
  private next = 0;
  private readonly stood: readonly LineOrigin[] | null;

  constructor(stood: readonly LineOrigin[] | null) {
    this.stood = stood;
  }

  lineOf(record: number, physical: number): number | null {
    if (this.stood === null) return physical;
    while ((this.stood[this.next + 1]?.firstRow ?? Number.POSITIVE_INFINITY) <= record) this.next++;
    const stretch = this.stood[this.next];
    return stretch === undefined ? null : stretch.line + record - stretch.firstRow;
  }
}
