// What stands in a lane before a model is built: the tables that it reads, and the rows that it holds.
import { combineErrors, MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { assetView } from "../../sql/ledger/publish.ts";
import { ident } from "../../sql/text.ts";
import { declaredTypes } from "./columns.ts";
import { existingTable, isHolding, nothing, publishExisting } from "./existing.ts";
import { planTable, showRows } from "./fixture.ts";
import type { FixtureRequest, TablePlan } from "./fixture-request.ts";
import type { Lane } from "./lane.ts";
import type { PreparedTest } from "./prepare.ts";
import type { RowSet } from "./rows.ts";
import type { TestWorld } from "./world.ts";

/** Empties the lane and makes the tables of the test; `quick`: with that of the model, where it holds rows. @throws all that is wrong with its rows, in one. */
export async function makeInputs(world: TestWorld, lane: Lane, prepared: PreparedTest, way: "quick" | "run"): Promise<void> {
  const { node, between, given, empty, test } = prepared;
  const cleaning = await lane.cleaning(test.spec.now ?? null);
  const built = [node, ...between];
  const texts = built.flatMap((each) => (each.kind === "model" ? [each.sql.toLowerCase()] : []));
  if (texts.some((text) => text.includes("millrace."))) await lane.addFunctions(world.project);
  const all = [...given, ...empty.map((asset): [NodeId, RowSet] => [asset, nothing(prepared)])];
  const ids = [...built.map(({ id }) => id), ...all.map(([id]) => id)];
  const schemas = [...new Set(ids.map((id) => id.slice(0, id.indexOf("."))))].filter((schema) => schema !== "main");
  const mains = ids.filter((id) => id.startsWith("main."));
  lane.leaves({ drops: schemas.map((schema) => `drop schema if exists ${ident(schema)} cascade`) });
  // A table or a view, whichever was made there.
  if (mains.length > 0) lane.leaves("ledger");
  await lane.warehouse.session(async (session) => {
    const errors: MillraceError[] = [];
    const plans: TablePlan[] = [];
    const requests = all.map(([asset, rows]): FixtureRequest => {
      const read = world.graph.nodes.get(asset);
      const spec = read !== undefined && "spec" in read && "columns" in read.spec ? read.spec.columns : undefined;
      return { asset, table: assetView(asset), rows, columns: world.columnsOf(asset), declared: declaredTypes(spec) };
    });
    const held = way === "quick" && node.kind === "model" && isHolding(prepared);
    if (held) requests.push(existingTable(prepared, node, world.columnsOf(node.id)));
    for (const request of requests) {
      try {
        plans.push(await planTable(session, request));
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        errors.push(...(error.errors.length > 0 ? error.errors : [error]));
      }
    }
    const statements = [...cleaning, ...schemas.map((schema) => `create schema ${ident(schema)}`), ...plans.map((plan) => plan.statements)];
    await session.run(statements.join(";\n")).catch(async (thrown: unknown) => {
      lane.leaves("ledger");
      for (const plan of plans) {
        const error = await plan.explain(session);
        if (error !== undefined) errors.push(...(error.errors.length > 0 ? error.errors : [error]));
      }
      if (errors.length === 0) throw thrown;
    });
    if (errors.length > 0) throw combineErrors("MR1001", errors);
    if (texts.some((text) => text.includes("_millrace"))) {
      lane.leaves("ledger");
      for (const [asset] of all) await showRows(session, asset);
    }
  });
}

/** The rows that the model holds. */
export async function holdExisting(world: TestWorld, lane: Lane, prepared: PreparedTest, codeHash: string): Promise<void> {
  const { node } = prepared;
  if (node.kind !== "model" || !isHolding(prepared)) return;
  lane.leaves("ledger");
  await publishExisting(lane, existingTable(prepared, node, world.columnsOf(node.id)), codeHash);
}
