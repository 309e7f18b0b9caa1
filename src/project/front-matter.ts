// The front matter of a SQL file: YAML between `/*---` and `---*/` at its beginning. A file without one is a view with nothing to say.
import { MillraceError } from "../model/errors.ts";
import { scanSql } from "../sql/syntax/scan.ts";
import { placesIn } from "./document.ts";

export interface SqlFileParts {
  /** Offsets of the YAML in the text; undefined when there is no front matter. */
  readonly yaml: { readonly start: number; readonly end: number } | undefined;
  /** Offset of the SQL behind it. */
  readonly sqlOffset: number;
  readonly sql: string;
}

const OPENING = /^\s*\/\*---(?!-)/;
const CLOSING = "---*/";
const LOOKS_LIKE = /^\s*\/\*[ \t]+---/;
/** Two dashes or four are a comment's too, unless a model's settings stand in it. */
const MISCOUNTED = /^\s*\/\*[ \t]*--+(?=(?:(?!\*\/)[\s\S])*?(?<![\w$])(?:materialize|checks)[ \t]*:)/;
/** As other tools write it; to SQL the dashes are comments, and the YAML between them is an error. */
const BARE = /^\s*---[ \t]*\r?\n(?=\s*[A-Za-z]\w*[ \t]*:)/;

/** Takes a SQL file apart. Throws MR1016 when the front matter is not closed. */
export function splitSqlFile(file: string, text: string): SqlFileParts {
  const place = placesIn(file, text);
  const opening = OPENING.exec(text) ?? LOOKS_LIKE.exec(text) ?? MISCOUNTED.exec(text);
  if (opening === null) {
    if (!BARE.test(text)) return { yaml: undefined, sqlOffset: 0, sql: text };
    const dashes = text.indexOf("---");
    throw new MillraceError({
      code: "MR1016",
      message: "front matter in SQL stands in a comment",
      location: place(dashes, dashes + 3),
      hint: "begin it with /*--- and end it with ---*/",
    });
  }
  const mark = text.indexOf("/*");
  if (!OPENING.test(text)) {
    const message = "this comment looks like front matter, but would be ignored";
    throw new MillraceError({
      code: "MR1016",
      message,
      location: place(mark, opening[0].length),
      hint: "front matter begins with /*---: three dashes, without a blank, and ends with ---*/",
    });
  }
  const start = opening[0].length;
  const end = text.indexOf(CLOSING, start);
  if (end >= 0) return { yaml: { start, end }, sqlOffset: end + CLOSING.length, sql: text.slice(end + CLOSING.length) };
  const comment = text.indexOf("*/", start);
  const hint = comment < 0 ? "put ---*/ behind its last line" : "end it with ---*/ instead of */";
  const location = comment < 0 ? place(mark, start) : place(comment, comment + 2);
  throw new MillraceError({ code: "MR1016", message: "the front matter is not closed", location, hint });
}

/** Words of the query without comments and white space: what it says, however it is laid out. */
export function sqlWords(sql: string): readonly string[] {
  const words = scanSql(sql).map((token) => token.text);
  while (words.at(-1) === ";") words.pop();
  return words;
}
