// The whole of an incremental model, made beside the version that readers see: the first time, on --full-refresh, with new code.
import { stoppedByChecks } from "../../load/audit.ts";
import { stoppedBy } from "../../load/audit-port.ts";
import type { BuildResult } from "../../load/build-port.ts";
import { supersedeEarlier } from "../../load/quarantine.ts";
import { CLOSED_COLUMN, startMs } from "../../model/incremental.ts";
import { layoutColumns } from "../../model/kept.ts";
import { physicalName, physicalTable } from "../../sql/ledger/publish.ts";
import type { Session, Transaction } from "../../sql/session.ts";
import { ident } from "../../sql/text.ts";
import { countRows } from "../commit.ts";
import { UNSORTED, writeSorted } from "../layout.ts";
import { columnOf, prepareStage } from "./apply.ts";
import { hash } from "../hash.ts";
import { type IncrementBuild, notesOf } from "./build.ts";
import type { Decision } from "./decide.ts";
import { type Range, rangeOver } from "./intervals.ts";
import { type Columns, columnsOf, makeIntervals, makeRows, type Making, origin } from "./made.ts";
import { publishIncrement } from "./published.ts";

export async function rebuild(tx: Transaction, build: IncrementBuild): Promise<BuildResult> {
  const { request, how, decision, load } = build;
  const { unit, token, codeHash } = request;
  const physical = physicalName(unit.id, load);
  const table = physicalTable(physical);
  const columns = await columnsOf(tx, { unit, how, parameters: request.parameters });
  const order = layoutColumns(request.spec.layout);
  const made = { table: order.length === 0 ? table : UNSORTED, columns };
  await makeAll(tx, { unit, how, parameters: request.parameters, ...decision, ...made, behind: origin(load) });
  if (order.length > 0) {
    await writeSorted(tx, { asset: unit.id, from: UNSORTED, table, by: order });
    await tx.run(`drop table ${UNSORTED}`);
  }
  const { superseded, leftOut } = await prepareStage(tx, { asset: unit.id, how, table, stage: table, columns, scope: { kind: "all" } });
  const built = await countRows(tx, table);
  const { results } = await request.audit(tx, { asset: unit.id, table, load, run: token.run, physical });
  if (stoppedBy(results) !== undefined) throw stoppedByChecks(unit.id, results, request.checks);
  await supersedeEarlier(tx, unit.id, load);
  const rows = request.checks.some((check) => check.onFail === "quarantine") ? await countRows(tx, table) : built;
  const lacking = leftOut > 0 ? `; ${leftOut} rows without a moment are left out` : "";
  const done: IncrementBuild = { ...build, decision: { ...decision, todo: await rangesMade(tx, build, { table, columns }) } };
  return publishIncrement(tx, done, {
    physical,
    version: hash(codeHash, load),
    rows,
    total: rows,
    quarantined: built - rows,
    filtered: superseded,
    notes: notesOf(decision, { superseded, leftOut }),
    checks: results,
    reason: `${decision.reason}${lacking}`,
  });
}

interface Made {
  readonly table: string;
  readonly columns: Columns;
}

/** All rows, or those of the intervals that are wanted, with `behind` behind the query's columns. */
export async function makeAll(
  session: Session,
  request: Making & Made & Pick<Decision, "todo" | "isJoinable"> & { readonly behind?: string },
): Promise<void> {
  const { how, todo } = request;
  const closed = how.deletes === "close" && how.mode === "merge" ? `null::timestamp as ${CLOSED_COLUMN}` : undefined;
  const behind = [closed, request.behind].filter((each) => each !== undefined).join(", ");
  const making = { ...request, ...(behind === "" ? {} : { behind }) };
  const ranges = todo.kind === "rebuild" ? todo.ranges : null;
  if (how.mode === "time" && ranges !== null) return makeIntervals(session, { ...making, ranges });
  await makeRows(session, { ...making, where: null, sinceMs: how.start === undefined ? null : startMs(how.start) });
}

/** Where only the rows tell from when to when they reach. */
async function rangesMade(tx: Session, { how, decision, request }: IncrementBuild, { table, columns }: Made): Promise<Decision["todo"]> {
  const { todo } = decision;
  if (how.mode !== "time" || todo.kind !== "rebuild" || todo.ranges !== null) return todo;
  const column = columnOf(request.unit.id, columns, how.by[0]!);
  const cell =
    column.type === "TIMESTAMP WITH TIME ZONE" ? `(${ident(column.name)} at time zone 'UTC')` : `${ident(column.name)}::timestamp`;
  const row = await tx.row<{ a: number | null; b: number | null }>(
    `select epoch_ms(min(${cell})) as a, epoch_ms(max(${cell})) as b from ${table} where isfinite(${cell})`,
  );
  const ranges: readonly Range[] = row?.a == null || row.b == null ? [] : [rangeOver(how.unit, row.a, row.b)];
  return { kind: "rebuild", ranges };
}
