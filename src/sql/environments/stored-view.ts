// A view that stays in the warehouse binds its names anew in the warehouse, where they mean what is prod's: in the copy that is stored for an environment,
// the names of what the environment has of its own are replaced at their places, also as constants of `query_table('…')`. What the user wrote is never
// changed.
import { environmentSchema, PROD, splitLedgerAsset } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { offsetOfByte, type SqlUnit } from "../compile/errors.ts";
import type { Session } from "../session.ts";
import { scanSql } from "../syntax/scan.ts";
import { readSyntax } from "../syntax/syntax.ts";
import type { TableReference } from "../syntax/references.ts";
import { literal, qualified } from "../text.ts";

const TABLE_BY_TEXT = "query_table";
const NAME = String.raw`(?:"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*)`;
const QUALIFIED = new RegExp(String.raw`${NAME}(?:\s*\.\s*${NAME})*`, "uy");

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** `sql` for the view of a ledger's key. @throws MR8701 where a name of the environment's own stands in a place that is not known. */
export async function ownSql(session: Session, key: string, sql: string): Promise<string> {
  const { environment } = splitLedgerAsset(key);
  if (environment === PROD || environment === null) return sql;
  const own = await session.rows<{ asset: string }>(
    `select split_part(asset, '@', 1) as asset from _millrace.environments where environment = $1`,
    [environment],
  );
  const names = new Map(own.map(({ asset }) => [asset.toLowerCase(), asset]));
  const places = await placesOf(session, { key, sql, names });
  if (places.length === 0) return sql;
  const edits = new Map(
    places.flatMap(({ table, asset }) => editsAt(sql, { table, asset, key, environment }).map((edit) => [edit.start, edit] as const)),
  );
  let text = sql;
  for (const { start, end, text: name } of [...edits.values()].toSorted((a, b) => b.start - a.start))
    text = text.slice(0, start) + name + text.slice(end);
  // What stands in a text may have been another thing than it looked like: the new text is asked.
  const [left] = await placesOf(session, { key, sql: text, names });
  if (left !== undefined) throw notReplaceable(key, left.asset);
  return text;
}

interface Reading {
  readonly key: string;
  readonly sql: string;
  /** Of the environment's own, in lower case. */
  readonly names: ReadonlyMap<string, NodeId>;
}

/** Where names of the environment's own are read. */
async function placesOf(
  session: Session,
  { key, sql, names }: Reading,
): Promise<readonly { readonly table: TableReference; readonly asset: NodeId }[]> {
  if (names.size === 0) return [];
  const unit: SqlUnit = { id: key, file: key, sql, sqlOffset: 0, text: sql };
  const [read] = await readSyntax(session.connection, [unit]);
  if (read?.ok !== true) return []; // ours, or refused when it was compiled
  return read.syntax.tables.flatMap((table) => {
    const asset = assetOf(names, table);
    return asset === undefined ? [] : [{ table, asset }];
  });
}

interface Place {
  readonly table: TableReference;
  readonly asset: NodeId;
  readonly key: string;
  readonly environment: string;
}

/** A name at its place, or the constants of a `query_table('…')` that are this name. @throws MR8701 */
function editsAt(sql: string, { table, asset, key, environment }: Place): readonly Edit[] {
  const start = table.at < 0 ? -1 : offsetOfByte(sql, table.at);
  const found = start < 0 ? undefined : nameAt(sql, start);
  const dot = asset.indexOf(".");
  const own = qualified(environmentSchema(asset.slice(0, dot), environment), asset.slice(dot + 1));
  if (found !== undefined && spells(found, table)) return [{ start, end: start + found.length, text: own }];
  const constants = found?.toLowerCase() === TABLE_BY_TEXT ? textsOfCall(sql, start).filter(({ value }) => spells(value, table)) : [];
  if (constants.length === 0) throw notReplaceable(key, asset);
  return constants.map(({ start: at, end }) => ({ start: at, end, text: literal(own) }));
}

/** Strings between the parentheses of the call at `start`. */
function textsOfCall(sql: string, start: number): readonly (Omit<Edit, "text"> & { readonly value: string })[] {
  const tokens = scanSql(sql.slice(start));
  let depth = 0;
  const texts = [];
  for (const token of tokens.slice(1)) {
    if (token.text === "(") depth++;
    if (token.text === ")" && --depth === 0) break;
    if (token.kind === "string" && token.text.startsWith("'"))
      texts.push({ start: start + token.start, end: start + token.end, value: token.text.slice(1, -1).replaceAll("''", "'") });
  }
  return texts;
}

/** What prod had when an environment made a version of its own: the code and version of the asset, the versions of what it reads. */
export interface Base {
  readonly code: string | null;
  readonly version: string | null;
  readonly inputs: Readonly<Record<NodeId, string>>;
}

export async function readBase(session: Session, key: string, inputs: Readonly<Record<NodeId, string>>): Promise<string> {
  const { asset } = splitLedgerAsset(key);
  const rows = await session.rows<{ asset: string; version: string; code: string }>(
    `select e.asset, e.version, v.code_hash as code from _millrace.environments e
       join _millrace.versions v on v.asset = e.asset and v.version = e.version
     where e.environment = '${PROD}' and e.asset in (${[asset, ...Object.keys(inputs)].map(literal).join(", ")})`,
  );
  const own = rows.find((row) => row.asset === asset);
  const read = rows.filter((row) => Object.hasOwn(inputs, row.asset)).map((row) => [row.asset, row.version] as const);
  const base: Base = { code: own?.code ?? null, version: own?.version ?? null, inputs: Object.fromEntries(read) };
  return JSON.stringify(base);
}

function assetOf(names: ReadonlyMap<string, NodeId>, { catalog, schema, name }: TableReference): NodeId | undefined {
  return catalog === "" ? names.get(`${schema === "" ? "main" : schema}.${name}`.toLowerCase()) : undefined;
}

function nameAt(sql: string, start: number): string | undefined {
  QUALIFIED.lastIndex = start;
  return QUALIFIED.exec(sql)?.[0];
}

/** The text at the place is the name that was parsed, nothing else. */
function spells(found: string, { schema, name }: TableReference): boolean {
  const parts = [...found.matchAll(new RegExp(NAME, "gu"))].map(([part]) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part,
  );
  const wanted = [schema, name].filter((part) => part !== "");
  return parts.length === wanted.length && parts.every((part, index) => part.toLowerCase() === wanted[index]!.toLowerCase());
}

function notReplaceable(key: string, asset: NodeId): MillraceError {
  const { asset: view, environment } = splitLedgerAsset(key);
  return new MillraceError({
    code: "MR8701",
    message: `${view} is a view that reads ${asset} by a name in a text; in the environment ${environment} it cannot be told whose that is`,
    hint: "write the name as a name, or materialize: table",
  });
}
