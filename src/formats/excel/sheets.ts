// What both kinds of workbook come down to, and which of their sheets are meant.
import { MillraceError } from "../../model/errors.ts";

export interface Merge {
  /** From 1. */
  readonly firstRow: number;
  readonly lastRow: number;
  /** From 0. */
  readonly firstColumn: number;
  readonly lastColumn: number;
}

/** One row; used again for the next one. */
export interface SheetRow {
  /** As the workbook numbers it, from 1. */
  line: number;
  /** Byte strings; "" where there is nothing. */
  readonly cells: string[];
  /** 1 where the cell is text. */
  readonly isText: Uint8Array;
  /** Columns with an error such as #N/A; the cell is its text. */
  readonly errors: number[];
}

export interface Sheet {
  readonly name: string;
  readonly isHidden: boolean;
  /** Calls `onRow` for each row that has a cell, until it says stop. */
  rows(onRow: (row: SheetRow) => "goOn" | "stop"): Promise<SheetFacts>;
  merges(): Promise<readonly Merge[]>;
}

export interface SheetFacts {
  /** Number of the last row. */
  readonly lastLine: number;
  /** Formulas that were saved without their value. */
  readonly uncached: number;
}

export interface Workbook {
  readonly sheets: readonly Sheet[];
  close(): void;
}

export const COLUMNS_MAX = 16_384;
type Wanted = string | number | readonly (string | number)[] | undefined;

/** Throws MR3263. */
export function chooseSheets(sheets: readonly Sheet[], wanted: Wanted, file: string): readonly Sheet[] {
  const refuse = (message: string): MillraceError =>
    new MillraceError({ code: "MR3263", message: `${file}: ${message}`, hint: `there are ${namesOf(sheets)}` });
  if (wanted === undefined) {
    const first = sheets.find((sheet) => !sheet.isHidden) ?? sheets[0];
    if (first === undefined) throw new MillraceError({ code: "MR3263", message: `${file} has no sheet` });
    return [first];
  }
  const chosen = new Set<Sheet>();
  for (const each of typeof wanted === "object" ? wanted : [wanted]) {
    if (typeof each === "number") {
      const sheet = sheets[each - 1];
      if (sheet === undefined) throw refuse(`there is no sheet ${each}`);
      chosen.add(sheet);
      continue;
    }
    const named = sheets.find((sheet) => sheet.name === each) ?? sheets.find((sheet) => sheet.name.toLowerCase() === each.toLowerCase());
    // A hidden sheet is taken only when it is named.
    const matching = named === undefined ? sheets.filter((sheet) => !sheet.isHidden && matches(sheet.name, each)) : [named];
    if (matching.length === 0) throw refuse(`no sheet is called ${JSON.stringify(each)}`);
    for (const sheet of matching) chosen.add(sheet);
  }
  return sheets.filter((sheet) => chosen.has(sheet));
}

/** Are several sheets meant, so that rows must say which one they are of? */
export function meansSeveral(wanted: Wanted): boolean {
  return typeof wanted === "object" || (typeof wanted === "string" && /[*?]/.test(wanted));
}

export function namesOf(sheets: readonly Sheet[]): string {
  return sheets.map((sheet) => `${JSON.stringify(sheet.name)}${sheet.isHidden ? " (hidden)" : ""}`).join(", ");
}

function matches(name: string, pattern: string): boolean {
  const expression = pattern
    .replaceAll(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return /[*?]/.test(pattern) && new RegExp(`^${expression}$`, "iu").test(name);
}
