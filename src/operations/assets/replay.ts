// `replay`: builds an asset again from what its loads received and the raw zone kept, by the definition of today, without asking the source.
import type { ReplayAnswer } from "../../model/act-answers.ts";
import type { RunSummaryAnswer } from "../../model/answers.ts";
import { MillraceError, messageOf } from "../../model/errors.ts";
import type { ExtractNode, ProjectNode, SourceNode } from "../../model/graph.ts";
import type { RunProgress } from "../../model/progress.ts";
import { loadModeOf } from "../../load/memory.ts";
import { type Chain, readChain } from "../../load/raw/chain.ts";
import { ownerOf, readLiveVersion } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { literal } from "../../sql/text.ts";
import { keepInside } from "../access/expressions.ts";
import { findAsset } from "./assets.ts";
import type { Replay } from "./replay-port.ts";
import { runOperation } from "../runs/run.ts";
import { keyToChange } from "../environments/keys.ts";
import type { Workspace } from "../workspace.ts";

export interface ReplayRequest {
  readonly asset: string;
  readonly loads?: readonly string[];
  /** A condition on the asset's rows. */
  readonly where?: string;
  /** A range of partitions, both ends included. */
  readonly partitions?: { readonly from: string; readonly to: string };
}

type Observe = (progress: RunProgress) => void;

/** `tell` is called before the run. @throws MR6102, MR8301 never built, MR8308 nothing was received, MR8312 nothing fits, MR4301, MR4302, MR4304. */
const BECAUSE = "millrace replay";

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
  const node = project.nodes.find((each) => each.id === asset)!;
  const { partitions } = request;
  const range = partitions === undefined ? {} : { partition: `${partitions.from}..${partitions.to}` };
  if (!isSource(node) || (partitions !== undefined && node.spec.partition === undefined)) {
    if (partitions === undefined && isHistory(node)) return replayHistory(workspace, request, observe, tell, asset);
    if (partitions === undefined) throw madeOfOthers(asset);
    const told: ReplayAnswer = { type: "replay", asset, partitions, files: [], rows: 0 };
    return runOperation(workspace, { select: asset, ...range, fullRefresh: true, because: BECAUSE }, (event) => {
      if (event.type === "run") tell(told);
      observe(event);
    });
  }
  const warehouse = await workspace.warehouse();
  await keepInside(warehouse, [request.where]);
  const told = await warehouse.session(async (session) => {
    const key = await keyToChange(session, asset);
    return chosen(session, key, request, await readChain(session, key, loadModeOf(node.spec)));
  });
  const replay: Replay = { asset };
  tell({ type: "replay", asset, ...(partitions === undefined ? {} : { partitions }), ...told });
  return runOperation(workspace, { select: asset, ...range, fullRefresh: true, because: BECAUSE, replay }, observe);
}

/** A snapshot model is made again of the loads of the source that it reads. */
function isHistory(node: ProjectNode): boolean {
  return node.kind === "model" && node.spec.materialize === "snapshot";
}

async function replayHistory(
  workspace: Workspace,
  { loads, where }: ReplayRequest,
  observe: Observe,
  tell: (replay: ReplayAnswer) => void,
  asset: string,
): Promise<RunSummaryAnswer> {
  if (loads !== undefined || where !== undefined)
    throw new MillraceError({
      code: "MR8308",
      message: `the history of ${asset} is made again as a whole`,
      hint: `millrace replay ${asset}`,
    });
  const warehouse = await workspace.warehouse();
  const received = await warehouse.session((session) => loadsBehind(session, asset));
  tell({
    type: "replay",
    asset,
    files: [],
    loads: received.map(({ load }) => load),
    rows: received.reduce((sum, { rows: own }) => sum + own, 0),
  });
  return runOperation(workspace, { select: asset, fullRefresh: true, because: BECAUSE, replay: { asset } }, observe);
}

/** The loads of what a history was made of. @throws MR8301. */
async function loadsBehind(session: Session, asset: string): Promise<readonly { readonly load: string; readonly rows: number }[]> {
  const live = await readLiveVersion(session, asset);
  if (live === undefined)
    throw new MillraceError({ code: "MR8301", message: `${asset} was never built`, hint: `millrace run --select '+${asset}'` });
  const sources = await Promise.all(Object.keys(live.inputs).map((input) => ownerOf(session, input)));
  return session.rows<{ load: string; rows: number }>(
    `select load, rows_loaded as "rows" from _millrace.loads
     where list_contains(from_json($1, '["varchar"]'), asset) and status = 'loaded' order by "at", load`,
    [JSON.stringify(sources)],
  );
}

function isSource(node: ProjectNode): node is SourceNode | ExtractNode {
  return node.kind === "source" || node.kind === "extract";
}

function madeOfOthers(asset: string): MillraceError {
  return new MillraceError({
    code: "MR8308",
    message: `${asset} is made of other assets; it is built again, not loaded again`,
    hint: `millrace run --full-refresh --select ${asset}`,
  });
}

/** What stands in the asset of the loads that were named, or of those that hold rows of the condition. All loads are carried out again, in their order. */
async function chosen(
  session: Session,
  asset: string,
  { loads, where }: ReplayRequest,
  { links }: Chain,
): Promise<Pick<ReplayAnswer, "files" | "rows" | "loads">> {
  const all = links.map(({ load }) => load);
  const named = loads === undefined ? all : all.filter((load) => loads.includes(load));
  const picked =
    where === undefined ? "" : `and (load, file) in (select (_load, _file) from _millrace.rows(${literal(asset)}) where (${where}))`;
  const files = await session
    .rows<{ file: string; load: string; rows: number }>(
      `select file, load, rows_loaded as "rows" from _millrace.files where asset = $1 and status in ('loaded', 'replaced')
         and list_contains(from_json($2, '["varchar"]'), load) ${picked} order by file, load`,
      [asset, JSON.stringify(named)],
    )
    .catch((error: unknown) => {
      if (where === undefined) throw error;
      throw new MillraceError({ code: "MR7001", message: `--where ${where}: ${messageOf(error).split("\n", 1)[0]}`, cause: error });
    });
  if (files.length === 0 && (named.length === 0 || where !== undefined))
    throw new MillraceError({
      code: "MR8312",
      message: `no load of ${asset} as it stands fits`,
      hint: `\`millrace history ${asset}\` lists its loads`,
    });
  return {
    loads: where === undefined ? named : [...new Set(files.map(({ load }) => load))],
    files: [...new Set(files.map(({ file }) => file))],
    rows: files.reduce((total, { rows }) => total + rows, 0),
  };
}
