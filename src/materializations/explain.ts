// How a model would be built now, and why, in words of its materialization: what `plan` says of those that do not always do the same.
import { incrementalOf } from "../model/incremental.ts";
import type { ModelNode } from "../model/graph.ts";
import type { LiveVersion } from "../sql/ledger/publish.ts";
import type { Session } from "../sql/session.ts";
import { modeText } from "./incremental/decide.ts";
import { decideFor } from "./incremental/incremental.ts";
import { explainMaintained, maintainedBy } from "./maintain/maintain.ts";
import type { ModelRequest } from "./materialization.ts";
import { SNAPSHOT_DEFAULT } from "./snapshot/apply.ts";

export interface ExplainRequest extends Pick<ModelRequest, "codeHash" | "inputs" | "parameters" | "fullRefresh" | "mayReuse" | "macros"> {
  readonly live: ReadonlyMap<string, LiveVersion>;
  /** What it reads is built before it: what that changes is known only then. */
  readonly isWaiting: boolean;
}

/** Null for a model that is always built in one way. Nothing is done. */
export async function explainModel(
  session: Session,
  node: ModelNode,
  { live, isWaiting, ...given }: ExplainRequest,
): Promise<string | null> {
  const { spec } = node;
  const request = { ...given, unit: node, spec };
  switch (spec.materialize) {
    case "incremental": {
      if (spec.incremental?.mode === "maintain")
        return isWaiting ? maintainedBy(session, request) : explainMaintained(session, request, live);
      const how = incrementalOf(spec);
      if (how === undefined) return null;
      if (node.engine !== undefined) return `${modeText(how)}: ${node.engine.name} tells what changed when it is built`;
      return isWaiting ? modeText(how) : (await decideFor(session, request, live)).reason;
    }
    case "snapshot": {
      const { by, updatedAt, columns = "all", deletes } = spec.snapshot ?? SNAPSHOT_DEFAULT;
      const what = by === "timestamp" ? `by timestamp (${updatedAt})` : `by columns (${[columns].flat().join(", ")})`;
      return `its history goes on ${what}${deletes === "ignore" ? ", deletes are ignored" : ""}`;
    }
    case "view":
    case "table":
    case "external":
      return null;
    default:
      return spec.materialize satisfies never;
  }
}
