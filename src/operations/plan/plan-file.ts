// `plan --out`: a plan as a file, and reading one again.
import type { PlanAnswer } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { splitNodeId } from "../../model/partition.ts";
import { PLAN_FILE_VERSION, type PlanFile, type PlanRests, planFile as planFileSpec } from "../../model/plan-file.ts";
import { version } from "../../model/version.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import type { Workspace } from "../workspace.ts";
import { answerOf, type PlanAnswerRequest } from "./answer.ts";
import { planOperation, type Planned, statesOf } from "./plan.ts";
import { canonical, digest } from "./snapshot.ts";

export interface KeptPlan {
  readonly text: string;
  readonly answer: PlanAnswer;
}

/** @throws as planOperation and `plan --against` */
export async function keepPlan(workspace: Workspace, request: PlanAnswerRequest): Promise<KeptPlan> {
  const planned = await planOperation(workspace, request);
  const answer = await answerOf(workspace, planned, request);
  const { against: _against, ...asked } = request;
  const file: Omit<PlanFile, "hash"> = {
    v: PLAN_FILE_VERSION,
    kind: "millrace-plan",
    millrace: version,
    project: (await workspace.project()).name,
    environment: (await workspace.environment()).name,
    request: requestOf(asked),
    nodes: planned.plan.nodes.map(({ id, action, reason, change }) => ({ id, action, reason: workspace.redact(reason), change })),
    changes: (answer.changes?.assets ?? []).map(({ asset, change, reasons }) => ({
      asset,
      change,
      reasons: reasons.map(({ text }) => text),
    })),
    rests: await restsOf(workspace, planned),
  };
  return { text: `${canonical({ ...file, hash: digest(file) })}\n`, answer };
}

function requestOf(request: Omit<PlanAnswerRequest, "against">): PlanFile["request"] {
  const { job, select, partition, restate } = request;
  return {
    ...(job === undefined ? {} : { job }),
    ...(select === undefined ? {} : { select }),
    ...(partition === undefined ? {} : { partition }),
    ...(restate === undefined
      ? {}
      : { restate: { asset: restate.asset, from: restate.from, ...(restate.to === undefined ? {} : { to: restate.to }) } }),
    params: request.params ?? {},
    fullRefresh: request.fullRefresh ?? false,
    forwardOnly: request.forwardOnly ?? false,
  };
}

/** @throws MR8801 */
export function readPlan(text: string): PlanFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MillraceError({ code: "MR8801", message: "the plan is no JSON", cause });
  }
  const { v, kind } = (typeof value === "object" && value !== null ? value : {}) as { readonly v?: unknown; readonly kind?: unknown };
  if (kind !== "millrace-plan") throw new MillraceError({ code: "MR8801", message: "the file is no plan of millrace" });
  if (v !== PLAN_FILE_VERSION)
    throw new MillraceError({
      code: "MR8801",
      message: `the plan has format ${String(v)}; this version of millrace knows ${PLAN_FILE_VERSION}`,
    });
  const parsed = planFileSpec.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new MillraceError({
      code: "MR8801",
      message: `the plan is damaged: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim(),
    });
  }
  const { hash, ...rest } = parsed.data;
  if (digest(rest) !== hash) throw new MillraceError({ code: "MR8801", message: "the plan was changed after it was written" });
  return parsed.data;
}

/** Everything that a plan rests on: its nodes and what they read. */
export async function restsOf(workspace: Workspace, planned: Planned): Promise<PlanRests> {
  const { definitions, plan, sources, params } = planned;
  const { graph, checks } = definitions;
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const own = new Set(plan.nodes.map(({ id, partition }) => (partition === undefined ? id : splitNodeId(id).asset)));
  const read = new Set([...own].flatMap((id) => [...(graph.needs.get(id) ?? []), ...(graph.reads.get(id) ?? [])]));
  const assets = [...new Set([...own, ...read])].toSorted();
  const carried = new Map(plan.nodes.map((node) => [node.partition === undefined ? node.id : splitNodeId(node.id).asset, node]));
  const definition = (id: NodeId): string => {
    const { retry, timeoutMs, when, pools } = carried.get(id) ?? {};
    const audited = (checks.get(id) ?? []).map(({ location: _location, ...check }) => check);
    return digest({ code: graph.nodes.get(id)?.codeHash ?? "", checks: audited, retry, timeoutMs, when, pools });
  };
  const asked = assets.filter((id) => own.has(id) && graph.nodes.get(id)?.kind === "source");
  // A plan asks no source that was never loaded; one that is kept rests on what they have, too.
  const first = await statesOf(
    workspace,
    asked.filter((id) => !sources.has(id)).map((id) => graph.nodes.get(id)!),
    params,
  );
  return {
    definitions: Object.fromEntries([...own].toSorted().map((id) => [id, definition(id)])),
    versions: Object.fromEntries(assets.flatMap((id) => (id.startsWith("task:") ? [] : [[id, live.get(id)?.version ?? null]]))),
    sources: Object.fromEntries(asked.map((id) => [id, stateDigest(sources.get(id)?.token ?? first.get(id)?.token ?? null)])),
    params: digest(params),
  };
}

function stateDigest(token: string | null): string | null {
  return token === null ? null : digest(token);
}
