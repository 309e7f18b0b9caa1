// Runs of the assets that a selection names.
import type { RunsAnswer } from "../../model/answers.ts";
import { listAssets } from "../assets/assets.ts";
import type { Workspace } from "../workspace.ts";
import { listRuns, type RunsRequest } from "./runs.ts";

export interface SelectedRunsRequest extends Omit<RunsRequest, "among"> {
  /** Runs that had a part for one of its assets. */
  readonly select?: string;
}

/** @throws MR2020, MR2021 for the selection */
export async function selectRuns(workspace: Workspace, { select, ...request }: SelectedRunsRequest): Promise<RunsAnswer> {
  if (select === undefined) return listRuns(workspace, request);
  const { assets } = await listAssets(workspace, { select });
  return listRuns(workspace, { ...request, among: new Set(assets.map(({ asset }) => asset)) });
}
