// Quarantine: every record that was read and not loaded, with its reason, its raw form and where it came from. Rows enter it in the same
// transaction that leaves them out of the asset, so nothing is in both and nothing in neither.
import { ledgerAsset, plainAssetSql, PROD } from "../model/environment.ts";
import { ownerOf } from "../sql/ledger/publish.ts";
import type { JsonValue, QuarantineGroup, QuarantineItem, QuarantineTrendAnswer } from "../model/answers.ts";
import type { Session, Transaction } from "../sql/session.ts";
import { literal } from "../sql/text.ts";

/** Items that one answer lists unless it is asked for more. */
export const ITEMS_LISTED = 100;
/** Groups that one answer lists. */
const GROUPS_MAX = 1_000;
/** Characters of a raw record that an answer shows; the table keeps all of it. */
export const RAW_SHOWN_CHARACTERS = 2_000;

/** An id that is the same however often the same record is set aside by the same load: built in SQL from its place and reason. */
export function quarantineId(load: string, ...parts: readonly string[]): string {
  return `'q_' || left(md5(concat_ws('|', ${[literal(load), ...parts].join(", ")})), 16)`;
}

/** What waits of earlier loads or builds of an asset than this one waits for nobody any more; decided records stay. `where`: of which records, as SQL. */
export async function supersedeEarlier(tx: Transaction, asset: string, load: string, where = "true"): Promise<void> {
  await tx.run(`update _millrace.quarantine set status = 'superseded' where asset = $1 and status = 'open' and load <> $2 and ${where}`, [
    asset,
    load,
  ]);
}

export interface QuarantineFilter {
  readonly asset?: string;
  /** Keys of the ledger: one of these. */
  readonly assets?: readonly string[];
  readonly ids?: readonly string[];
  readonly load?: string;
  readonly rule?: string;
  /** Default `open`: what still waits for a decision. `repaired` lists records that were loaded after a repair. */
  readonly status?: "open" | "repaired" | "superseded" | "all";
  readonly limit?: number;
  /** Items after this one, the `place`th of its list; where it is gone, after its place. */
  readonly after?: { readonly id: string; readonly place: number };
}

/** Items in quarantine, newest load first, in the order of their files; raw forms are shortened. */
export async function listQuarantine(
  session: Session,
  filter: QuarantineFilter = {},
): Promise<{ items: QuarantineItem[]; total: number; before: number }> {
  const where = conditions(session, filter);
  const limit = Math.max(0, Math.trunc(filter.limit ?? ITEMS_LISTED));
  const order = `asset, "at" desc, file, line, id`;
  const before = filter.after === undefined ? 0 : await placeOf(session, { ...filter.after, where, order });
  const items = await session.rows<unknown>(
    `select id, ${plainAssetSql("asset")} as asset, reason, rule, file, line, left(raw, ${RAW_SHOWN_CHARACTERS}) as raw, "at" from _millrace.quarantine
     where ${where} order by ${order} limit ${limit} offset ${before}`,
  );
  const total = await session.row<{ n: number }>(`select count(*) as n from _millrace.quarantine where ${where}`);
  return { items: items as QuarantineItem[], total: total?.n ?? 0, before };
}

interface Place {
  readonly id: string;
  readonly place: number;
  readonly where: string;
  readonly order: string;
}

async function placeOf(session: Session, { id, place, where, order }: Place): Promise<number> {
  const found = await session.row<{ n: number }>(
    `select n from (select id, row_number() over (order by ${order}) as n from _millrace.quarantine where ${where}) where id = ${literal(id)}`,
  );
  return found?.n ?? Math.max(0, Math.trunc(place));
}

/** Items by asset, rule and form of the broken value; the largest groups first. */
export async function groupQuarantine(session: Session, filter: QuarantineFilter = {}): Promise<readonly QuarantineGroup[]> {
  const value = `nullif(regexp_extract(reason, '"(.*)"\\s*$', 1), '')`;
  const form = `regexp_replace(regexp_replace(regexp_replace(${value}, '\\s+', ' ', 'g'), '\\p{L}+', 'a', 'g'), '\\p{Nd}+', '9', 'g')`;
  const groups = await session.rows<{
    asset: string;
    rule: string;
    pattern: string | null;
    rows: number;
    since: string;
    id: string;
    reason: string;
  }>(
    `select ${plainAssetSql("asset")} as asset, rule, ${form} as pattern, count(*) as rows, min("at") as since, min(id) as id, arg_min(reason, id) as reason
     from _millrace.quarantine where ${conditions(session, filter)} group by all order by rows desc, asset, rule, pattern limit ${GROUPS_MAX}`,
  );
  return groups.map(({ id, reason, ...group }) => ({ ...group, example: { id, reason } }));
}

/** Records set aside per day and rule, newest day first: kept with the loads, also of records that were decided since. */
export async function quarantineTrend(
  session: Session,
  { asset, days }: { readonly asset?: string; readonly days: number },
): Promise<QuarantineTrendAnswer["days"]> {
  const of = asset === undefined ? ownSql(session) : `asset = ${literal(await ownerOf(session, asset))}`;
  return session.rows(
    `select strftime("at" at time zone 'UTC', '%Y-%m-%d') as day, ${plainAssetSql("asset")} as asset, rule, sum("rows")::bigint as rows from _millrace.reasons
     where ${of} and "at" >= now() - interval ${Math.trunc(days)} days group by all order by day desc, rows desc, asset, rule`,
  );
}

/** One item in full: the whole raw record and the row as it was understood. */
export async function showQuarantine(
  session: Session,
  id: string,
): Promise<(QuarantineItem & { load: string; run: string; row: JsonValue; status: string }) | undefined> {
  const item = await session.row<Record<string, JsonValue>>(
    `select id, ${plainAssetSql("asset")} as asset, reason, rule, file, line, raw, "at", load, run, row, status from _millrace.quarantine where id = $1 limit 1`,
    [id],
  );
  if (item === undefined) return undefined;
  const row = typeof item["row"] === "string" ? (JSON.parse(item["row"]) as JsonValue) : null;
  return { ...(item as unknown as QuarantineItem & { load: string; run: string; status: string }), row };
}

/** Open items per asset and rule. */
export async function countQuarantine(session: Session): Promise<{ asset: string; rule: string; rows: number }[]> {
  return session.rows(
    `select ${plainAssetSql("asset")} as asset, rule, count(*) as rows from _millrace.quarantine where status = 'open' and ${ownSql(session)} group by all order by all`,
  );
}

/** Records of what is the session's environment's own. */
function ownSql({ environment }: Session): string {
  return environment === PROD ? "not contains(asset, '@')" : `ends_with(asset, ${literal(ledgerAsset("", environment))})`;
}

/** `asset` is a key of the ledger. */
function conditions(session: Session, filter: QuarantineFilter): string {
  const parts = [
    filter.status === "all" ? "true" : `status = ${literal(filter.status ?? "open")}`,
    ...(filter.asset === undefined && filter.ids === undefined ? [ownSql(session)] : []),
    ...(filter.asset === undefined ? [] : [`asset = ${literal(filter.asset)}`]),
    ...(filter.assets === undefined ? [] : [filter.assets.length === 0 ? "false" : `asset in (${filter.assets.map(literal).join(", ")})`]),
    ...(filter.load === undefined ? [] : [`load = ${literal(filter.load)}`]),
    ...(filter.rule === undefined ? [] : [`rule = ${literal(filter.rule)}`]),
    ...(filter.ids === undefined ? [] : [filter.ids.length === 0 ? "false" : `id in (${filter.ids.map(literal).join(", ")})`]),
  ];
  return parts.join(" and ");
}
