// The analysis copy of a query: the user's text with parameters as typed nulls, without what stands behind the last statement, and with a list
// of values where a PIVOT has none. Only the compiler reads it (what runs is the user's own text), and every place in it leads back to the original.
import { literal } from "../text.ts";
import { type SqlToken, scanSql } from "./scan.ts";

export interface AnalysisCopy {
  readonly text: string;
  /** Names without `$`; fields of `$param` as `param.region`; positional ones as they stand. */
  readonly parameters: readonly { readonly name: string; readonly start: number; readonly end: number }[];
  /** A PIVOT has no list of values: its columns depend on the data. */
  readonly dynamicPivot: { readonly start: number; readonly end: number } | null;
  /** UTF-16 offset in the user's text of an offset in `text`. */
  readonly originalOffset: (offset: number) => number;
}

/** DuckDB types of the parameters that models may use. `$param.x` are of the types that jobs declare, else texts: a struct named `param` is bound, so that no text needs to change. */
export const PARAMETER_TYPES: Readonly<Record<string, string>> = {
  start: "TIMESTAMP",
  end: "TIMESTAMP",
  now: "TIMESTAMP",
  partition: "VARCHAR",
};

/** A piece of a text and what stands in its place. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A made-up value for a PIVOT that has none; never seen by a user. */
const PIVOT_VALUE = "__pivot";

export interface CopyOptions {
  /** `fill` gives a PIVOT without values one, so that the query can be parsed. */
  readonly pivots?: "keep" | "fill";
  /** `null` binds whatever they are cast to; `computed` is not folded away, so that what stands beside a parameter is seen in the plan; `named` stay parameters. */
  readonly parameters?: "null" | "computed" | "named";
  /** Of `$param.x`, by name. */
  readonly types?: Readonly<Record<string, string>> | undefined;
}

const VALUES: Readonly<Record<NonNullable<CopyOptions["parameters"]>, (name: string) => string>> = {
  null: () => "NULL",
  computed: () => "CAST(random() AS VARCHAR)",
  // Fields may be called anything, parameters not.
  named: (name) => `$p_${Buffer.from(name).toString("hex")}`,
};

export function analysisCopy(sql: string, { pivots = "keep", parameters: mode = "null", types = {} }: CopyOptions = {}): AnalysisCopy {
  const plain = !/[$?;]/.test(sql) && pivots === "keep";
  if (plain) return unchangedCopy(sql);
  const tokens = scanSql(sql);
  const splices: Splice[] = [];
  const parameters = parametersIn(tokens);
  const named = parameters.filter(({ name }) => name.startsWith("param.")).map(({ name }) => name.slice("param.".length));
  const fields = named.length === 0 ? ["none"] : [...new Set(named)];
  // Fields are set one by one: DuckDB forgets the types inside a struct that is null as a whole.
  const struct = `({${fields.map((field) => `${literal(field)}: CAST(${VALUES[mode](`param.${field}`)} AS ${types[field] ?? "VARCHAR"})`).join(", ")}})`;
  // A struct of parameters cannot be planned: they stand for themselves.
  const fieldsNamed = mode === "named" ? parameters.filter(({ name }) => name.startsWith("param.")) : [];
  for (const { name, start, end } of fieldsNamed)
    splices.push({ start, end, text: `(CAST(${VALUES.named(name)} AS ${types[name.slice("param.".length)] ?? "VARCHAR"}))` });
  for (const { kind, text, start, end } of tokens) {
    const type = kind === "parameter" ? PARAMETER_TYPES[text.slice(1)] : undefined;
    if (kind === "parameter" && text === "$param" && fieldsNamed.length === 0) splices.push({ start, end, text: struct });
    else if (type !== undefined) splices.push({ start, end, text: `(CAST(${VALUES[mode](text.slice(1))} AS ${type}))` });
    else if (text === ";") splices.push({ start, end, text: "" });
  }
  const filled = pivots === "fill" ? fillPivots(tokens) : { splices: [], first: null };
  splices.push(...filled.splices);
  return { ...splice(sql, splices), parameters, dynamicPivot: filled.first };
}

/** A text that stands for itself. */
export function unchangedCopy(sql: string): AnalysisCopy {
  return { text: sql, parameters: [], dynamicPivot: null, originalOffset: (offset) => offset };
}

/** Names of the parameters that `sql` uses, sorted: `end`, `param.region`, `start`. */
export function parametersOf(sql: string): readonly string[] {
  if (!/[$?]/.test(sql)) return [];
  return [...new Set(parametersIn(scanSql(sql)).map(({ name }) => name))].toSorted();
}

/** The parameters among the words of a text, where they stand. */
export function parametersIn(tokens: readonly SqlToken[]): AnalysisCopy["parameters"] {
  return tokens.flatMap((token, index) => {
    if (token.kind !== "parameter") return [];
    const [dot, field] = [tokens[index + 1], tokens[index + 2]];
    const name = token.text.startsWith("$") ? token.text.slice(1) : token.text;
    if (name !== "param" || dot?.text !== "." || (field?.kind !== "word" && field?.kind !== "quoted"))
      return [{ name, start: token.start, end: token.end }];
    const plain = field.kind === "quoted" ? field.text.slice(1, -1).replaceAll('""', '"') : field.text;
    return [{ name: `param.${plain}`, start: token.start, end: field.end }];
  });
}

/** Puts ` IN ('…')` behind every expression of a PIVOT's ON list that has no values of its own. */
function fillPivots(tokens: readonly SqlToken[]): { readonly splices: readonly Splice[]; readonly first: AnalysisCopy["dynamicPivot"] } {
  const splices: Splice[] = [];
  let first: AnalysisCopy["dynamicPivot"] = null;
  const wordAt = (at: number): string => (tokens[at]?.kind === "word" ? tokens[at].text.toUpperCase() : "");
  for (let at = 0; at < tokens.length; at++) {
    if (wordAt(at) !== "PIVOT" && wordAt(at) !== "PIVOT_WIDER") continue;
    let on = at + 1;
    for (let depth = 0; on < tokens.length && (depth > 0 || wordAt(on) !== "ON") && depth >= 0; on++) depth += depthChange(tokens[on]!);
    if (wordAt(on) !== "ON") continue;
    let hasValues = false;
    let depth = 0;
    for (let end = on + 1; end <= tokens.length; end++) {
      const token = tokens[end];
      const closes = token === undefined || (depth === 0 && (token.text === ")" || token.text === ";" || PIVOT_CLAUSES.has(wordAt(end))));
      if (closes || (depth === 0 && token.text === ",")) {
        const last = tokens[end - 1]!;
        if (!hasValues) {
          splices.push({ start: last.end, end: last.end, text: ` IN ('${PIVOT_VALUE}')` });
          first ??= { start: tokens[at]!.start, end: tokens[at]!.end };
        }
        hasValues = false;
        if (closes) break;
      } else if (depth === 0 && wordAt(end) === "IN") hasValues = true;
      depth += depthChange(token);
    }
  }
  return { splices, first };
}

const PIVOT_CLAUSES = new Set(["USING", "GROUP", "ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT"]);

function depthChange(token: SqlToken): number {
  if (token.kind !== "symbol") return 0;
  if ("([{".includes(token.text)) return 1;
  return ")]}".includes(token.text) ? -1 : 0;
}

/** The text with its pieces replaced, and the way back from a place in it. */
export function splice(sql: string, unordered: readonly Splice[]): Pick<AnalysisCopy, "text" | "originalOffset"> {
  const splices = unordered.toSorted((a, b) => a.start - b.start);
  const places: { readonly at: number; readonly length: number; readonly original: Splice }[] = [];
  let text = "";
  let from = 0;
  for (const one of splices) {
    text += sql.slice(from, one.start);
    places.push({ at: text.length, length: one.text.length, original: one });
    text += one.text;
    from = one.end;
  }
  text += sql.slice(from);
  const originalOffset = (offset: number): number => {
    let shift = 0;
    for (const { at, length, original } of places) {
      if (offset < at) break;
      if (offset < at + length) return original.start;
      shift += original.end - original.start - length;
    }
    return offset + shift;
  };
  return { text, originalOffset };
}
