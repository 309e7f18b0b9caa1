// Rows that an incremental or snapshot model holds before it is built: published as the version that readers see, by the code that publishes any other.
import type { AskedIncrement } from "../../load/build-port.ts";
import { CLOSED_COLUMN, incrementalOf } from "../../model/incremental.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ModelNode } from "../../model/graph.ts";
import type { CompiledColumn } from "../../sql/compile/types.ts";
import { assetView, HIDDEN_COLUMNS, physicalName, physicalTable, publish } from "../../sql/ledger/publish.ts";
import { parametersOf } from "../../sql/syntax/copy.ts";
import type { Lane } from "./lane.ts";
import { declaredTypes } from "./columns.ts";
import { makeTable } from "./fixture.ts";
import type { FixtureRequest } from "./fixture-request.ts";
import type { PreparedTest } from "./prepare.ts";
import type { RowSet } from "./rows.ts";

const ORIGIN_TYPES: Readonly<Record<string, string>> = { _load: "varchar", _file: "varchar", _line: "bigint" };

/** The table that holds them, wherever it stands. */
export function existingTable(prepared: PreparedTest, node: ModelNode, columns: readonly CompiledColumn[] | undefined): FixtureRequest {
  const closes = node.spec.materialize === "incremental" && incrementalOf(node.spec)?.deletes === "close";
  const own = columns !== undefined && closes ? [...columns, { name: CLOSED_COLUMN, type: "TIMESTAMP" }] : columns;
  const rows = prepared.existing ?? nothing(prepared);
  return { asset: node.id, table: assetView(node.id), rows, columns: own, declared: declaredTypes(node.spec.columns) };
}

/** Does the model hold rows? An interval that is built alone needs something that it is put into. */
export function isHolding(prepared: PreparedTest): boolean {
  const { node, test, existing } = prepared;
  if (node.kind !== "model") return false;
  const isPart = askedOf(prepared)?.kind !== "whole" && test.spec.start !== undefined;
  return existing !== undefined || (node.spec.materialize === "incremental" && isPart);
}

/** `codeHash`: that of the build that follows, as if the rows had been made by the same code. @throws what is wrong with the rows. */
export async function publishExisting(lane: Lane, request: FixtureRequest, codeHash: string): Promise<void> {
  const { asset } = request;
  const physical = physicalName(asset, "existing");
  const table = physicalTable(physical);
  await lane.warehouse.transaction(async (tx) => {
    await makeTable(tx, { ...request, table });
    for (const name of HIDDEN_COLUMNS) await tx.run(`alter table ${table} add column ${name} ${ORIGIN_TYPES[name]!}`);
    const found = await tx.row<{ n: number }>(`select count(*) as n from ${table}`);
    await publish(tx, {
      asset,
      body: { kind: "table", physical, hidden: HIDDEN_COLUMNS },
      version: "existing",
      codeHash,
      inputs: {},
      rows: found?.n ?? 0,
      token: { run: "existing", node: asset, attempt: 1 },
      result: null,
    });
  });
}

/** No rows. */
export function nothing({ locate }: PreparedTest): RowSet {
  return { kind: "values", rows: [], columns: [], types: {}, place: () => locate(["model"]) };
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
