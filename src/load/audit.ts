// The audit of a table before it is published: all its checks, in the transaction that publishes it.
//   A1. At most two scans of the table: one counts every check; one, only when something failed, fetches rows. Removing rows looks them up by
//       row id. The SQL of a `query` check reads what it says, once.
//   A2. Rows of checks with `onFail: quarantine` leave the table first; the other checks judge what is left.
//   A3. A row that breaks several checks is set aside once, under the first of them; its reason names all.
//   A4. A check that cannot run is MR4505 with its place: DuckDB has lost the transaction by then, and the caller rolls back.
import { viewOfKey } from "../model/environment.ts";
import { MillraceError, type MillraceErrorOptions } from "../model/errors.ts";
import { didYouMean } from "../model/suggest.ts";
import { assetView, createView, describeRelation, HIDDEN_COLUMNS, physicalTable } from "../sql/ledger/publish.ts";
import type { Session, Transaction } from "../sql/session.ts";
import { ident } from "../sql/text.ts";
import { carryOut, runQuery, type AuditRow } from "./audit-run.ts";
import type { Audit, Candidate } from "./audit-port.ts";
import { removeFailing } from "./audit-aside.ts";
import {
  countingSql,
  failingOf,
  foundOf,
  lookedOf,
  onePassSql,
  sampleOf,
  samplingSql,
  type AuditedRelation,
  type NumberedCheck,
} from "./check-sql.ts";
import { statusOf, toleratedRows, type CheckResult, type CompiledCheck } from "./check.ts";

/** Characters of a failing row in a message; the results hold all of it. */
const ROW_CHARACTERS_MAX = 300;

export interface AuditOutcome {
  readonly results: readonly CheckResult[];
  /** A check with `onFail: stop` failed: roll back, and throw `stoppedByChecks`. */
  readonly stop: boolean;
  /** Rows that were moved from the table to quarantine. */
  readonly quarantinedRows: number;
}

/** What was counted for one check. */
interface Finding {
  readonly failing: number;
  readonly looked: number;
  readonly sample: CheckResult["sample"];
}

/** The checks of an asset as the port that loads call. */
export function auditWith(checks: readonly CompiledCheck[]): Audit {
  return (tx, candidate) => auditTable(tx, candidate, checks);
}

/** Runs the checks on a candidate and sets failing rows aside. @throws MR4504 unknown column, MR4505 a check that cannot run. */
export async function auditTable(tx: Transaction, candidate: Candidate, checks: readonly CompiledCheck[]): Promise<AuditOutcome> {
  if (checks.length === 0) return { results: [], stop: false, quarantinedRows: 0 };
  const { source, all } = await prepareAudit(tx, candidate.asset, candidate.table, checks);
  await expose(tx, candidate, source.columns, all);
  const tabular = all.filter(({ check }) => check.test.kind !== "query");
  const findings = await countChecks(tx, candidate.asset, source, tabular);
  const failed = tabular.filter((item) => isFetched(item) && exceeds(item, findings));
  const quarantining = failed.filter(({ check }) => check.onFail === "quarantine");
  const others = failed.filter(({ check }) => check.onFail !== "quarantine");
  let quarantinedRows = 0;
  if (quarantining.length > 0) {
    const counting = tabular.filter(({ check }) => check.test.kind === "count");
    const removal = await removeFailing(tx, {
      candidate,
      source,
      quarantining,
      others,
      counting,
    });
    quarantinedRows = removal.rows;
    for (const [number, found] of removal.found) findings.set(number, { ...findings.get(number)!, ...found });
    for (const [number, gone] of removal.lookedGone) {
      const before = findings.get(number)!;
      findings.set(number, { ...before, looked: before.looked - gone });
    }
    const aggregates = tabular.filter(({ check }) => check.test.kind === "aggregate");
    if (aggregates.length > 0)
      for (const [number, again] of await countChecks(tx, candidate.asset, source, aggregates)) findings.set(number, again);
  } else if (others.length > 0) {
    await addSamples(tx, candidate.asset, source, others, findings);
  }
  for (const item of all)
    if (item.check.test.kind === "query") findings.set(item.number, await runQuery(tx, candidate.asset, source, item.check));
  const left = new Set(quarantining);
  const results = all.map((item) => {
    const result = resultOf(item, findings.get(item.number)!);
    return left.has(item) && result.failing > 0 ? { ...result, status: "warned" as const } : result;
  });
  return { results, stop: results.some((result) => result.status === "failed"), quarantinedRows };
}

/** Runs the checks on what readers see and changes nothing. `physical`: the table behind it; null for a view, whose query then runs once. */
export async function auditLive(
  session: Session,
  asset: string,
  physical: string | null,
  checks: readonly CompiledCheck[],
): Promise<readonly CheckResult[]> {
  if (checks.length === 0) return [];
  const { source, all } = await prepareAudit(
    session,
    asset,
    physical === null ? assetView(asset) : physicalTable(physical),
    checks,
    physical !== null,
  );
  const tabular = all.filter(({ check }) => check.test.kind !== "query");
  const findings = source.rowIds ? await countChecks(session, asset, source, tabular) : await countOnce(session, asset, source, tabular);
  const failed = tabular.filter((item) => isFetched(item) && exceeds(item, findings));
  if (source.rowIds && failed.length > 0) await addSamples(session, asset, source, failed, findings);
  for (const item of all)
    if (item.check.test.kind === "query") findings.set(item.number, await runQuery(session, asset, source, item.check));
  return all.map((item) => resultOf(item, findings.get(item.number)!));
}

/** MR4501 with the results of all checks of the version that was not published. */
export class StoppedByChecks extends MillraceError {
  readonly results: readonly CheckResult[];
  constructor(results: readonly CheckResult[], options: MillraceErrorOptions) {
    super(options);
    this.results = results;
  }
}

/** The error that keeps a version from being published: what failed, with the first rows. */
export function stoppedByChecks(asset: string, results: readonly CheckResult[], checks: readonly CompiledCheck[]): StoppedByChecks {
  const stopping = results.filter((result) => result.status === "failed");
  const [first] = stopping;
  if (first === undefined) throw new Error("no check stopped this version");
  const more = stopping.length === 1 ? "" : `, and ${stopping.length - 1} more ${stopping.length === 2 ? "check" : "checks"}`;
  const location = checks.find((check) => check.name === first.check)?.location ?? null;
  const rows = first.sample.map((row) => JSON.stringify(row).slice(0, ROW_CHARACTERS_MAX)).join("\n  ");
  return new StoppedByChecks(results, {
    code: "MR4501",
    message: `${asset}: ${first.check} failed for ${first.failing} ${first.failing === 1 ? "row" : "rows"}${more}; not published${rows === "" ? "" : `\n  ${rows}`}`,
    ...(location === null ? {} : { location }),
    errors: stopping.slice(1).map((result) => stoppedByChecks(asset, [result], checks)),
  });
}

async function prepareAudit(
  session: Session,
  asset: string,
  relation: string,
  checks: readonly CompiledCheck[],
  rowIds: boolean = true,
): Promise<{ readonly source: AuditedRelation; readonly all: readonly NumberedCheck[] }> {
  const described = (await describeRelation(session, relation)).map((column) => column.name);
  const columns = described.filter((name) => !(HIDDEN_COLUMNS as readonly string[]).includes(name));
  const known = new Set(described.map((name) => name.toLowerCase()));
  for (const check of checks) {
    const missing = check.columns.find((name) => !known.has(name.toLowerCase()));
    if (missing !== undefined) throw unknownColumn(asset, check, missing, columns);
  }
  return { source: { relation, rowIds, columns }, all: checks.map((check, number) => ({ number, check })) };
}

/** SQL of the user's own names the asset as readers do: in this transaction that name shows the candidate. */
async function expose(
  tx: Transaction,
  { asset, table }: Candidate,
  columns: readonly string[],
  all: readonly NumberedCheck[],
): Promise<void> {
  const name = viewOfKey(asset)[1].toLowerCase();
  const mentions = (sql: string): boolean => sql.toLowerCase().includes(name);
  const named = all.some(({ check }) => {
    if (check.where !== null && mentions(check.where)) return true;
    switch (check.test.kind) {
      case "row":
        return mentions(check.test.bad);
      case "query":
        return mentions(check.test.sql);
      case "aggregate":
        return mentions(check.test.failing);
      case "duplicates":
      case "count":
        return false;
      default:
        return check.test satisfies never;
    }
  });
  if (!named) return;
  await createView(tx, asset, `select ${columns.map(ident).join(", ")} from ${table}`);
}

async function countChecks(
  session: Session,
  asset: string,
  source: AuditedRelation,
  checks: readonly NumberedCheck[],
): Promise<Map<number, Finding>> {
  if (checks.length === 0) return new Map();
  const fused = checks.filter(({ check }) => check.test.kind !== "aggregate" || check.where === null);
  const found = await carryOut(session, asset, countingSql(source, fused), fused);
  const findings = new Map(fused.map((item) => [item.number, finding(item, found)]));
  for (const item of checks.filter((each) => !fused.includes(each))) {
    // An aggregate cannot be filtered from outside; with a `where` it is a query of its own on the rows that remain.
    const relation = `(select * from ${source.relation} as t where (\n${item.check.where}\n))`;
    const row = await carryOut(
      session,
      asset,
      countingSql({ ...source, relation, rowIds: false }, [{ ...item, check: { ...item.check, where: null } }]),
      [item],
    );
    findings.set(item.number, finding(item, row));
  }
  return findings;
}

async function countOnce(
  session: Session,
  asset: string,
  source: AuditedRelation,
  checks: readonly NumberedCheck[],
): Promise<Map<number, Finding>> {
  if (checks.length === 0) return new Map();
  const found = await carryOut(session, asset, onePassSql(source, checks), checks);
  return new Map(checks.map((item) => [item.number, finding(item, found)]));
}

async function addSamples(
  session: Session,
  asset: string,
  source: AuditedRelation,
  failed: readonly NumberedCheck[],
  findings: Map<number, Finding>,
): Promise<void> {
  const found = await carryOut(session, asset, samplingSql(source, failed), failed);
  for (const item of failed) {
    findings.set(item.number, { ...findings.get(item.number)!, failing: numberAt(found, failingOf(item)), sample: sampleAt(found, item) });
  }
}

function finding(item: NumberedCheck, row: AuditRow): Finding {
  const looked = numberAt(row, item.check.where === null ? "rows" : lookedOf(item));
  const { test } = item.check;
  if (test.kind === "count") return { failing: 0, looked, sample: [] }; // judged by `resultOf`, after rows may have left
  const sample = test.kind === "aggregate" ? [{ found: row[foundOf(item)] ?? null }] : sampleAt(row, item);
  return { failing: numberAt(row, failingOf(item)), looked, sample };
}

function resultOf({ check }: NumberedCheck, found: Finding): CheckResult {
  const { failing, sample } = check.test.kind === "count" ? countedRows(check.test, found.looked) : found;
  const status = statusOf(check, failing, found.looked);
  return {
    check: check.name,
    kind: check.kind,
    status,
    severity: check.severity,
    failing,
    onFail: check.onFail,
    sample: failing === 0 ? [] : sample,
  };
}

function countedRows(
  test: { readonly min: number | null; readonly max: number | null },
  rows: number,
): Pick<Finding, "failing" | "sample"> {
  const missing = test.min === null ? 0 : Math.max(0, test.min - rows);
  const surplus = test.max === null ? 0 : Math.max(0, rows - test.max);
  return { failing: missing + surplus, sample: [{ rows, min: test.min, max: test.max }] };
}

/** Does the check name rows? */
function isFetched({ check }: NumberedCheck): boolean {
  return check.test.kind === "row" || check.test.kind === "duplicates";
}

/** Where duplicates were only bounded, any surplus is looked at again. */
function exceeds(item: NumberedCheck, findings: ReadonlyMap<number, Finding>): boolean {
  const { failing, looked } = findings.get(item.number)!;
  const isBound = item.check.test.kind === "duplicates" && item.check.onFail !== "quarantine";
  return failing > (isBound ? 0 : toleratedRows(item.check, looked));
}

function numberAt(row: AuditRow, name: string): number {
  return Number(row[name] ?? 0);
}

function sampleAt(row: AuditRow, item: NumberedCheck): CheckResult["sample"] {
  return (row[sampleOf(item)] ?? []) as CheckResult["sample"];
}

function unknownColumn(asset: string, check: CompiledCheck, name: string, columns: readonly string[]): MillraceError {
  return new MillraceError({
    code: "MR4504",
    message: `${asset}: the check ${check.name} looks at "${name}", which is no column of it`,
    hint: didYouMean(name, columns) ?? `its columns: ${columns.join(", ")}`,
    ...(check.location === null ? {} : { location: check.location }),
  });
}
