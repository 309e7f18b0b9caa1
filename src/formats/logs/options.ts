// How a line of a log becomes a row: a known form, or a regular expression whose named groups are the columns.
import * as z from "zod";

export const logsOptions = z.strictObject({
  pattern: z
    .string()
    .min(1)
    .optional()
    .describe(
      "form of a log line: combined, common (default: whichever the file has), or a regular expression with named groups: (?<level>[A-Z]+) (?<message>.*)",
    ),
  skipLines: z.int().min(0).optional().describe("Physical lines before the header or the first row"),
  comment: z.string().min(1).max(16).optional().describe("Lines that begin with this are no records"),
  nulls: z.array(z.string()).optional().describe('Words that stand for "no value", besides the empty cell'),
  encoding: z.string().optional().describe("utf-8, utf-16le, utf-16be, latin-1, windows-1252, or any name of the WHATWG list"),
});
