// Rows that an incremental or snapshot model holds before it is built: published as the version that readers see, by the code that publishes any other.
import type { AskedIncrement } from "../../load/build-port.ts";
import { CLOSED_COLUMN, incrementalOf } from "../../model/incremental.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ModelNode } from "../../model/graph.ts";
import type { CompiledColumn } from "../../sql/compile/types.ts";
import { HIDDEN_COLUMNS, physicalName, physicalTable, publish } from "../../sql/ledger/publish.ts";
import { parametersOf } from "../../sql/syntax/copy.ts";
import type { Lane } from "./lane.ts";
import { declaredTypes } from "./columns.ts";
import { makeTable } from "./fixture.ts";
import type { PreparedTest } from "./prepare.ts";
import type { RowSet } from "./rows.ts";

const ORIGIN_TYPES: Readonly<Record<string, string>> = { _load: "varchar", _file: "varchar", _line: "bigint" };

export interface ExistingRequest {
  readonly node: ModelNode;
  readonly rows: RowSet;
  readonly columns: readonly CompiledColumn[] | undefined;
  /** That of the build that follows: the rows were made by the same code. */
  readonly codeHash: string;
}

/** @throws what is wrong with the rows. */
export async function publishExisting(lane: Lane, { node, rows, columns, codeHash }: ExistingRequest): Promise<void> {
  const physical = physicalName(node.id, "existing");
  const table = physicalTable(physical);
  const closes = node.spec.materialize === "incremental" && incrementalOf(node.spec)?.deletes === "close";
  const own = columns !== undefined && closes ? [...columns, { name: CLOSED_COLUMN, type: "TIMESTAMP" }] : columns;
  await lane.warehouse.transaction(async (tx) => {
    await makeTable(tx, { asset: node.id, table, rows, columns: own, declared: declaredTypes(node.spec.columns) });
    for (const name of HIDDEN_COLUMNS) await tx.run(`alter table ${table} add column ${name} ${ORIGIN_TYPES[name]!}`);
    const found = await tx.row<{ n: number }>(`select count(*) as n from ${table}`);
    await publish(tx, {
      asset: node.id,
      body: { kind: "table", physical, hidden: HIDDEN_COLUMNS },
      version: "existing",
      codeHash,
      inputs: {},
      rows: found?.n ?? 0,
      token: { run: "existing", node: node.id, attempt: 1 },
      result: null,
    });
  });
}

/** What of an incremental model the test has built: its interval, what is new since `start`, or the whole query. @throws MR8908 */
export function askedOf({ node, test, locate }: PreparedTest): AskedIncrement | undefined {
  if (node.kind !== "model" || node.spec.materialize !== "incremental") return undefined;
  const { start, end, existing } = test.spec;
  const how = incrementalOf(node.spec);
  if (how?.mode === "time") {
    if (start !== undefined && end !== undefined) return { kind: "interval", startMs: Date.parse(start), endMs: Date.parse(end) };
    if (existing === undefined && start === undefined && end === undefined) return { kind: "whole" };
    const location = locate([start === undefined ? "model" : "start"]);
    const hint = "start: and end: are the bounds of the interval; without `existing` and both of them all rows are built";
    throw new MillraceError({
      code: "MR8908",
      message: `${node.id} is built by intervals, and this one has no ${start === undefined ? "start" : "end"}`,
      hint,
      location,
    });
  }
  const isSince = parametersOf(node.sql).some((name) => name === "start" || name === "end");
  return isSince || how?.mode === "append" ? { kind: "since", sinceMs: start === undefined ? null : Date.parse(start) } : { kind: "whole" };
}
