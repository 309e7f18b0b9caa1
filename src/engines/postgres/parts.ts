// What of the relations that a model reads changed since the table that it goes on from was made: each is cut into parts (intervals, groups of keys, or one
// part for the whole), and of each part the number of its rows and two sums of 64 bits over their values are kept beside the table.
//   P1. Parts are read in the snapshot in which the rows are made: what changes later is seen by the next build.
//   P2. A relation whose columns, or whose way to tell parts, are others than before has changed as a whole.
import type { Client } from "pg";
import { describeColumns } from "../../connectors/postgres/types.ts";
import type { EngineBuild, EngineIncrement, Seen, SeenRead, Watched } from "../../load/engine-port.ts";
import { ident, qualified } from "../../sql/text.ts";

/** More parts tell more exactly what changed, and are more rows beside each version. */
const KEY_PARTS = 16_384;
/** Types of keys that are equal exactly where their texts are. */
const KEY_TYPES: Readonly<Record<string, string>> = {
  int2: "int8",
  int4: "int8",
  int8: "int8",
  text: "text",
  varchar: "text",
  date: "date",
  timestamp: "timestamp",
};

export interface Measuring {
  readonly build: EngineBuild;
  readonly increment: EngineIncrement;
  /** The table that is being made. */
  readonly physical: string;
  readonly columns: readonly ServerColumn[];
}

export interface ServerColumn {
  readonly name: string;
  readonly serverType: string;
}

/** Notes the parts of all that is read, and compares them with those of the table that is gone on from. */
export async function measureParts(client: Client, measuring: Measuring, watched: readonly Watched[]): Promise<Seen["reads"]> {
  const seen: SeenRead[] = [];
  for (const { asset, reads } of watched) {
    const relation = qualified(...(measuring.build.reads.get(asset) ?? splitName(asset)));
    const own = await describeColumns(client, `select * from ${relation}`);
    const declared = JSON.stringify(own.map(({ name, serverType }) => [name, serverType]));
    const isTold = reads !== null && (measuring.increment.grain.kind === "time" || (await hasPlainEquality(client, relation)));
    for (const [index, read] of (isTold ? reads : [null]).entries()) {
      const telling = read === null ? null : partOf(measuring, read);
      const noted = { asset, index, relation, declared };
      const isNoted = telling !== null && (await noteParts(client, measuring, { ...noted, telling }));
      if (!isNoted) await noteParts(client, measuring, { ...noted, telling: null });
      seen.push({ ...(await compared(client, measuring, noted)), asset, index, isWhole: !isNoted });
    }
  }
  return seen;
}

function splitName(asset: string): readonly [string, string] {
  const dot = asset.indexOf(".");
  return [asset.slice(0, dot), asset.slice(dot + 1)];
}

interface Telling {
  readonly part: string;
  readonly where: string;
}

/** Null where a part cannot be told by these types. */
function partOf({ increment, columns }: Measuring, read: NonNullable<Watched["reads"]>[number]): Telling | null {
  const { grain } = increment;
  if (grain.kind === "time") {
    const moment = `(${read.cells[0]!.sql})::timestamp`;
    return { part: `(extract(epoch from date_trunc('${grain.unit}', ${moment})) * 1000)::int8`, where: `isfinite(${moment})` };
  }
  const types = read.cells.map(({ column }) => keyType(columns, grain.columns[column]!));
  if (types.includes(undefined)) return null;
  const cells = read.cells.map(({ sql }, index) => `(${sql})::${types[index]!}`);
  // Rows without a value are a group of their own: what is made of them has a key that is NULL, and is always made again with any other.
  const isTold = cells.map((cell) => `${cell} is not null`).join(" and ");
  return { part: `case when ${isTold} then ${keyPart(cells)} else -1 end`, where: "true" };
}

function keyPart(cells: readonly string[]): string {
  return `(hashtextextended(concat_ws(chr(31), ${cells.map((cell) => `(${cell})::text`).join(", ")}), 0) & ${KEY_PARTS - 1})`;
}

function keyType(columns: readonly ServerColumn[], name: string): string | undefined {
  return KEY_TYPES[columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.serverType ?? ""];
}

/** The part that a row of the result belongs to, by these columns of its key; NULL where one of them is. */
export function partOfRow(columns: readonly ServerColumn[], key: readonly string[]): string {
  return keyPart(key.map((name) => `${ident(name)}::${keyType(columns, name) ?? "text"}`));
}

interface Noting {
  readonly asset: string;
  readonly index: number;
  readonly relation: string;
  readonly declared: string;
  /** Null: the relation is one part. */
  readonly telling: Telling | null;
}

/** False where the server cannot tell parts in this way. */
async function noteParts(client: Client, { physical }: Measuring, { asset, index, relation, declared, telling }: Noting): Promise<boolean> {
  const sums = [1, 2].map((seed) => `coalesce(sum(hashtextextended(_millrace_row::text, ${seed})), 0)::text`).join(", ");
  const { part, where } = telling ?? { part: "0", where: "true" };
  await client.query("savepoint parts");
  try {
    await client.query(
      `insert into _millrace.parts (physical, asset, read, part, rows, a, b)
       select $1, $2, $3, ${part} as part, count(*), ${sums} from ${relation} as _millrace_row where ${where} group by 4`,
      [physical, asset, index],
    );
    await client.query("insert into _millrace.watched (physical, asset, read, tells) values ($1, $2, $3, $4)", [
      physical,
      asset,
      index,
      `${declared} ${part} ${where}`,
    ]);
    await client.query("release savepoint parts");
    return true;
  } catch (error) {
    if (telling === null || !/^(22|42|0A)/.test((error as { code?: string }).code ?? "")) throw error;
    await client.query("rollback to savepoint parts");
    return false;
  }
}

async function compared(
  client: Client,
  { physical, increment: { base } }: Measuring,
  { asset, index }: Pick<Noting, "asset" | "index">,
): Promise<Pick<SeenRead, "changed" | "extent" | "extentBefore">> {
  const { rows: told } = await client.query<{ physical: string; tells: string; first: string | null; last: string | null }>(
    `select w.physical, w.tells, min(p.part)::text as first, max(p.part)::text as last
     from _millrace.watched w left join _millrace.parts p using (physical, asset, read)
     where w.physical in ($1, $2) and w.asset = $3 and w.read = $4 group by 1, 2`,
    [physical, base, asset, index],
  );
  const [now, before] = [physical, base].map((name) => told.find((each) => each.physical === name));
  const extent = extentOf(now);
  if (before === undefined || before.tells !== now?.tells) return { changed: null, extent, extentBefore: null };
  const { rows } = await client.query<{ part: string }>(
    `select part::text from (select * from _millrace.parts where physical = $1 and asset = $3 and read = $4) n
     full join (select * from _millrace.parts where physical = $2 and asset = $3 and read = $4) o using (part)
     where (n.rows, n.a, n.b) is distinct from (o.rows, o.a, o.b) order by part`,
    [physical, base, asset, index],
  );
  return { changed: rows.map(({ part }) => Number(part)), extent, extentBefore: extentOf(before) };
}

function extentOf(told: { readonly first: string | null; readonly last: string | null } | undefined): SeenRead["extent"] {
  return told?.first == null || told.last === null ? null : { first: Number(told.first), last: Number(told.last) };
}

/** Are values equal only where their texts are? Not with citext, or a collation that takes different letters for the same. */
async function hasPlainEquality(client: Client, relation: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select 1 from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid left join pg_catalog.pg_collation c on c.oid = a.attcollation
     where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and (t.typname = 'citext' or t.typtype = 'd' or not coalesce(c.collisdeterministic, true))`,
    [relation],
  );
  return rowCount === 0;
}

/** Functions of these names that are not the server's own: DuckDB knows nothing of what they do. */
export async function ownFunctions(client: Client, names: readonly string[]): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select distinct p.proname as name from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname not in ('pg_catalog', 'information_schema') and p.proname = any($1::text[]) order by 1`,
    [names],
  );
  return rows.map(({ name }) => name);
}
