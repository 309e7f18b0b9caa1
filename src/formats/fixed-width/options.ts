// What a user says about a file of fixed columns: positions cannot be found out with certainty, so they are said.
import * as z from "zod";

const positions = z
  .string()
  .regex(/^\s*\d+\s*(-\s*\d*\s*)?$/, { message: 'positions from 1, both included: "1-6", "7", or "21-" up to the end of the line' });

export const fixedWidthOptions = z.strictObject({
  fields: z
    .record(z.string().min(1), positions)
    .optional()
    .describe('columns of a fixed-width file by their positions, from 1: { id: "1-6", name: "7-26", note: "27-" }'),
  trim: z
    .enum(["both", "left", "right", "none"])
    .optional()
    .describe("blanks that are taken off the cells of a fixed-width file (default: both)"),
  shortLines: z
    .enum(["quarantine", "pad"])
    .optional()
    .describe("lines of a fixed-width file that end before their last column (default: quarantine)"),
  skipLines: z.int().min(0).optional().describe("Physical lines before the header or the first row"),
  comment: z.string().min(1).max(16).optional().describe("Lines that begin with this are no records"),
  nulls: z.array(z.string()).optional().describe('Words that stand for "no value", besides the empty cell'),
  encoding: z.string().optional().describe("utf-8, utf-16le, utf-16be, latin-1, windows-1252, or any name of the WHATWG list"),
});
export type FixedWidthOptions = z.infer<typeof fixedWidthOptions>;
