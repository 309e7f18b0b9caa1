// An incremental or snapshot model in a plain table of the caller's, by the code that a build makes and applies its rows with: no ledger, no version, no
// publication. Unit tests that pass need no more.
import type { AskedIncrement } from "../load/build-port.ts";
import { incrementalOf } from "../model/incremental.ts";
import type { ModelNode } from "../model/graph.ts";
import { describeRelation } from "../sql/ledger/publish.ts";
import type { Session } from "../sql/session.ts";
import { applyIncrement, prepareStage, timeColumn } from "./incremental/apply.ts";
import { makeStage, STAGE } from "./incremental/change.ts";
import type { Todo } from "./incremental/deciding.ts";
import type { Columns, Making } from "./incremental/made.ts";
import { makeAll } from "./incremental/rebuild.ts";
import { applySnapshot, SNAPSHOT_DEFAULT, shapeSnapshot } from "./snapshot/apply.ts";
import { createTableAs } from "./statement.ts";

export interface PlainRequest {
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Qualified and quoted. It is made here, unless it `holds` rows that the model had before. */
  readonly table: string;
  readonly holds: boolean;
  /** Of an incremental model: what its query gives. */
  readonly columns: Columns;
  /** What of an incremental model is made, laid over what the table holds. */
  readonly asked: AskedIncrement;
  /** Takes rows out of a table: what checks set aside. */
  aside(this: void, table: string): Promise<void>;
}

const SNAPSHOT = 'temp.main."_millrace_snapshot"';

/** Makes the model's rows. @throws what a build throws for them. */
export async function buildPlain(session: Session, node: ModelNode, request: PlainRequest): Promise<void> {
  const how = node.spec.materialize === "incremental" ? incrementalOf(node.spec) : undefined;
  if (how === undefined) await buildSnapshot(session, node, request);
  else await buildIncrement(session, { unit: node, how, parameters: request.parameters }, request);
}

async function buildIncrement(session: Session, making: Making, { table, holds, columns, asked, aside }: PlainRequest): Promise<void> {
  const { unit, how } = making;
  if (how.mode === "time") timeColumn(unit.id, columns, how);
  const about = { asset: unit.id, how, table, columns };
  if (!holds) {
    await makeAll(session, { ...making, table, columns, isJoinable: true, todo: { kind: "rebuild", ranges: null } });
    await prepareStage(session, { ...about, stage: table, scope: { kind: "all" } });
    return aside(table);
  }
  const scope = await makeStage(session, { ...making, todo: todoOf(asked), isJoinable: true }, columns);
  const apply = { ...about, stage: STAGE, scope };
  await prepareStage(session, apply);
  await aside(STAGE);
  await applyIncrement(session, apply);
}

function todoOf(asked: AskedIncrement): Todo {
  return asked.kind === "interval" ? { kind: "intervals", ranges: [asked] } : asked;
}

async function buildSnapshot(session: Session, node: ModelNode, { table, holds, parameters, aside }: PlainRequest): Promise<void> {
  const asset = node.id;
  await createTableAs(session, SNAPSHOT, node, parameters);
  if (!holds)
    await shapeSnapshot(session, { asset, table, existing: null, columns: await describeRelation(session, SNAPSHOT), hidden: [] });
  const { now } = parameters;
  await applySnapshot(session, {
    asset,
    table,
    rows: SNAPSHOT,
    keys: [node.spec.key ?? []].flat(),
    spec: node.spec.snapshot ?? SNAPSHOT_DEFAULT,
    now: now instanceof Date ? now : new Date(),
  });
  await aside(table);
}
