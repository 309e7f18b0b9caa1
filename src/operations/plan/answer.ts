// The whole answer of `plan`: what a run would do, what changed in the definitions and why, what it costs, and what that would break.
import type { PlanAnswer } from "../../model/answers.ts";
import type { DiffAnswer } from "../../model/diff-answers.ts";
import type { NodeId } from "../../model/graph.ts";
import { splitNodeId } from "../../model/partition.ts";
import { keyOf } from "../../plan/partitions/space.ts";
import { select } from "../../plan/selection.ts";
import type { Workspace } from "../workspace.ts";
import { changesOf } from "./changes.ts";
import { costOf } from "./cost.ts";
import { planAnswer, planOperation, type Planned, type PlanRequest } from "./plan.ts";
import { schemaPlan } from "./schema.ts";
import { withWays } from "./ways.ts";

export interface PlanAnswerRequest extends PlanRequest {
  /** An environment or a git ref; default: what readers of this environment see. */
  readonly against?: string;
  /** Assets whose new rows are computed beside those that readers see, and compared. */
  readonly data?: readonly string[];
}

/** @throws as planOperation; MR8805, MR8806, MR8807 for `against`. */
export async function answerPlan(workspace: Workspace, request: PlanAnswerRequest): Promise<PlanAnswer> {
  return answerOf(workspace, await planOperation(workspace, request), request);
}

export async function answerOf(
  workspace: Workspace,
  planned: Planned,
  { against, data = [], ...request }: PlanAnswerRequest,
): Promise<PlanAnswer> {
  const { definitions, plan, notes } = planned;
  const environment = (await workspace.environment()).name;
  const selected = selectionOf(planned, request);
  const changes = await changesOf(workspace, { definitions, environment, against, selected });
  const answer = planAnswer(planned);
  return {
    ...answer,
    nodes: withChanges(await withWays(workspace, planned, answer.nodes), changes.assets, against === undefined),
    schema: await schemaPlan(workspace, planned),
    changes,
    cost: await costOf(workspace, plan.nodes),
    intervals: intervalsOf(planned),
    ...(data.length === 0 ? {} : { data: await previews(workspace, planned, data) }),
    notes: notes.map(({ asset, message }) => (asset === "" ? message : `${asset} ${message}`)),
  };
}

/** undefined: everything, and with it what is gone. */
function selectionOf({ definitions: { graph }, plan }: Planned, request: PlanRequest): ReadonlySet<NodeId> | undefined {
  if (request.select !== undefined) return new Set(select(graph, request.select));
  if (request.job === undefined) return undefined;
  return new Set(plan.nodes.map(({ id, partition }) => (partition === undefined ? id : splitNodeId(id).asset)));
}

/** What the comparison of the definitions knows better than the hashes of the code. */
function withChanges(
  nodes: PlanAnswer["nodes"],
  changes: NonNullable<PlanAnswer["changes"]>["assets"],
  isOfLive: boolean,
): PlanAnswer["nodes"] {
  if (!isOfLive) return nodes;
  const known = new Map(changes.map((change) => [change.asset, change.change]));
  return nodes.map((node) => {
    const change = known.get(node.asset);
    const isTold = change === "breaking" || change === "nonBreaking";
    return isTold && (node.change === "breaking" || node.change === "nonBreaking") ? { ...node, change } : node;
  });
}

async function previews(workspace: Workspace, planned: Planned, assets: readonly string[]): Promise<readonly DiffAnswer[]> {
  const { previewAsset } = await import("../diff/preview.ts");
  const answers: DiffAnswer[] = [];
  for (const asset of assets) answers.push(await previewAsset(workspace, planned, asset));
  return answers;
}

function intervalsOf({ chosen }: Planned): NonNullable<PlanAnswer["intervals"]> {
  return [...chosen].flatMap(([asset, { asset: own, parts }]) => {
    const [first, last] = [parts[0], parts.at(-1)];
    if (first === undefined || last === undefined) return [];
    return [{ asset, from: keyOf(own.space, first), to: keyOf(own.space, last), count: parts.length }];
  });
}
