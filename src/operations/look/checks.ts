// All checks of the project with how they went for what readers see, and since when one has been failing; which assets have none.
import type { CompiledCheck } from "../../load/check.ts";
import type { NodeId } from "../../model/graph.ts";
import type { CheckListAnswer, ListedCheck } from "../../model/look-answers.ts";
import { select } from "../../plan/selection.ts";
import { type LiveVersion, readLive } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { checkResults, type CheckSummary } from "../assets/assets.ts";
import { defineProject } from "../plan/definitions.ts";
import type { Workspace } from "../workspace.ts";

/** Outcomes of earlier versions that are told of each check. */
const RECENT_MAX = 20;

export interface CheckListRequest {
  readonly select?: string;
}

interface PastVersion {
  readonly asset: string;
  readonly at: string;
  readonly checks: readonly CheckSummary[];
}

export async function listChecks(workspace: Workspace, { select: selection }: CheckListRequest): Promise<CheckListAnswer> {
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const { graph, checks } = await defineProject(workspace, { live, lineage: "tables", params: {} });
  const assets = select(graph, selection).filter((id) => !["task", "export"].includes(graph.nodes.get(id)!.kind));
  const past = await warehouse.session((session) => pastVersions(session, live));
  const listed = assets.flatMap((id) => (checks.get(id) ?? []).map((check) => listedCheck(id, check, live.get(id), past.get(id) ?? [])));
  const count = (status: string | null): number => listed.filter((check) => check.status === status).length;
  const unchecked = assets.filter((id) => (checks.get(id) ?? []).length === 0);
  return {
    checks: listed,
    unchecked,
    totals: {
      checks: listed.length,
      passed: count("passed"),
      warned: count("warned"),
      failed: count("failed"),
      unknown: count(null),
      assets: assets.length,
      checkedAssets: assets.length - unchecked.length,
    },
  };
}

/** Per asset its last versions that had checks, oldest first, in the environment of what readers see. */
async function pastVersions(
  session: Session,
  live: ReadonlyMap<NodeId, LiveVersion>,
): Promise<ReadonlyMap<NodeId, readonly PastVersion[]>> {
  const idOf = new Map([...live].map(([id, { asset }]) => [asset, id]));
  const rows = await session.rows<{ asset: string; at: string; checks: string }>(
    `select asset, "at", checks::varchar as checks from _millrace.versions where checks is not null and checks::varchar <> '[]'
     qualify row_number() over (partition by asset order by "at" desc) <= ${RECENT_MAX} order by asset, "at"`,
  );
  const past = new Map<NodeId, PastVersion[]>();
  for (const { asset, at, checks } of rows) {
    const id = idOf.get(asset);
    if (id === undefined) continue;
    past.set(id, [...(past.get(id) ?? []), { asset, at, checks: JSON.parse(checks) as readonly CheckSummary[] }]);
  }
  return past;
}

function listedCheck(
  asset: NodeId,
  { name, columns, severity, onFail }: CompiledCheck,
  version: LiveVersion | undefined,
  past: readonly PastVersion[],
): ListedCheck {
  const result = checkResults(version).find(({ check }) => check === name);
  const recent = past.flatMap(({ at, checks }) => {
    const own = checks.find(({ check }) => check === name);
    return own === undefined ? [] : [{ at, status: own.status, failing: own.failing }];
  });
  return {
    asset,
    check: name,
    columns,
    severity,
    onFail,
    status: (result?.status as ListedCheck["status"] | undefined) ?? null,
    failing: result?.failing ?? null,
    at: result === undefined ? null : (version?.at ?? null),
    since: sinceOf(recent),
    recent,
  };
}

function sinceOf(recent: ListedCheck["recent"]): string | null {
  const good = recent.findLastIndex(({ status }) => status === "passed");
  return recent[good + 1]?.at ?? null;
}
