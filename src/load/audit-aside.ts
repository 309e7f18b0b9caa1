// The second scan of an audit that sets rows aside: fetches them with their reasons, enters them into quarantine, takes them out of the table.
import type { JsonValue } from "../model/answers.ts";
import { describeRelation, HIDDEN_COLUMNS } from "../sql/ledger/publish.ts";
import type { Transaction } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";
import type { Candidate } from "./audit-port.ts";
import { keepRows } from "./before.ts";
import { carryOutStatement, shorten } from "./audit-run.ts";
import {
  AuditSql,
  fetchedFail,
  fetchedLook,
  fetchingSql,
  ROW_ID,
  ruleAndReason,
  SAMPLE_ROWS_MAX,
  type FetchRequest,
  type NumberedCheck,
} from "./check-sql.ts";
import type { CheckResult } from "./check.ts";
import { quarantineId } from "./quarantine.ts";

const FETCHED = "_millrace_fetched";

export interface RemovalRequest extends Omit<FetchRequest, "extra"> {
  readonly candidate: Candidate;
}

export interface Removal {
  readonly rows: number;
  /** By number of the check: how many rows fail it (those set aside by another do not count), and the first of them. */
  readonly found: ReadonlyMap<number, { readonly failing: number; readonly sample: CheckResult["sample"] }>;
  /** By number of a counting check: rows it had looked at that are gone. */
  readonly lookedGone: ReadonlyMap<number, number>;
}

/** Moves the failing rows of the quarantining checks out of the candidate, and counts the other failed checks on what is left. */
export async function removeFailing(tx: Transaction, request: RemovalRequest): Promise<Removal> {
  const { candidate, quarantining, others, counting } = request;
  const described = await describeRelation(tx, candidate.table);
  const hidden = described.map((column) => column.name).filter((name) => (HIDDEN_COLUMNS as readonly string[]).includes(name));
  await fetchRows(tx, request, hidden);
  await leaveAccepted(
    tx,
    candidate.asset,
    described.filter((column) => !hidden.includes(column.name)),
  );
  const found = new Map<number, { failing: number; sample: CheckResult["sample"] }>();
  for (const item of [...quarantining, ...others]) found.set(item.number, await countFetched(tx, item));
  const own = described.filter((column) => !hidden.includes(column.name));
  const rows = await enterQuarantine(tx, candidate, quarantining, hidden, rowJson(own));
  const aside = `rowid in (select f.${ROW_ID} from ${FETCHED} f where ${isAside(quarantining)})`;
  if (hidden.includes("_load")) await keepRows(tx, candidate, aside);
  await tx.run(`delete from ${candidate.table} where ${aside}`);
  const lookedGone = new Map<number, number>();
  for (const item of counting) {
    const gone = await tx.row<{ n: number }>(
      `select count_if(f.${fetchedLook(item)}) as n from ${FETCHED} f where ${isAside(quarantining)}`,
    );
    lookedGone.set(item.number, gone?.n ?? 0);
  }
  await tx.run(`drop table ${FETCHED}`);
  return { rows, found, lookedGone };
}

async function fetchRows(tx: Transaction, request: RemovalRequest, hidden: readonly string[]): Promise<void> {
  const { candidate, quarantining, others, counting } = request;
  const fetching = fetchingSql({ ...request, extra: hidden.map((name) => `t.${name} as origin${name}`) });
  const sql = new AuditSql().add(`create or replace temp table ${FETCHED} as`);
  for (const [index, line] of fetching.text.split("\n").entries()) sql.add(line, fetching.checkAt(index + 1));
  await carryOutStatement(tx, candidate.asset, sql, [...quarantining, ...others, ...counting]);
}

/** Rows that a person has accepted as they are stay where they are. */
async function leaveAccepted(
  tx: Transaction,
  asset: string,
  own: readonly { readonly name: string; readonly type: string }[],
): Promise<void> {
  const accepted = `select row_hash from _millrace.accepted where asset = ${literal(asset)}`;
  if ((await tx.row(`${accepted} limit 1`)) === undefined) return;
  await tx.run(`delete from ${FETCHED} f where md5((${rowJson(own)})::varchar) in (${accepted})`);
}

async function countFetched(tx: Transaction, item: NumberedCheck): Promise<{ failing: number; sample: CheckResult["sample"] }> {
  const failing = `from ${FETCHED} f where f.${fetchedFail(item)}`;
  const counted = await tx.row<{ n: number }>(`select coalesce(sum(f.weight), 0)::bigint as n ${failing}`);
  const rows = await tx.rows<{ row: JsonValue }>(`select f.row ${failing} order by f.${ROW_ID} limit ${SAMPLE_ROWS_MAX}`);
  return { failing: counted?.n ?? 0, sample: rows.map(({ row }) => shorten(row)) as CheckResult["sample"] };
}

async function enterQuarantine(
  tx: Transaction,
  candidate: Candidate,
  quarantining: readonly NumberedCheck[],
  hidden: readonly string[],
  json: string,
): Promise<number> {
  const { rule, reason } = ruleAndReason(quarantining);
  const isFiled = hidden.length === 0;
  const origin = isFiled
    ? { load: "o.load", file: "o.file", line: `o.line + (f.${ROW_ID} - o.first_row)` }
    : { load: column("_load"), file: column("_file"), line: column("_line") };
  const filed = `asof left join (select * from _millrace.origins where physical = ${literal(candidate.physical)}) o on f.${ROW_ID} >= o.first_row`;
  return tx.run(
    `insert into _millrace.quarantine (id, asset, load, run, reason, rule, file, line, lines, raw, "row", status, "at")
     select ${quarantineId(candidate.load, "rule", "file", "line", "row_id")}, ${literal(candidate.asset)}, coalesce(load, ${literal(candidate.load)}),
       ${literal(candidate.run)}, reason, rule, file, line, 1, row::varchar, row, 'open', now()
     from (select ${rule} as rule, ${reason} as reason, ${origin.load} as load, ${origin.file} as file, ${origin.line} as line,
             f.${ROW_ID} as row_id, ${json} as row
           from ${FETCHED} f ${isFiled ? filed : ""} where ${isAside(quarantining)})`,
  );

  function column(name: string): string {
    return hidden.includes(name) ? `f.origin${name}` : "null";
  }
}

function isAside(quarantining: readonly NumberedCheck[]): string {
  return `(${quarantining.map((item) => `f.${fetchedFail(item)}`).join(" or ")})`;
}

/** A fetched row as JSON by the rules of PROJECT §10: what JSON numbers cannot hold exactly, or at all, is text. */
function rowJson(columns: readonly { readonly name: string; readonly type: string }[]): string {
  return `to_json(struct_pack(${columns.map(({ name, type }) => `${ident(name)} := ${valueJson(`f.row.${ident(name)}`, type)}`).join(", ")}))`;
}

function valueJson(value: string, type: string): string {
  const text = `to_json(${value}::varchar)`;
  if (/^(DECIMAL\([\d,]+\)|U?HUGEINT|BIGNUM)$/.test(type)) return text;
  if (/^U?BIGINT$/.test(type))
    return `case when ${value} between -9007199254740991 and 9007199254740991 then to_json(${value}) else ${text} end`;
  if (/^(DOUBLE|FLOAT)$/.test(type)) {
    const words = `case when isnan(${value}) then 'NaN' when ${value} > 0 then 'Infinity' else '-Infinity' end`;
    return `case when isfinite(${value}) or ${value} is null then to_json(${value}) else to_json(${words}) end`;
  }
  if (type === "BLOB") return `base64(${value})`;
  return /^TIMESTAMP(_S|_MS|_NS)?$/.test(type) ? `replace(${value}::varchar, ' ', 'T')` : value;
}
