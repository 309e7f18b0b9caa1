// layout: the rows of a table lie in an order, so that a filter on it reads the row groups that can hold such rows and no others. The order is no part of what
// a model is: when only it changes, the same rows are written again in the new one, under the same version, and nothing downstream is built.
import { splitLedgerAsset } from "../model/environment.ts";
import { layoutColumns } from "../model/kept.ts";
import { didYouMean } from "../model/suggest.ts";
import { MillraceError } from "../model/errors.ts";
import type { BuildResult } from "../load/build-port.ts";
import { layoutMark, readLayoutMarks } from "../sql/ledger/layout-mark.ts";
import { describeRelation, keepVersion, type LiveVersion, physicalName, physicalTable, showBody } from "../sql/ledger/publish.ts";
import type { Session } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";
import { withInterrupt } from "./commit.ts";
import { hash } from "./hash.ts";
import type { ModelRequest } from "./materialization.ts";
import { createTableAs, isTemporary } from "./statement.ts";

/** Rows on their way into an ordered table. */
export const UNSORTED = 'temp.main."_millrace_unsorted"';

/** As `createTableAs`, with the rows in the order that the front matter asks for. @throws MR4604, MR4607, MR4640. */
export async function createLaidOut(
  session: Session,
  table: string,
  { unit, spec }: Pick<ModelRequest, "unit" | "spec">,
  parameters: ModelRequest["parameters"],
): Promise<number> {
  const by = layoutColumns(spec.layout);
  if (by.length === 0) return createTableAs(session, table, unit, parameters);
  const rows = await createTableAs(session, UNSORTED, unit, parameters);
  await writeSorted(session, { asset: unit.id, from: UNSORTED, table, by });
  await session.run(`drop table ${UNSORTED}`);
  return rows;
}

interface Sorting {
  readonly asset: string;
  readonly from: string;
  readonly table: string;
  readonly by: readonly string[];
}

/** The rows of a table in a new one, ordered. @throws MR4640. */
export async function writeSorted(session: Session, { asset, from, table, by }: Sorting): Promise<void> {
  const names = (await describeRelation(session, from)).map(({ name }) => name);
  const missing = by.find((column) => !names.some((name) => name.toLowerCase() === column.toLowerCase()));
  if (missing !== undefined)
    throw new MillraceError({
      code: "MR4640",
      message: `${asset}: layout names ${missing}, which is no column of its query`,
      hint: didYouMean(missing, names) ?? `there are ${names.join(", ")}`,
    });
  const order = by.map((name) => `${ident(name)} nulls last`).join(", ");
  await session.run(`create ${isTemporary(table) ? "or replace temp " : ""}table ${table} as select * from ${from} order by ${order}`);
  if (!isTemporary(table)) await session.run(`comment on table ${table} is ${literal(layoutMark(by))}`);
}

/** The same rows in another order, when the front matter asks for one that the live table has not; undefined when it has it. */
export async function layOutAnew(request: ModelRequest, live: LiveVersion): Promise<BuildResult | undefined> {
  const { unit, spec, token, warehouse } = request;
  const by = layoutColumns(spec.layout);
  const { physical } = live;
  if (by.length === 0 || physical === null || live.asset !== unit.id) return undefined;
  const marks = await warehouse.session((session) => readLayoutMarks(session));
  if (marks.get(physical) === layoutMark(by)) return undefined;
  const next = physicalName(unit.id, hash(token.run, token.node, token.attempt));
  return withInterrupt(request, async (tx) => {
    await writeSorted(tx, { asset: splitLedgerAsset(unit.id).asset, from: physicalTable(physical), table: physicalTable(next), by });
    await showBody(tx, unit.id, { kind: "table", physical: next, hidden: live.hidden });
    await tx.run("update _millrace.versions set physical = $2 where physical = $1", [physical, next]);
    await tx.run(`drop table ${physicalTable(physical)}`);
    const notes = [`the same rows, ordered by ${by.join(", ")}`];
    const result: BuildResult = { version: live.version, reused: false, rows: live.rows, quarantined: 0, checks: [], notes };
    await keepVersion(tx, token, unit.id, live.version, result);
    return result;
  });
}
