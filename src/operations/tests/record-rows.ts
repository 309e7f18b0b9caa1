// Which rows of its inputs some rows of a model come from: by columns that are passed on unchanged, else by columns that its joins compare, else the first.
import { messageOf, MillraceError } from "../../model/errors.ts";
import type { JsonValue } from "../../model/answers.ts";
import type { NodeId } from "../../model/graph.ts";
import type { AssetLineage } from "../../model/lineage.ts";
import { assetView } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { ident } from "../../sql/text.ts";

export interface SampledInput {
  readonly asset: NodeId;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly JsonValue[])[];
  readonly how: "found" | "joined" | "first";
}

export interface SampleRequest {
  readonly model: NodeId;
  readonly inputs: readonly NodeId[];
  readonly lineage: AssetLineage | null;
  readonly rows: number;
  readonly where: string | undefined;
}

const SAMPLE = 'temp.main."_millrace_recorded"';
/** Rows per input; a group of more is cut, and the model's rows are those of what is left. */
const GIVEN_MAX = 20;
const PAIRS_MAX = 20;

type Columns = readonly { readonly name: string; readonly type: string }[];

/** Reads only; tables of the session are dropped with it. @throws MR8911 */
export async function sampleInputs(session: Session, request: SampleRequest): Promise<readonly SampledInput[]> {
  const { model, inputs, lineage, rows, where } = request;
  const condition = where === undefined ? "" : `where (\n${where}\n)`;
  try {
    // With parameters, though none: one statement, whatever the condition says.
    await session.run(`create or replace temp table ${SAMPLE} as select * from ${assetView(model)} ${condition} limit ${rows}`, []);
  } catch (error) {
    throw new MillraceError({ code: "MR8911", message: `${model} cannot be read: ${messageOf(error).split("\n")[0]}`, cause: error });
  }
  const found = await session.row<{ n: number }>(`select count(*) as n from ${SAMPLE}`);
  if ((found?.n ?? 0) === 0)
    throw new MillraceError({ code: "MR8911", message: `${model} has no rows${where === undefined ? "" : ` where ${where}`}` });
  const own = await columnsOf(session, SAMPLE);
  const sampled: SampledInput[] = [];
  const chosen = new Map<NodeId, string>();
  const waiting: { readonly asset: NodeId; readonly columns: Columns }[] = [];
  for (const [index, asset] of inputs.entries()) {
    const columns = readColumns(await columnsOf(session, assetView(asset)), lineage, asset);
    const table = `temp.main."_millrace_input_${index}"`;
    const pairs = await usablePairs(session, { asset, own, columns, lineage });
    if (pairs.length === 0) {
      waiting.push({ asset, columns });
      continue;
    }
    await take(session, { asset, columns, table, from: SAMPLE, on: pairs });
    chosen.set(asset, table);
    sampled.push({ asset, columns, rows: await rowsOf(session, table), how: "found" });
  }
  for (const { asset, columns } of waiting) {
    const table = `temp.main."_millrace_input_${inputs.indexOf(asset)}"`;
    const join = await bestJoin(session, { asset, columns, chosen, lineage });
    if (join === null)
      await session.run(`create or replace temp table ${table} as select ${list(columns)} from ${assetView(asset)} limit ${rows}`);
    else await take(session, { asset, columns, table, from: join.from, on: [join.pair] });
    chosen.set(asset, table);
    sampled.push({ asset, columns, rows: await rowsOf(session, table), how: join === null ? "first" : "joined" });
  }
  return sampled;
}

/** A column of the input beside one of the table that it is looked up by. */
interface Pair {
  readonly column: string;
  readonly by: string;
}

interface PairRequest {
  readonly asset: NodeId;
  readonly own: Columns;
  readonly columns: Columns;
  readonly lineage: AssetLineage | null;
}

/** Columns that the model passes on as they are, and whose sampled values are all there. */
async function usablePairs(session: Session, { asset, own, columns, lineage }: PairRequest): Promise<readonly Pair[]> {
  const candidates = own.flatMap(({ name, type }): readonly Pair[] => {
    const sources = lineage === null ? [{ asset, path: name, kind: "identity" as const }] : (lineage.columns[name] ?? []);
    const same = sources.filter((source) => source.asset === asset && source.kind === "identity");
    const column = same.length === 1 ? columns.find((each) => each.name.toLowerCase() === same[0]!.path.toLowerCase()) : undefined;
    return column === undefined || column.type !== type ? [] : [{ column: column.name, by: name }];
  });
  const usable: Pair[] = [];
  for (const pair of candidates.slice(0, PAIRS_MAX)) {
    const missing = await session.row<{ n: number }>(
      `select count(*) as n from ${SAMPLE} s where s.${ident(pair.by)} is not null and not exists (select 1 from ${assetView(asset)} i where i.${ident(pair.column)} = s.${ident(pair.by)})`,
    );
    if (missing?.n === 0) usable.push(pair);
  }
  if (usable.length < 2) return usable;
  // Together they must still be one row's.
  const lost = await session.row<{ n: number }>(
    `select count(*) as n from ${SAMPLE} s where not exists (select 1 from ${assetView(asset)} i where ${matching(usable)})`,
  );
  return lost?.n === 0 ? usable : usable.slice(0, 1);
}

function matching(pairs: readonly Pair[]): string {
  return pairs.map(({ column, by }) => `i.${ident(column)} is not distinct from s.${ident(by)}`).join(" and ");
}

interface JoinRequest {
  readonly asset: NodeId;
  readonly columns: Columns;
  readonly chosen: ReadonlyMap<NodeId, string>;
  readonly lineage: AssetLineage | null;
}

/** Of the columns that decide which rows there are (joins, filters), the two that most rows of a chosen input agree in. */
async function bestJoin(
  session: Session,
  { asset, columns, chosen, lineage }: JoinRequest,
): Promise<{ readonly from: string; readonly pair: Pair } | null> {
  const influences = lineage?.influences ?? [];
  const mine = influences.filter((source) => source.asset === asset);
  const others = influences.filter((source) => chosen.has(source.asset));
  let best: { readonly from: string; readonly pair: Pair; readonly share: number } | null = null;
  const tries = mine.flatMap((own) => others.map((other) => ({ own, other }))).slice(0, PAIRS_MAX);
  for (const { own, other } of tries) {
    const from = chosen.get(other.asset)!;
    const [left, right] = [ident(own.path), ident(other.path)];
    if (!columns.some(({ name }) => name === own.path)) continue;
    const row = await session
      .row<{ share: number | null }>(
        `select avg(case when exists (select 1 from ${assetView(asset)} i where i.${left} = s.${right}) then 1 else 0 end)::double as share from ${from} s`,
      )
      .catch(() => undefined); // their types cannot be compared
    const share = row?.share ?? 0;
    if (share > (best?.share ?? 0)) best = { from, pair: { column: own.path, by: other.path }, share };
  }
  return best;
}

interface TakeRequest {
  readonly asset: NodeId;
  readonly columns: Columns;
  readonly table: string;
  readonly from: string;
  readonly on: readonly Pair[];
}

/** Rows that agree with a row of `from`; of each, some when they are many. */
async function take(session: Session, { asset, columns, table, from, on }: TakeRequest): Promise<void> {
  const by = on.map(({ column }) => `i.${ident(column)}`).join(", ");
  const distinct = `(select distinct ${on.map(({ by: name }) => ident(name)).join(", ")} from ${from})`;
  const groups = (await session.row<{ n: number }>(`select count(*) as n from ${distinct}`))?.n ?? 1;
  const each = Math.max(1, Math.floor(GIVEN_MAX / Math.max(1, groups)));
  await session.run(
    `create or replace temp table ${table} as select ${list(columns, "i.")} from ${assetView(asset)} i semi join ${distinct} s on ${matching(on)}
     qualify row_number() over (partition by ${by}) <= ${each} limit ${GIVEN_MAX}`,
  );
}

/** The columns that the model reads; all where that is not known. */
function readColumns(columns: Columns, lineage: AssetLineage | null, asset: NodeId): Columns {
  if (lineage === null) return columns;
  const paths = [...Object.values(lineage.columns).flat(), ...lineage.influences]
    .filter((source) => source.asset === asset)
    .map(({ path }) => path.toLowerCase());
  // A column's name may have a dot, as the path to a field of it has.
  const isRead = (name: string): boolean => paths.some((path) => path === name || path.startsWith(`${name}.`));
  const own = columns.filter(({ name }) => isRead(name.toLowerCase()));
  return own.length === 0 ? columns : own;
}

async function columnsOf(session: Session, relation: string): Promise<Columns> {
  const rows = await session.rows<{ column_name: string; column_type: string }>(`describe select * from ${relation}`);
  return rows.map((row) => ({ name: row.column_name, type: row.column_type }));
}

async function rowsOf(session: Session, table: string): Promise<readonly (readonly JsonValue[])[]> {
  return (await session.rows<Record<string, JsonValue>>(`select * from ${table}`)).map((row) => Object.values(row));
}

function list(columns: Columns, prefix = ""): string {
  return columns.map(({ name }) => `${prefix}${ident(name)}`).join(", ");
}
