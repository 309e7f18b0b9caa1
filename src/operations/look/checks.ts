// All checks of the project, or of some assets, with how they went last and since when one has been failing; which assets have none.
import type { CheckListAnswer, ListedCheck } from "../../model/look-answers.ts";
import type { QualityCheckAnswer } from "../../model/quality-answers.ts";
import { select } from "../../plan/selection.ts";
import { knownChecks } from "../quality/quality.ts";
import type { Workspace } from "../workspace.ts";

/** Earlier outcomes that are told of each check. */
const RECENT_MAX = 20;

export interface CheckListRequest {
  readonly select?: string;
}

export async function listChecks(workspace: Workspace, { select: selection }: CheckListRequest): Promise<CheckListAnswer> {
  const { nodes, checks, definitions } = await knownChecks(workspace);
  const chosen = new Set(select(definitions.graph, selection));
  const assets = nodes.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
  const listed = checks.filter(({ asset }) => chosen.has(asset)).map(listedCheck);
  const count = (status: string | null): number => listed.filter((check) => check.status === status).length;
  const checked = new Set(listed.map(({ asset }) => asset));
  const unchecked = assets.filter((id) => !checked.has(id));
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

function listedCheck({ asset, check, columns, severity, onFail, status, failing, at, since, history }: QualityCheckAnswer): ListedCheck {
  const recent = history.slice(-RECENT_MAX).map((result) => ({ at: result.at, status: result.status, failing: result.failing }));
  return { asset, check, columns, severity, onFail, status, failing, at, since, recent };
}
