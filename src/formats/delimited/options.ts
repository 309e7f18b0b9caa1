// What a user may pin about a delimited file. Whatever is left out is found out; whatever is said is not questioned.
import * as z from "zod";

const oneCharacter = z.string().refine((text) => text === "" || text === "none" || (text.length === 1 && text > "\0" && text <= "\u007f"), {
  message: 'one ASCII character, or "none"',
});

export const delimitedOptions = z.strictObject({
  delimiter: z
    .string()
    .min(1)
    .max(16)
    .optional()
    .describe('What stands between cells: one or more characters, "tab", or "none" for files of one column'),
  quote: oneCharacter.optional().describe('What cells are quoted with, or "none" when quotes mean nothing'),
  escape: oneCharacter.optional().describe("What makes a quote inside a quoted cell literal; by default the quote itself"),
  header: z
    .union([z.boolean(), z.int().min(0).max(10)])
    .optional()
    .describe("Is the first row the header? A number says how many rows it has"),
  skipLines: z.int().min(0).optional().describe("Physical lines before the header or the first row"),
  encoding: z.string().optional().describe("utf-8, utf-16le, utf-16be, latin-1, windows-1252, or any name of the WHATWG list"),
  newline: z.enum(["lf", "crlf", "cr"]).optional().describe("The line end of most lines"),
  nulls: z.array(z.string()).optional().describe('Words that stand for "no value", besides the empty cell'),
  comment: z.string().min(1).max(16).optional().describe("Lines that begin with this are no records"),
});
export type DelimitedOptions = z.infer<typeof delimitedOptions>;

/** `tab` and `\t` are the character; `none` is no delimiter. */
export function delimiterOf(option: string): string {
  if (option === "none") return "";
  return option === "tab" || option === "\\t" ? "\t" : option;
}

/** `none` and "" mean that there is none. */
export function markOfOption(option: string): string {
  return option === "none" ? "" : option;
}
