// The text of a query that another engine runs: what can be told of it without knowing its dialect. Words only: which assets it names and where, its
// parameters, tables of the server itself, functions whose value changes by itself.
//   F1. An asset is read where its name stands with its schema (`raw.orders`), or without one behind FROM or JOIN where its schema is main.
import type { NodeId } from "../../model/graph.ts";
import type { AssetNames } from "../compile/names.ts";
import { firstWord, type SqlUnit } from "../compile/errors.ts";
import type { CompiledQuery } from "../compile/types.ts";
import { parametersOf } from "./copy.ts";
import { scanSql, type SqlToken } from "./scan.ts";

export interface NamedAsset {
  readonly asset: NodeId;
  /** Offsets of the name in the text. */
  readonly start: number;
  readonly end: number;
}

export interface ForeignText {
  readonly named: readonly NamedAsset[];
  /** Tables that are no assets: `public.orders`. */
  readonly others: readonly string[];
  readonly volatile: readonly string[];
}

const VOLATILE = new Set(
  `now random clock_timestamp statement_timestamp transaction_timestamp timeofday gen_random_uuid uuid_generate_v4 uuid_generate_v1 uuidv4 uuidv7
   nextval currval txid_current pg_current_xact_id setseed`.split(/\s+/),
);
const VOLATILE_WORDS = new Set(["current_date", "current_timestamp", "current_time", "localtime", "localtimestamp"]);
const CATALOGUES = new Set(["pg_catalog", "information_schema"]);

export function readForeign(sql: string, names: AssetNames): ForeignText {
  const tokens = scanSql(sql);
  const named: NamedAsset[] = [];
  const [others, volatile] = [new Set<string>(), new Set<string>()];
  const own = withNames(tokens);
  for (const [index, token] of tokens.entries()) {
    const [before, next] = [tokens[index - 1], tokens[index + 1]];
    if (before?.text === "." || (token.kind !== "word" && token.kind !== "quoted")) continue;
    const word = plain(token);
    if (token.kind === "word" && (VOLATILE_WORDS.has(word) || (VOLATILE.has(word) && next?.text === "("))) volatile.add(word);
    const isRead = before?.kind === "word" && /^(from|join|only|lateral)$/i.test(before.text);
    const [dot, inner, behind] = [next, tokens[index + 2], tokens[index + 3]];
    if (dot?.text === "." && (inner?.kind === "word" || inner?.kind === "quoted")) {
      const asset = names.byKey(`${word}.${plain(inner)}`);
      if (asset !== undefined) named.push({ asset, start: token.start, end: inner.end });
      else if (isRead && behind?.text !== "(" && !CATALOGUES.has(word)) others.add(`${word}.${plain(inner)}`);
    } else if (isRead && next?.text !== "(" && !own.has(word) && !/^(select|lateral|only|rows)$/.test(word)) {
      const asset = names.byKey(`main.${word}`);
      if (asset === undefined) others.add(word);
      else named.push({ asset, start: token.start, end: token.end });
    }
  }
  return { named, others: [...others].toSorted(), volatile: [...volatile].toSorted() };
}

/** Names that the text gives itself: `with x as (`. */
function withNames(tokens: readonly SqlToken[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1];
    const mayBegin = before?.text === "," || (before?.kind === "word" && /^(with|recursive)$/i.test(before.text));
    if (mayBegin && (token.kind === "word" || token.kind === "quoted")) found.add(plain(token));
  }
  return found;
}

/** As PostgreSQL and its kin fold names. */
function plain({ kind, text }: SqlToken): string {
  return kind === "quoted" ? text.slice(1, -1).replaceAll('""', '"') : text.toLowerCase();
}

/** What the compiler says of such a model: what it reads, and no types. */
export function foreignQuery(
  unit: SqlUnit,
  { named, volatile }: ForeignText,
  { engine, columns }: { readonly engine: string; readonly columns: CompiledQuery["columns"] },
): CompiledQuery {
  return {
    id: unit.id,
    syntaxHash: "",
    shape: null,
    dependencies: [...new Set(named.map(({ asset }) => asset))].filter((asset) => asset !== unit.id).toSorted(),
    externals: [],
    parameters: parametersOf(unit.sql),
    volatile,
    opaque: [],
    calendars: false,
    columns,
    unbound: columns === null ? `it runs on ${engine}: its columns are known when it was built` : null,
    certain: columns !== null,
    lineage: null,
    fingerprint: null,
  };
}

/** Where a name of an asset stands first; the query's first word where it does not. */
export function placeOfAsset(unit: SqlUnit, { named }: ForeignText, asset: NodeId): number {
  return named.find((each) => each.asset === asset)?.start ?? firstWord(unit.sql);
}
