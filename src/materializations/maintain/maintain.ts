// Aggregates kept by what changed: `incremental: { mode: maintain }`. The groups are found in the plan; those whose rows changed are computed again from all
// their rows and take the place of what stood for them, by the same code as any incremental model with a key.
//   A1. Where the plan proves no groups, the whole is built as a table, and the reason says why.
//   A2. The result is that of a full build: a group is computed as a whole, never by adding to what stood.
import type { BuildResult } from "../../load/build-port.ts";
import { groupKeyOf } from "../../sql/lineage/group-key.ts";
import type { Session } from "../../sql/session.ts";
import { decideFor, incremental } from "../incremental/incremental.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import { defineMaterialization, type ModelRequest } from "../materialization.ts";
import { table } from "../table.ts";

type Asked = Pick<ModelRequest, "unit" | "spec" | "codeHash" | "inputs" | "parameters" | "fullRefresh" | "mayReuse" | "asked" | "macros">;

export const maintain = defineMaterialization({
  name: "maintain",
  summary: "Groups whose rows changed are computed again; the rest of the table stays.",
  async build(request) {
    const key = await request.warehouse.session((session) => keyOf(session, request));
    if ("none" in key) return noted(await table.build(request), `full: ${key.none}`);
    return noted(await incremental.build(byKey(request, key.names)), `maintained by ${key.names.join(", ")}`);
  },
});

/** What a build would do and why, for `plan`: `maintained by region: …`, or `full: window functions`. */
export async function explainMaintained(session: Session, request: Asked, live: ReadonlyMap<string, LiveVersion>): Promise<string> {
  const key = await keyOf(session, request);
  if ("none" in key) return `full: ${key.none}`;
  const { reason, todo } = await decideFor(session, byKey(request, key.names), live);
  const why = reason.replace(/^by key \([^)]*\): /, "");
  if (todo.kind === "rebuild" || todo.kind === "whole") return `full: ${why}`;
  return `maintained by ${key.names.join(", ")}: ${why}`;
}

/** As far as it is known before what it reads is built. */
export async function maintainedBy(session: Session, request: Asked): Promise<string> {
  const key = await keyOf(session, request);
  return "none" in key ? `full: ${key.none}` : `maintained by ${key.names.join(", ")}: the groups that its rows then touch`;
}

/** Names of the columns that tell a row of the result. A1. */
async function keyOf(
  session: Session,
  { unit, mayReuse, asked }: Asked,
): Promise<{ readonly names: readonly string[] } | { readonly none: string }> {
  if (asked !== undefined) return { none: "asked for as a whole" };
  if (mayReuse === false) return { none: "its result differs although nothing that it reads did" };
  const found = await groupKeyOf(session, unit.sql);
  if ("none" in found) return found;
  const statement = await session.connection.prepare(unit.sql).catch(() => undefined); // the build itself says what is wrong
  if (statement === undefined) return { none: "its SQL does not bind" };
  return { names: found.positions.map((position) => statement.columnName(position)) };
}

function byKey<Request extends Asked>(request: Request, key: readonly string[]): Request {
  const spec = { ...request.spec, key: [...key], incremental: { mode: "merge" as const } };
  return { ...request, spec };
}

function noted(result: BuildResult, note: string): BuildResult {
  return { ...result, notes: [...(result.notes ?? []), note] };
}
