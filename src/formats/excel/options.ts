// Which sheet of a workbook is meant, where its table begins, and what its odd cells become.
import * as z from "zod";

const sheetName = z.union([z.string().min(1), z.int().min(1)]);

export const excelOptions = z.strictObject({
  sheet: z
    .union([sheetName, z.array(sheetName).min(1)])
    .optional()
    .describe(
      "sheet of a workbook: its name, its number from 1, a pattern (2024-*), or a list of them (default: the first that is not hidden)",
    ),
  header: z
    .union([z.boolean(), z.int().min(0).max(10)])
    .optional()
    .describe("Is the first row the header? A number says how many rows it has"),
  skipLines: z.int().min(0).optional().describe("Physical lines before the header or the first row"),
  merged: z.enum(["first", "fill"]).optional().describe("merged cells: the value stands in the first of them (default), or in all"),
  errorCells: z
    .enum(["null", "text", "quarantine"])
    .optional()
    .describe("cells such as #N/A: no value and a note (default), their text, or the row goes to quarantine"),
  nulls: z.array(z.string()).optional().describe('Words that stand for "no value", besides the empty cell'),
});
export type ExcelOptions = z.infer<typeof excelOptions>;
