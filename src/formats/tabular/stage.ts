// From a file of cells to its stage table, by DuckDB's reader with nothing left to its guess; then the sums of the account must be those of the table.
import { hashFile } from "../../platform/files.ts";
import { stat } from "node:fs/promises";
import { MillraceError } from "../../model/errors.ts";
import { PLAIN } from "../delimited/dialect.ts";
import { differenceOf, load, type LoadColumn } from "../delimited/load.ts";
import type { FileUnderstanding, StagedColumn, StagedFile, StageRequest } from "../format.ts";
import { FORM, type ColumnForms } from "../types/forms.ts";
import { inferType, textType, type InferredType } from "../types/infer.ts";
import type { CellAccount } from "./cells.ts";
import { loadRejects, type RejectAccount } from "./rejects.ts";

export interface CellColumn {
  readonly name: string;
  readonly label: string;
}

/** What a reader of tabular data found; made in a thread. */
export interface TabularFile {
  readonly columns: readonly CellColumn[];
  readonly cells: CellAccount;
  readonly rejects: RejectAccount;
  readonly lines: NonNullable<StagedFile["lines"]>;
  /** `text`: everything is text, a type is inferred from the forms. `cells`: a column whose cells the file calls text stays text, numbers are doubles. */
  readonly typing: "text" | "cells";
  readonly understood: Omit<FileUnderstanding, "compression" | "road">;
}

const DOUBLE_DIGITS_MAX = 15;

/** Throws MR3123 when DuckDB's table is not what was counted without it. */
export async function stageTabular(request: StageRequest, file: TabularFile): Promise<StagedFile> {
  const { connection, into } = request;
  const { cells, rejects, understood } = file;
  const columns = columnsOf(request, file);
  const sound = { ...understood, compression: "none", road: "a rewritten copy" } as const;
  if (columns.length === 0) await connection.run(`create or replace table ${into} (column_1 varchar)`);
  else if (cells.rows === 0) await connection.run(`create or replace table ${into} (${columns.map(definition).join(", ")})`);
  else {
    const toLoad = { connection, into, columns, nulls: [] };
    await load(toLoad, { path: cells.path, dialect: PLAIN, skipLines: 0 });
    const difference = await differenceOf(toLoad, cells);
    if (difference !== null)
      throw new MillraceError({ code: "MR3123", message: `${request.name}: DuckDB's table is not what was counted: ${difference}` });
  }
  const rejected = rejects.quarantined + rejects.repaired;
  if (rejected > 0) await loadRejects(connection, request.rejectedInto, rejects.path);
  return {
    rows: cells.rows,
    columns: columns.map(({ name, type }, index): StagedColumn => ({
      name,
      label: file.columns[index]?.label ?? name,
      type: type.type,
      exactText: type.exactText,
      why: type.why,
    })),
    origins: cells.origins,
    hasRejected: rejected > 0,
    records: { read: cells.rows + rejects.quarantined, quarantined: rejects.quarantined, repaired: rejects.repaired },
    lines: file.lines,
    sizeBytes: (await stat(request.path)).size,
    hash: await hashFile(request.path),
    understood: sound,
  };
}

/** The likely columns, for `peek`. */
export function peekTabular(file: TabularFile): readonly StagedColumn[] {
  return columnsOf({ columns: new Map(), otherwise: "infer" }, file).map(({ name, type }, index) => ({
    name,
    label: file.columns[index]?.label ?? name,
    type: type.type,
    exactText: type.exactText,
    why: type.why,
  }));
}

function columnsOf(request: Pick<StageRequest, "columns" | "otherwise">, { columns, cells, typing }: TabularFile): readonly LoadColumn[] {
  return columns.map(({ name, label }, index): LoadColumn => {
    const reading = request.columns.get(name) ?? request.columns.get(label.trim()) ?? request.otherwise;
    if (reading === "text") return { name, type: textType("read as text") };
    return { name, type: typing === "text" ? inferType(cells.forms, index) : inferCells(cells, index) };
  });
}

/** A type of what a file with types of its own calls its cells. */
function inferCells({ forms, typed }: CellAccount, column: number): InferredType {
  if (typed[column] !== 1) return textType((forms.mask[column] ?? 0) === 0 ? "no values" : "text cells");
  const mask = forms.mask[column] ?? 0;
  const isNumber = mask !== 0 && (mask & ~(FORM.integer | FORM.decimal | FORM.scientific)) === 0;
  const inferred = inferType(forms, column);
  const isWide = isNumber && mask !== FORM.integer && (digitsOf(forms, column) > DOUBLE_DIGITS_MAX || inferred.type === "VARCHAR");
  if (!isWide) return inferred;
  return { type: "DOUBLE", read: "DOUBLE", pattern: null, exactText: false, why: "numbers, which the file holds as doubles" };
}

function digitsOf(forms: ColumnForms, column: number): number {
  return Math.max(forms.digits[column] ?? 0, (forms.integerDigits[column] ?? 0) + (forms.scaleMax[column] ?? 0));
}

function definition({ name, type }: LoadColumn): string {
  return `"${name.replaceAll('"', '""')}" ${type.type}`;
}
