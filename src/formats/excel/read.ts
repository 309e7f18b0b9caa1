// Workbooks as rows of cells: the sheets that are meant, below one another by the names of their columns.
//   E1. A sheet is read once for its header (its first rows) and once for its rows; a third time when a row turns out wider than all before.
//   E2. Rows = cells file + quarantined; the numbers of the lines are those of the sheet.
import { join } from "node:path";
import { byteString, CellFile, textOf, type CellAccount } from "../tabular/cells.ts";
import { findHeader } from "../tabular/header.ts";
import type { ReadJob } from "../tabular/job.ts";
import { Rejects, type RejectAccount } from "../tabular/rejects.ts";
import type { CellColumn, TabularFile } from "../tabular/stage.ts";
import type { ExcelOptions } from "./options.ts";
import { openXls } from "./open-xls.ts";
import { openXlsx } from "./open-xlsx.ts";
import { chooseSheets, meansSeveral, namesOf, type Merge, type Sheet, type Workbook } from "./sheets.ts";

const SAMPLE_ROWS_MAX = 300;

interface Layout {
  readonly sheet: Sheet;
  /** Rows of the sheet before its body, by their numbers. */
  readonly preambleLines: number;
  readonly headerRows: number;
  readonly headerLine: number;
  readonly bodyLine: number;
  width: number;
  columns: readonly CellColumn[];
  readonly merges: readonly Merge[];
}

/** Throws MR3263, MR3264, MR3265, MR3111. */
export async function readXlsx(job: ReadJob): Promise<TabularFile> {
  return readWorkbook(job, await openXlsx(job.path, job.name));
}

/** The same for .xls. */
export async function readXls(job: ReadJob): Promise<TabularFile> {
  return readWorkbook(job, await openXls(job.path, job.name));
}

async function readWorkbook(job: ReadJob, workbook: Workbook): Promise<TabularFile> {
  try {
    // The format has checked them: a thread that did so itself would begin 50 ms later.
    const options: ExcelOptions = job.options;
    const chosen = chooseSheets(workbook.sheets, options.sheet, job.name);
    const layouts: Layout[] = [];
    for (const sheet of chosen) layouts.push(await layoutOf(sheet, options));
    for (let attempt = 0; ; attempt++) {
      const done = await readSheets(job, options, layouts, attempt);
      if (done !== null) return describe(done, layouts, workbook, options);
    }
  } finally {
    workbook.close();
  }
}

async function layoutOf(sheet: Sheet, options: ExcelOptions): Promise<Layout> {
  const { skipLines = 0 } = options;
  const sample: { line: number; cells: string[] }[] = [];
  let preambleLines = 0;
  await sheet.rows((row) => {
    if (row.line <= skipLines) preambleLines++;
    else sample.push({ line: row.line, cells: row.cells.map(textOf) });
    return sample.length < SAMPLE_ROWS_MAX ? "goOn" : "stop";
  });
  const width = sample.reduce((most, row) => Math.max(most, row.cells.length), 0);
  if (width === 0) return { sheet, preambleLines, headerRows: 0, headerLine: 1, bodyLine: 1, width, columns: [], merges: [] };
  const headerRows = options.header === undefined ? undefined : options.header === true ? 1 : options.header === false ? 0 : options.header;
  const pins = { headerRows, startsAtOnce: options.skipLines !== undefined };
  let found = findHeader(
    sample.map((row) => row.cells),
    width,
    pins,
  );
  let merges: readonly Merge[] = [];
  if (options.merged === "fill" || found.headerRows > 1) merges = await sheet.merges();
  if (found.headerRows > 1 && merges.length > 0) {
    // The name of a group stands over all columns of the group.
    for (const row of sample.slice(found.preamble, found.preamble + found.headerRows)) {
      for (const merge of merges) {
        if (row.line !== merge.firstRow) continue;
        for (let column = merge.firstColumn + 1; column <= Math.min(merge.lastColumn, width - 1); column++) {
          while (row.cells.length <= column) row.cells.push("");
          row.cells[column] = row.cells[merge.firstColumn] ?? "";
        }
      }
    }
    found = findHeader(
      sample.map((row) => row.cells),
      width,
      { ...pins, headerRows: found.headerRows },
    );
  }
  const body = sample[found.preamble + found.headerRows - 1];
  return {
    sheet,
    preambleLines: preambleLines + found.preamble,
    headerRows: found.headerRows,
    headerLine: sample[found.preamble]?.line ?? 1,
    bodyLine: found.preamble + found.headerRows === 0 ? (sample[0]?.line ?? 1) : (body?.line ?? 0) + 1,
    width,
    columns: found.columns,
    merges: options.merged === "fill" ? merges : [],
  };
}

interface SheetsRead {
  readonly columns: readonly CellColumn[];
  readonly cells: CellAccount;
  readonly rejects: RejectAccount;
  readonly lines: number;
  readonly uncached: number;
  readonly errorCells: number;
}

/** Null when a row was wider than its layout; then the layout has grown. */
async function readSheets(job: ReadJob, options: ExcelOptions, layouts: readonly Layout[], attempt: number): Promise<SheetsRead | null> {
  const isSeveral = meansSeveral(options.sheet);
  const columns: CellColumn[] = [];
  const places = new Map<string, number>();
  for (const { columns: own } of layouts)
    for (const column of own) {
      const key = column.name.toLowerCase();
      if (places.has(key)) continue;
      places.set(key, columns.length);
      columns.push(column);
    }
  if (isSeveral) {
    let name = "sheet";
    for (let n = 2; places.has(name); n++) name = `sheet_${n}`;
    columns.push({ name, label: name });
  }
  const cells = new CellFile(join(job.temp, `cells-${attempt}`), columns.length, options.nulls ?? []);
  const rejects = new Rejects(join(job.temp, `rejected-${attempt}.ndjson`));
  const errorMode = options.errorCells ?? (job.repair === "note" ? "null" : "quarantine");
  let [lines, uncached, errorCells, taken] = [0, 0, 0, 0];
  let isTooNarrow = false;
  for (const layout of layouts) {
    const map = layout.columns.map((column) => places.get(column.name.toLowerCase()) ?? 0);
    const isStraight = !isSeveral && layouts.length === 1;
    const flags = new Uint8Array(columns.length).fill(1);
    const sheetName = byteString(layout.sheet.name);
    const fills = new Fills(layout.merges);
    const facts = await layout.sheet.rows((row) => {
      if (layout.merges.length > 0) fills.apply(row.line, row.cells);
      if (row.line < layout.bodyLine) return "goOn";
      if (row.cells.length > layout.width) {
        isTooNarrow = true;
        layout.width = row.cells.length;
      }
      if (isTooNarrow) return "goOn";
      if (row.errors.length > 0 && errorMode !== "text") {
        errorCells += row.errors.length;
        const which = row.errors.map((column) => `${layout.columns[column]?.name ?? column + 1} is ${row.cells[column] ?? ""}`).join(", ");
        // A row of nothing but errors has no value left.
        const isRepaired = errorMode === "null" && row.cells.some((cell, column) => cell !== "" && !row.errors.includes(column));
        const place = isSeveral ? ` (sheet ${layout.sheet.name})` : "";
        rejects.add({
          kind: isRepaired ? "repaired" : "quarantined",
          line: row.line,
          lines: 1,
          rule: "errorCell",
          reason: `${isRepaired ? "an error stands for no value" : "a cell is an error"}: ${which}${place}`,
          raw: JSON.stringify(row.cells.map(textOf)),
        });
        if (!isRepaired) return "goOn";
        for (const column of row.errors) row.cells[column] = "";
      } else errorCells += row.errors.length;
      let isTaken: boolean;
      if (isStraight) isTaken = cells.row(row.cells, row.line, row.isText);
      else {
        const stacked: string[] = [];
        for (const [column, cell] of row.cells.entries()) {
          const place = map[column] ?? column;
          stacked[place] = cell;
          flags[place] = row.isText[column] ?? 0;
        }
        const isEmpty = row.cells.every((cell) => cell === "");
        if (isSeveral) stacked[columns.length - 1] = sheetName;
        isTaken = !isEmpty && cells.row(stacked, row.line, flags);
      }
      if (isTaken) taken++;
      return job.recordsMax === undefined || taken < job.recordsMax ? "goOn" : "stop";
    });
    lines += facts.lastLine;
    uncached += facts.uncached;
  }
  const account = cells.close();
  const rejected = rejects.close();
  if (!isTooNarrow) return { columns, cells: account, rejects: rejected, lines, uncached, errorCells };
  for (const layout of layouts) layout.columns = widened(layout.columns, layout.width);
  return null;
}

/** Columns that only some rows have, far down, are named by their number. */
function widened(columns: readonly CellColumn[], width: number): readonly CellColumn[] {
  const taken = new Set(columns.map((column) => column.name.toLowerCase()));
  const all = [...columns];
  while (all.length < width) {
    let name = `column_${all.length + 1}`;
    while (taken.has(name)) name = `${name}_2`;
    taken.add(name);
    all.push({ name, label: name });
  }
  return all;
}

/** Puts the value of merged cells into all of them, as the rows pass. */
class Fills {
  private readonly merges: readonly Merge[];
  private readonly values = new Map<Merge, string>();

  constructor(merges: readonly Merge[]) {
    this.merges = merges;
  }

  apply(line: number, cells: string[]): void {
    for (const merge of this.merges) {
      if (line < merge.firstRow || line > merge.lastRow) continue;
      if (line === merge.firstRow) this.values.set(merge, cells[merge.firstColumn] ?? "");
      const value = this.values.get(merge) ?? "";
      if (value === "") continue;
      for (let column = merge.firstColumn; column <= merge.lastColumn; column++) {
        while (cells.length <= column) cells.push("");
        if (cells[column] === "") cells[column] = value;
      }
    }
  }
}

function describe(read: SheetsRead, layouts: readonly Layout[], workbook: Workbook, options: ExcelOptions): TabularFile {
  const header = layouts.reduce((sum, layout) => sum + layout.headerRows, 0);
  const preamble = layouts.reduce((sum, layout) => sum + layout.preambleLines, 0);
  const records = read.cells.rows + read.rejects.quarantined;
  const doubts: string[] = [];
  const warnings: string[] = [];
  if (options.sheet === undefined && workbook.sheets.length > 1)
    doubts.push(`the sheet ${JSON.stringify(layouts[0]?.sheet.name)} was taken; there are ${namesOf(workbook.sheets)}`);
  if (layouts.some((layout) => layout.sheet.isHidden)) warnings.push("a hidden sheet was read");
  if (records === 0) doubts.push("The sheet has no rows.");
  if (read.uncached > 0) doubts.push(`${read.uncached} formulas were saved without their value: their cells are empty`);
  if (read.errorCells > 0) doubts.push(`${read.errorCells} cells are errors such as #N/A`);
  const [first] = layouts;
  return {
    columns: read.columns,
    cells: read.cells,
    rejects: read.rejects,
    lines: { total: read.lines, header, preamble, blank: Math.max(0, read.lines - header - preamble - records) },
    typing: "cells",
    understood: {
      format: "excel",
      header: { rows: first?.headerRows ?? 0, line: first?.headerLine ?? 1 },
      confidence: records === 0 ? 0 : 1,
      doubts,
      warnings,
    },
  };
}
