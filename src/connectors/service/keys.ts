// The keys that must be asked about: distinct, in a stable order, without those whose answer still holds in the asset itself.
import type { Json, ReadContext } from "../../load/connector.ts";
import { parseDurationMs } from "../../model/duration.ts";
import { MillraceError, messageOf } from "../../model/errors.ts";
import { viewOfKey } from "../../model/environment.ts";
import { ownerOf } from "../../sql/ledger/publish.ts";
import { splitAsset } from "../../model/names.ts";
import { didYouMean } from "../../model/suggest.ts";
import { Session } from "../../sql/session.ts";
import { ident, literal, qualified } from "../../sql/text.ts";
import type { ServiceOptions } from "./options.ts";

export type Key = Readonly<Record<string, Json>>;

/** @throws MR8601 when the asset has no such columns. */
export async function keysToAsk(options: ServiceOptions, context: ReadContext): Promise<readonly Key[]> {
  const session = new Session(context.connection);
  const { from, columns, where } = options.keys;
  const { schema, name } = splitAsset(from);
  const listed = columns.map((column) => `k.${ident(column)}`).join(", ");
  const held = await heldKeys(session, options, context.asset);
  const same = columns.map((column) => `h.${ident(column)}::varchar = k.${ident(column)}::varchar`).join(" and ");
  const isNew = held === null ? "true" : `not exists (select 1 from ${held} h where ${same})`;
  const there = columns.map((column) => `k.${ident(column)} is not null`).join(" and ");
  const resumed = context.resume === undefined ? "true" : `(${keyText(columns)}) > ${literal(context.resume as string)}`;
  try {
    return await session.rows<Key>(
      `select distinct ${listed} from ${qualified(schema, name)} k where ${there} and ${isNew} and ${resumed} ${where === undefined ? "" : `and (${where})`}
       order by ${keyText(columns)}`,
    );
  } catch (error) {
    const there = await columnsOf(session, from);
    const missing = columns.find((column) => !there.some((known) => known.toLowerCase() === column.toLowerCase()));
    if (missing !== undefined && there.length > 0)
      throw new MillraceError({
        code: "MR8601",
        message: `${from} has no column ${JSON.stringify(missing)} to ask for`,
        hint: didYouMean(missing, there) ?? `its columns are ${there.join(", ")}`,
        cause: error,
      });
    throw new MillraceError({
      code: "MR8601",
      message: `the keys of ${from} cannot be read: ${messageOf(error).split("\n", 1)[0]}`,
      hint: `keys: { from: ${from}, columns: [${columns.join(", ")}] }`,
      cause: error,
    });
  }
}

/** None when the asset was never built. */
async function columnsOf(session: Session, asset: string): Promise<readonly string[]> {
  splitAsset(asset);
  const [schema, name] = viewOfKey(await ownerOf(session, asset));
  const known = await session.rows<{ name: string }>(
    "select column_name as name from duckdb_columns() where schema_name = $1 and table_name = $2 and database_name = current_database()",
    [schema, name],
  );
  return known.map((column) => column.name);
}

/** `1` and `"1"` name the same key. */
export function keyPart(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** What a position is: the last key that was asked. */
export function positionOf(key: Key, columns: readonly string[]): string {
  return JSON.stringify(columns.map((column) => keyPart(key[column])));
}

function keyText(columns: readonly string[]): string {
  return `to_json([${columns.map((column) => `k.${ident(column)}::varchar`).join(", ")}])::varchar`;
}

/** The asset's own rows whose answer still holds; null before its first load. */
async function heldKeys(
  session: Session,
  { cache, misses = cache, keys }: ServiceOptions,
  asset: string | undefined,
): Promise<string | null> {
  if (asset === undefined) return null;
  const { schema, name } = splitAsset(asset);
  const names = await columnsOf(session, asset);
  if (![...keys.columns, "asked_at", "answer"].every((column) => names.includes(column))) return null;
  const fresh = (age: string | undefined): string =>
    age === undefined ? "true" : `asked_at > (now() at time zone 'UTC') - to_milliseconds(${parseDurationMs(age) ?? 0})`;
  return `(select * from ${qualified(schema, name)} where (answer = 'found' and ${fresh(cache)}) or (answer = 'miss' and ${fresh(misses)}))`;
}
