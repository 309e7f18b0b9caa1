// The table of a model of which most rows stay: rows of the version before, where nothing touched them, and rows of the query for all others. Every version is
// a table of its own, so that going back, environments and promotion are those of any table.
//   T1. All statements see one state of what is read (repeatable read), and so do the parts that are noted (parts.ts).
//   T2. What is kept and what is made again share no row: one condition tells both.
import type { Client } from "pg";
import { describeColumns, duckType } from "../../connectors/postgres/types.ts";
import type { EngineBuild, EngineIncrement, EngineScope, Grain } from "../../load/engine-port.ts";
import { MillraceError } from "../../model/errors.ts";
import { firstWord, locate } from "../../sql/compile/errors.ts";
import { scanSql } from "../../sql/syntax/scan.ts";
import { ident, literal, qualified } from "../../sql/text.ts";
import { DATA } from "./notes.ts";
import { measureParts, ownFunctions, partOfRow, type ServerColumn } from "./parts.ts";
import { type SentText, textOfModel } from "./text.ts";

type ModelQuery = Extract<EngineBuild["query"], { readonly kind: "model" }>;

export interface Making {
  readonly build: EngineBuild & { readonly query: ModelQuery };
  readonly increment: EngineIncrement;
  readonly physical: string;
  /** Runs one statement that has the user's text behind `head`; the number of rows. */
  run(this: void, sent: SentText, head: string, tail: string): Promise<number>;
}

export interface Made {
  readonly scope: EngineScope;
  readonly rows: number;
}

/** Before and after all moments that a filter may compare with. */
const ALWAYS = { start: new Date("0001-01-01T00:00:00Z"), end: new Date("9999-12-31T00:00:00Z") };
const HEAD = "select * from (\n";
const TAIL = "\n) as model";

/** Makes the table, unless the scope says that there is nothing to do. @throws MR4613, MR4669, and what the server has against the text */
export async function makeIncrement(client: Client, making: Making): Promise<Made> {
  const { build, increment, physical, run } = making;
  const table = qualified(DATA, physical);
  const shape = textIn(making, ALWAYS);
  await run(shape, `create temp table _millrace_shape on commit drop as ${HEAD}`, `${TAIL} limit 0`);
  const found = await describeColumns(client, "select * from pg_temp._millrace_shape");
  const columns = found.map(({ name, serverType }) => ({ name, serverType }));
  const names = checkGrain(making, columns);
  const watched = await increment.watch(found.map((column) => ({ name: column.name, type: duckType(column.shape) })));
  const scope = increment.decide({
    reads: await measureParts(client, { build, increment, physical, columns }, watched),
    hasSameColumns: increment.base !== null && (await hasColumnsOf(client, qualified(DATA, increment.base), "pg_temp._millrace_shape")),
    ownFunctions: await ownFunctions(client, calledIn(build.query.unit.sql)),
  });
  if (scope.kind === "nothing") return { scope, rows: 0 };
  const touched = conditionOf(scope, { grain: increment.grain, columns, names });
  const from = scope.kind === "all" || increment.base === null ? null : qualified(DATA, increment.base);
  let rows = 0;
  if (from === null) await run(shape, `create table ${table} as ${HEAD}`, `${TAIL} limit 0`);
  else rows = (await client.query(`create table ${table} as select * from ${from} where not coalesce(${touched}, false)`)).rowCount ?? 0;
  for (const piece of scope.pieces ?? [null]) {
    const bounds = piece === null ? ALWAYS : { start: new Date(piece.startMs), end: new Date(piece.endMs) };
    const inside = piece === null ? touched : `(${touched}) and ${inRange(ident(names[0]!), piece)}`;
    rows += await run(textIn(making, bounds), `insert into ${table} ${HEAD}`, `${TAIL} where ${inside}`);
  }
  if (increment.grain.kind === "key") await refuseTwice(client, making, { table, names });
  return { scope, rows };
}

function textIn({ build: { query, reads } }: Making, bounds: typeof ALWAYS): SentText {
  return textOfModel(query.unit, reads, { ...query.parameters, ...bounds });
}

/** The columns that tell rows apart, as the server spells them. @throws MR4613 */
function checkGrain({ build: { query }, increment: { grain } }: Making, columns: readonly ServerColumn[]): readonly string[] {
  const wanted = grain.kind === "time" ? [grain.column] : grain.columns;
  return wanted.map((name) => {
    const column = columns.find((each) => each.name === name) ?? columns.find((each) => each.name.toLowerCase() === name.toLowerCase());
    const isMoment = grain.kind === "key" || /^(date|timestamp|timestamptz)$/.test(column?.serverType ?? "");
    if (column !== undefined && isMoment && !(grain.kind === "time" && grain.unit === "hour" && column.serverType === "date"))
      return column.name;
    const { unit } = query;
    throw new MillraceError({
      code: "MR4613",
      message:
        column === undefined ? `${unit.id} has no column ${name}` : `${unit.id}: ${name} is ${column.serverType}, which tells no interval`,
      hint: `it has ${columns.map((each) => each.name).join(", ")}`,
      location: locate(unit, firstWord(unit.sql)),
    });
  });
}

interface Telling {
  readonly grain: Grain;
  readonly columns: readonly ServerColumn[];
  readonly names: readonly string[];
}

/** T2: rows of the table, and of the query, that are made. */
function conditionOf(scope: Exclude<EngineScope, { kind: "nothing" }>, { grain, columns, names }: Telling): string {
  const cells = names.map((name) => ident(name));
  const moment = `isfinite(${cells[0]!})`;
  switch (scope.kind) {
    case "all":
      return grain.kind === "key" ? "true" : scope.sinceMs === null ? moment : `${moment} and ${cells[0]!} >= ${momentText(scope.sinceMs)}`;
    case "intervals":
      return scope.ranges.length === 0 ? "false" : `(${scope.ranges.map((range) => inRange(cells[0]!, range)).join(" or ")})`;
    case "keys": {
      const parts = scope.touched.map(({ columns: numbers, parts: own }) => {
        const key = numbers.map((number) => names[number]!);
        const isNull = key.map((name) => `${ident(name)} is null`).join(" or ");
        return `(${isNull} or ${partOfRow(columns, key)} = any('{${own.join(",")}}'::int8[]))`;
      });
      return parts.length === 0 ? "false" : parts.join(" or ");
    }
    default:
      return scope satisfies never;
  }
}

function inRange(cell: string, { startMs, endMs }: { readonly startMs: number; readonly endMs: number }): string {
  return `(${cell} >= ${momentText(startMs)} and ${cell} < ${momentText(endMs)})`;
}

/** A moment in UTC, which is the session's zone: beside a DATE and a TIMESTAMPTZ it means the same. */
function momentText(ms: number): string {
  return `${literal(new Date(ms).toISOString().replace("T", " ").replace("Z", ""))}::timestamp`;
}

async function hasColumnsOf(client: Client, relation: string, other: string): Promise<boolean> {
  const { rows } = await client.query<{ a: string | null; b: string | null }>(
    `select max(t) filter (where r = 1) as a, max(t) filter (where r = 2) as b from (
       select r, string_agg(format('%I %s %s', attname, format_type(atttypid, atttypmod), attcollation), ',' order by attnum) as t
       from (values (1, to_regclass($1)), (2, to_regclass($2))) q(r, relation) join pg_catalog.pg_attribute on attrelid = relation
       where attnum > 0 and not attisdropped group by r) q`,
    [relation, other],
  );
  return rows[0]?.a != null && rows[0].a === rows[0].b;
}

/** Words before a parenthesis. */
function calledIn(sql: string): readonly string[] {
  const tokens = scanSql(sql);
  return tokens.flatMap(({ kind, text }, index) => {
    if (tokens[index + 1]?.text !== "(") return [];
    return kind === "word" ? [text.toLowerCase()] : kind === "quoted" ? [text.slice(1, -1).replaceAll('""', '"')] : [];
  });
}

/** Which of two rows is the later one the server does not know. @throws MR4669 */
async function refuseTwice(
  client: Client,
  { build: { query } }: Making,
  { table, names }: { readonly table: string; readonly names: readonly string[] },
): Promise<void> {
  const list = names.map((name) => ident(name)).join(", ");
  const { rows } = await client.query<{ sample: unknown; n: string }>(
    `select json_build_array(${list}) as sample, count(*) as n from ${table} group by ${list} having count(*) > 1 limit 1`,
  );
  const [twice] = rows;
  if (twice === undefined) return;
  const { unit } = query;
  throw new MillraceError({
    code: "MR4669",
    message: `${unit.id}: its query gives ${twice.n} rows with the key ${JSON.stringify(twice.sample)} (${names.join(", ")})`,
    hint: `let the query give one: select distinct on (${names.join(", ")}) … order by ${names.join(", ")}, updated_at desc`,
    location: locate(unit, firstWord(unit.sql)),
  });
}
