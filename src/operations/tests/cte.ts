// The rows of one of a model's own `with` queries: its text up to the end of the list, and a select from the one that is asked for.
import { MillraceError, type SourceLocation } from "../../model/errors.ts";
import type { ModelNode } from "../../model/graph.ts";
import { didYouMean } from "../../model/suggest.ts";
import { scanSql, type SqlToken } from "../../sql/syntax/scan.ts";
import { ident } from "../../sql/text.ts";

/** @throws MR8908 when the model has no such query. */
export function cteQuery({ id, sql }: Pick<ModelNode, "id" | "sql">, name: string, location?: SourceLocation): string {
  const { names, end } = withList(scanSql(sql));
  const own = names.find((each) => each.toLowerCase() === name.toLowerCase());
  if (own !== undefined) return `${sql.slice(0, end)}\nselect * from ${ident(own)}`;
  const known = names.length === 0 ? "its text has no `with`" : `it has ${names.join(", ")}`;
  throw new MillraceError({
    code: "MR8908",
    message: `${id} has no query ${JSON.stringify(name)} in its \`with\``,
    hint: didYouMean(name, names) ?? known,
    ...(location === undefined ? {} : { location }),
  });
}

/** Names of the queries of a leading `with`, and where its list ends. */
function withList(tokens: readonly SqlToken[]): { readonly names: readonly string[]; readonly end: number } {
  const isWord = (at: number, word: string): boolean => tokens[at]?.kind === "word" && tokens[at].text.toUpperCase() === word;
  if (!isWord(0, "WITH")) return { names: [], end: 0 };
  let at = isWord(1, "RECURSIVE") ? 2 : 1;
  const names: string[] = [];
  for (;;) {
    const token = tokens[at];
    if (token === undefined) return { names, end: 0 };
    names.push(token.kind === "quoted" ? token.text.slice(1, -1).replaceAll('""', '"') : token.text);
    // To the parenthesis that closes the query: the first behind AS.
    while (at < tokens.length && !isWord(at, "AS")) at = tokens[at]!.text === "(" ? closing(tokens, at) + 1 : at + 1;
    while (at < tokens.length && tokens[at]!.text !== "(") at++;
    at = closing(tokens, at);
    const end = tokens[at]?.end ?? 0;
    if (tokens[at + 1]?.text !== ",") return { names, end };
    at += 2;
  }
}

function closing(tokens: readonly SqlToken[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at]!.kind !== "symbol") continue;
    if (tokens[at]!.text === "(") depth++;
    else if (tokens[at]!.text === ")" && --depth === 0) return at;
  }
  return tokens.length;
}
