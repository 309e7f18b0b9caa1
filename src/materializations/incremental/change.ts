// Changes in the table of an incremental model: the rows of some intervals, keys or partitions are made, checked, and take the place of those that are there.
// What goes is kept for as long as the version is, so that one can go back, and so that what reads the model knows which of its rows changed.
import { auditTable, stoppedByChecks } from "../../load/audit.ts";
import { stoppedBy } from "../../load/audit-port.ts";
import { undoName } from "../../load/before.ts";
import type { BuildResult } from "../../load/build-port.ts";
import { supersedeEarlier } from "../../load/quarantine.ts";
import { MillraceError } from "../../model/errors.ts";
import { CLOSED_COLUMN } from "../../model/incremental.ts";
import { isSameCode } from "../../model/code-hash.ts";
import { type LiveVersion, physicalTable } from "../../sql/ledger/publish.ts";
import type { Session, Transaction } from "../../sql/session.ts";
import { ident, literal } from "../../sql/text.ts";
import { countRows } from "../commit.ts";
import { type Fit, fitLive, type FitRequest } from "../partition-columns.ts";
import { applyIncrement, type ApplyRequest, prepareStage, removedRows, type Scope } from "./apply.ts";
import { hash } from "../hash.ts";
import { type IncrementBuild, notesOf } from "./build.ts";
import type { Decision } from "./decide.ts";
import { inKeys, listKeys } from "./keys.ts";
import { type Columns, columnsOf, makeIntervals, makeRows, type Making, origin } from "./made.ts";
import { publishIncrement } from "./published.ts";

const GIVEN = 'temp.main."_millrace_increment_keys"';
/** Where new rows stand before they are applied. */
export const STAGE = 'temp.main."_millrace_increment"';

/** Undefined when the rows that were made are those that are there. */
export async function changeInPlace(
  tx: Transaction,
  build: IncrementBuild & { readonly own: LiveVersion },
): Promise<BuildResult | undefined> {
  const { request, how, decision, own, load } = build;
  const { unit, token, codeHash } = request;
  const table = physicalTable(own.physical!);
  const columns = await columnsOf(tx, { unit, how, parameters: request.parameters });
  const scope = await makeStage(tx, { unit, how, parameters: request.parameters, ...decision }, columns);
  const undo = undoName(unit.id, load);
  let undone: string | null = null;
  let mayBeSame = false;
  const apply: ApplyRequest = {
    asset: unit.id,
    how,
    table,
    stage: STAGE,
    columns,
    scope,
    inserted: `select *, ${origin(load)} from ${STAGE}`,
    leaving: async (gone, leaving) => {
      if (mayBeSame && (await isSame(tx, apply, gone))) return "stay";
      if (leaving > 0) await tx.run(`create table ${physicalTable(undo)} as select * exclude (_millrace_row) from ${gone}`);
      undone = leaving > 0 ? undo : null;
      return "go";
    },
  };
  try {
    const prepared = await prepareStage(tx, apply);
    const made = await countRows(tx, STAGE);
    const quarantining = request.checks.filter(({ onFail }) => onFail === "quarantine");
    const aside = await auditTable(tx, { asset: unit.id, table: STAGE, load, run: token.run, physical: "" }, quarantining);
    const keepsCode = isSameCode(own.codeHash, codeHash);
    const fit = await fitted(tx, { asset: unit.id, table, live: own.columns, columns });
    mayBeSame = keepsCode && !fit.isChanged;
    const applied = await applyIncrement(tx, apply);
    if (applied.isSame === true || (mayBeSame && applied.added + applied.removed === 0)) return undefined;
    request.signal.throwIfAborted();
    const others = request.checks.filter(({ onFail }) => onFail !== "quarantine");
    const audited = await auditTable(tx, { asset: unit.id, table, load, run: token.run, physical: own.physical! }, others);
    const results = [...aside.results, ...audited.results];
    if (stoppedBy(results) !== undefined) throw stoppedByChecks(unit.id, results, request.checks);
    if (quarantining.length > 0) await supersedeEarlier(tx, unit.id, load, recordsIn(apply));
    const quarantined = aside.quarantinedRows;
    return await publishIncrement(tx, build, {
      physical: own.physical!,
      version: hash(own.version, load),
      rows: made - quarantined,
      total: (own.rows ?? 0) - applied.removed + applied.added,
      quarantined,
      filtered: prepared.superseded + (how.mode === "append" ? applied.leftOut : 0),
      notes: notesOf(decision, applied),
      checks: results,
      step: { continues: true, inPlace: true, undo: undone, closes: false, replacedFiles: [] },
      reason: decision.reason,
    });
  } finally {
    await tx.run(`drop table if exists ${STAGE}`).catch(() => undefined); // the next build of this session replaces it
  }
}

/** The table takes the columns of the new rows. @throws MR4615 */
async function fitted(tx: Transaction, request: FitRequest): Promise<Fit> {
  try {
    return await fitLive(tx, request);
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== "MR8206") throw error;
    const message = error.message.replace(" in other partitions", " that are there");
    throw new MillraceError({ code: "MR4615", message, hint: `millrace run --select ${request.asset} --full-refresh`, cause: error.cause });
  }
}

/** The new rows, and which of those that are there they stand for. */
export async function makeStage(
  tx: Session,
  { unit, how, parameters, todo, isJoinable }: Making & Pick<Decision, "todo" | "isJoinable">,
  columns: Columns,
): Promise<Scope> {
  const making = { unit, how, parameters, table: STAGE, columns };
  switch (todo.kind) {
    case "intervals":
      await makeIntervals(tx, { ...making, ranges: todo.ranges, isJoinable });
      return { kind: "intervals", ranges: todo.ranges };
    case "keys": {
      const lists = await listKeys(tx, how.mode === "merge" ? how.key : how.by, todo.affected);
      const scope = { kind: "keys" as const, lists };
      await makeRows(tx, { ...making, where: inKeys(lists) });
      return scope;
    }
    case "whole":
      await makeRows(tx, { ...making, where: null });
      return { kind: "all" };
    case "since":
      await makeRows(tx, { ...making, where: null, sinceMs: todo.sinceMs });
      return { kind: "given", ...(await keysGiven(tx, how)) };
    case "rebuild":
    case "nothing":
      throw new Error(`${todo.kind} changes no table in place`);
    default:
      return todo satisfies never;
  }
}

/** Checks may take rows out of the new ones; what stood under their keys goes all the same. */
async function keysGiven(tx: Session, { mode, key, by }: IncrementBuild["how"]): Promise<{ readonly keys?: string }> {
  if (mode !== "merge" && mode !== "partition") return {};
  const names = (mode === "merge" ? key : by).map((name) => ident(name)).join(", ");
  await tx.run(`create or replace temp table ${GIVEN} as select distinct ${names} from ${STAGE}`);
  return { keys: GIVEN };
}

/** Are the rows that would go those that would come? Their number and two sums of 64 bits tell. */
async function isSame(tx: Session, { columns, how, stage }: ApplyRequest, gone: string): Promise<boolean> {
  const closed = how.deletes === "close" && how.mode === "merge" ? [CLOSED_COLUMN] : [];
  const cells = [...columns.map(({ name }) => name), ...closed].map((name) => ident(name)).join(", ");
  const digest = (rows: string): string =>
    `select count(*) as n, sum(hash(${cells})::hugeint)::varchar as a, bit_xor(hash(1, ${cells}))::varchar as b from ${rows}`;
  return JSON.stringify(await tx.row<object>(digest(gone))) === JSON.stringify(await tx.row<object>(digest(stage)));
}

/** Records that earlier builds set aside of the rows that were made again. */
function recordsIn({ asset, how, columns, scope, stage }: ApplyRequest): string {
  if (scope.kind === "all") return "true";
  if (how.mode === "append") return "false";
  const wanted = how.mode === "merge" ? how.key : how.by;
  const cells = columns
    .filter(({ name }) => wanted.some((each) => each.toLowerCase() === name.toLowerCase()))
    .map(
      ({ name, type }) =>
        `try_cast(json_extract_string("row", ${literal(`$."${name.replaceAll('"', String.raw`\"`)}"`)}) as ${type}) as ${ident(name)}`,
    );
  const records = `(select id, rowid, ${cells.join(", ")} from _millrace.quarantine where asset = ${literal(asset)} and status = 'open')`;
  return `id in (select id from ${records} r where ${removedRows({ asset, how, columns, scope, stage, table: records })
    .map((where) => `(${where})`)
    .join(" or ")})`;
}
