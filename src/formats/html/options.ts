// Which table of a page is meant, and what is known of its header.
import * as z from "zod";

export const htmlOptions = z.strictObject({
  table: z
    .union([z.int().min(1), z.string().min(1)])
    .optional()
    .describe(
      "which table of an HTML page: its number from 1, or a selector such as #prices, table.data, div.main table (default: the one with most cells)",
    ),
  caption: z.string().min(1).optional().describe("text in the caption of the HTML table that is meant, or in the heading above it"),
  header: z
    .union([z.boolean(), z.int().min(0).max(10)])
    .optional()
    .describe("Is the first row the header? A number says how many rows it has"),
  nulls: z.array(z.string()).optional().describe('Words that stand for "no value", besides the empty cell'),
  encoding: z.string().optional().describe("utf-8, utf-16le, utf-16be, latin-1, windows-1252, or any name of the WHATWG list"),
});
