// `replay`: loads again what an asset was made of: files of some loads, or those that hold the rows of a condition, read where they lie. What a server
// answered is not kept yet, so such an asset can only be asked for anew.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { ReplayAnswer } from "../model/act-answers.ts";
import type { RunSummaryAnswer } from "../model/answers.ts";
import { MillraceError, messageOf } from "../model/errors.ts";
import type { ProjectNode } from "../model/graph.ts";
import type { RunProgress } from "../model/progress.ts";
import { loadModeOf } from "../load/memory.ts";
import { noteChanged, type TakenFile, takenFiles } from "../load/replay.ts";
import { readLiveVersion } from "../sql/publish.ts";
import { findAsset } from "./assets.ts";
import { runOperation } from "./run.ts";
import type { Workspace } from "./workspace.ts";

export interface ReplayRequest {
  readonly asset: string;
  readonly loads?: readonly string[];
  /** A condition on the asset's rows. */
  readonly where?: string;
  /** A range of partitions, both ends included: built again whether they changed or not. */
  readonly partitions?: { readonly from: string; readonly to: string };
}

type Observe = (progress: RunProgress) => void;

/** `tell` is called once it is durable. @throws MR6102, MR8301 never built, MR8308 what is needed is not there, MR8312 nothing fits. */
export async function replayAsset(
  workspace: Workspace,
  request: ReplayRequest,
  observe: Observe,
  tell: (replay: ReplayAnswer) => void,
): Promise<RunSummaryAnswer> {
  const project = await workspace.projectWithWarehouse();
  const asset = findAsset(
    project.nodes.map((node) => node.id),
    request.asset,
  );
  if (request.partitions !== undefined) {
    const { from, to } = request.partitions;
    const told: ReplayAnswer = { type: "replay", asset, partitions: { from, to }, files: [], rows: 0 };
    return runOperation(workspace, { select: asset, partition: `${from}..${to}`, fullRefresh: true }, (event) => {
      if (event.type === "run") tell(told);
      observe(event);
    });
  }
  refuseWithoutFiles(project.nodes.find((node) => node.id === asset)!);
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLiveVersion(session, asset));
  if (live === undefined)
    throw new MillraceError({ code: "MR8301", message: `${asset} was never built`, hint: `millrace run --select ${asset}` });
  const files = await warehouse
    .session((session) => takenFiles(session, asset, request))
    .catch((error: unknown) => {
      if (request.where === undefined) throw error;
      throw new MillraceError({ code: "MR7001", message: `--where ${request.where}: ${messageOf(error).split("\n", 1)[0]}`, cause: error });
    });
  if (files.length === 0)
    throw new MillraceError({ code: "MR8312", message: `no file of ${asset} fits`, hint: `\`millrace history ${asset}\` lists its loads` });
  refuseGone(workspace, asset, files);
  await warehouse.transaction((tx) =>
    noteChanged(
      tx,
      asset,
      files.map(({ file }) => file),
    ),
  );
  tell({ type: "replay", asset, files: files.map(({ file }) => file), rows: files.reduce((total, { rows }) => total + rows, 0) });
  return runOperation(workspace, { select: asset }, observe);
}

function refuseWithoutFiles(node: ProjectNode): void {
  if (node.kind === "source" && node.connector === "files") {
    const mode = loadModeOf(node.spec);
    if (mode === "append" || mode === "merge") return;
    throw new MillraceError({
      code: "MR8308",
      message: `${node.id} is loaded by ${mode}: each load reads all of its files`,
      hint: `millrace run --full-refresh --select ${node.id}`,
    });
  }
  const message =
    node.kind === "source" || node.kind === "extract"
      ? `what ${node.id} received is not kept: its source can only be asked anew`
      : `${node.id} is made of other assets; it is built again, not loaded again`;
  throw new MillraceError({ code: "MR8308", message, hint: `millrace run --full-refresh --select ${node.id}` });
}

function refuseGone(workspace: Workspace, asset: string, files: readonly TakenFile[]): void {
  const gone = files.filter(({ file }) => !existsSync(resolve(workspace.dir, file.split("!")[0]!)));
  if (gone.length === 0) return;
  throw new MillraceError({
    code: "MR8308",
    message: `${gone.length} of ${files.length} files of ${asset} are no longer there: ${gone
      .slice(0, 5)
      .map(({ file }) => file)
      .join(", ")}`,
    hint: "what was received is not kept by this version; nothing was changed",
  });
}
