// In which way the models of a plan are built, behind the reason why: intervals, groups, a history that goes on; or all of it, and why.
import type { PlanAnswer } from "../../model/answers.ts";
import type { ModelNode } from "../../model/graph.ts";
import { messageOf } from "../../model/errors.ts";
import type { Graph } from "../../plan/graph.ts";
import { macrosOf } from "../../sql/functions/macros.ts";
import { typedValues } from "../../sql/parameters.ts";
import { readInputs, readLive } from "../../sql/ledger/publish.ts";
import type { Workspace } from "../workspace.ts";
import { engineOf, readersHere, readsHere } from "./engines.ts";
import type { Planned } from "./plan.ts";

const MANY_WAYS: ReadonlySet<string> = new Set(["incremental", "snapshot"]);

/** Where a node is built that is not built in the warehouse, and what of it comes here. */
function withServer(graph: Graph, node: PlanAnswer["nodes"][number]): PlanAnswer["nodes"][number] {
  const defined = graph.nodes.get(node.asset);
  const use = defined === undefined || node.action !== "build" ? undefined : engineOf(defined);
  if (use === undefined) return node;
  const what = defined?.kind === "source" ? "it stays on" : "it is built on";
  const [reader] = readersHere(graph, node.asset);
  const copied = reader === undefined ? "" : `, and copied from there for ${reader}`;
  const here = readsHere(graph, node.asset);
  const brought = here.length === 0 ? "" : `; the rows of ${here.join(" and ")} are copied there`;
  return { ...node, reason: `${node.reason}; ${what} ${use.name} (${use.connection})${copied}${brought}` };
}

/** The nodes with what is known now of how each would be built. */
export async function withWays(
  workspace: Workspace,
  { definitions, plan, params }: Planned,
  nodes: PlanAnswer["nodes"],
): Promise<PlanAnswer["nodes"]> {
  const { graph, alwaysBuild, paramTypes } = definitions;
  const asked = nodes.flatMap(({ asset, action }) => {
    const node = graph.nodes.get(asset);
    return node?.kind === "model" && action === "build" && MANY_WAYS.has(node.spec.materialize) ? [node] : [];
  });
  const there = nodes.map((node) => withServer(graph, node));
  if (asked.length === 0) return there;
  const building = new Set(nodes.flatMap(({ asset, action }) => (action === "build" ? [asset] : [])));
  const parameters = { now: new Date(), param: typedValues(paramTypes, params) };
  const macros = macrosOf(await workspace.project());
  const warehouse = await workspace.warehouse();
  return warehouse.session(async (session) => {
    const live = await readLive(session);
    const ways = new Map<string, string>();
    const explain = async (node: ModelNode): Promise<string | null> => {
      const needs = graph.needs.get(node.id) ?? [];
      return workspace.parts.explainModel(session, node, {
        codeHash: node.codeHash,
        inputs: await readInputs(session, needs),
        parameters,
        macros,
        fullRefresh: plan.nodes.some(({ id, reason }) => id === node.id && reason.includes("--full-refresh")),
        mayReuse: !alwaysBuild.has(node.id),
        live,
        isWaiting: needs.some((need) => building.has(need)),
      });
    };
    for (const node of asked) {
      const way = await explain(node).catch((error: unknown) => `how is known when it is built (${messageOf(error).split("\n", 1)[0]})`);
      if (way !== null) ways.set(node.id, way);
    }
    return there.map((node) => (ways.has(node.asset) ? { ...node, reason: `${node.reason}; ${ways.get(node.asset)}` } : node));
  });
}
