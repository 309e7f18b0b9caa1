// `plan --data ASSET`: the rows that a plan would give an asset, beside those that readers see. Nothing is published: everything lies in a database in memory,
// in which the names of assets mean what the plan would make of them, and elsewhere what readers see.
import type { DiffAnswer } from "../../model/diff-answers.ts";
import { splitLedgerAsset } from "../../model/environment.ts";
import { MillraceError, messageOf } from "../../model/errors.ts";
import type { ModelNode, NodeId } from "../../model/graph.ts";
import { splitNodeId } from "../../model/partition.ts";
import { DATA_SCHEMA } from "../../sql/ledger/ledger.ts";
import { bindingsOf, typedValues } from "../../sql/parameters.ts";
import { assetView, describeRelation, type LiveVersion, readLive } from "../../sql/ledger/publish.ts";
import { interruptible, type Session } from "../../sql/session.ts";
import { parametersOf } from "../../sql/syntax/copy.ts";
import { ident, literal, qualified } from "../../sql/text.ts";
import { findAsset } from "../assets/assets.ts";
import type { Planned } from "../plan/plan.ts";
import type { Workspace } from "../workspace.ts";
import { compared } from "./compared.ts";
import { declaredKey, keyOf } from "./key.ts";

const SAMPLES = 5;
/** Models that are computed beside at most: each holds memory or temporary disk until the answer. */
const MODELS_MAX = 200;
let previews = 0;

/** @throws MR6102, MR8812 never built, MR8813 what only a run can tell */
export async function previewAsset(workspace: Workspace, planned: Planned, name: string): Promise<DiffAnswer> {
  const { graph } = planned.definitions;
  const asset = findAsset(graph.nodes.keys(), name);
  const models = modelsTo(planned, asset);
  const here = (await workspace.environment()).name;
  const warehouse = await workspace.commonWarehouse();
  return warehouse.session((session) =>
    interruptible(session, workspace.signal, async () => {
      const live = await readLive(session, here);
      const before = live.get(asset);
      if (before === undefined || before.kind === "share")
        throw new MillraceError({ code: "MR8812", message: `${asset} was never built here: there is nothing to compare with` });
      const scope = `_millrace_preview_${++previews}`;
      const catalog = (await session.row<{ name: string }>("select current_database() as name"))!.name;
      await session.run(`attach ':memory:' as ${ident(scope)}`);
      try {
        await compute(session, { scope, catalog, live, models, planned });
        const after = models.some(({ id }) => id === asset) ? qualified(scope, ...parts(asset)) : viewIn(catalog, before);
        const [old, now] = [viewIn(catalog, before), after];
        const sides = {
          before: {
            from: old,
            columns: await describeRelation(session, old),
            side: { environment: here, version: before.version, at: before.at },
          },
          after: { from: now, columns: await describeRelation(session, now), side: { environment: null, version: null, at: null } },
        };
        const key = keyOf(declaredKey(graph.nodes.get(asset)), { ...sides, isAsked: false });
        return await compared(session, { asset, ...sides, key, samples: SAMPLES });
      } finally {
        await session.run("reset search_path").catch(() => undefined);
        await session.run(`detach ${ident(scope)}`).catch(() => undefined); // an interrupted statement may hold it; it goes with the session
      }
    }),
  );
}

/** What the plan builds on the way to the asset, in the order in which it is built. @throws MR8813 */
function modelsTo({ plan, definitions: { graph } }: Planned, asset: NodeId): readonly ModelNode[] {
  const built = new Set(
    plan.nodes.flatMap(({ id, action, partition }) => (action === "build" ? [partition === undefined ? id : splitNodeId(id).asset] : [])),
  );
  const wanted = new Set<NodeId>([asset]);
  for (const id of graph.order.toReversed()) if (wanted.has(id)) for (const need of graph.reads.get(id) ?? []) wanted.add(need);
  const models = graph.order.flatMap((id): ModelNode[] => {
    const node = graph.nodes.get(id)!;
    // Sources stay as they are: a plan reads nothing.
    if (!wanted.has(id) || !built.has(id) || node.kind === "source" || node.kind === "extract" || node.kind === "task") return [];
    if (node.kind !== "model") throw onlyARun(asset, id, node.kind === "export" ? "is an export" : "is written in TypeScript");
    if (node.partitioning !== undefined) throw onlyARun(asset, id, "is built by partitions");
    if (node.spec.materialize === "snapshot") throw onlyARun(asset, id, "keeps history");
    const open = parametersOf(node.sql).find((each) => each !== "now" && !each.startsWith("param."));
    if (open !== undefined) throw onlyARun(asset, id, `uses $${open}`);
    return [node];
  });
  if (models.length > MODELS_MAX) throw onlyARun(asset, asset, `stands on ${models.length} models that are built`);
  return models;
}

function onlyARun(asset: NodeId, id: NodeId, why: string): MillraceError {
  return new MillraceError({ code: "MR8813", message: `the new rows of ${asset} are only known to a run: ${id} ${why}` });
}

interface Computing {
  readonly scope: string;
  readonly catalog: string;
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
  readonly models: readonly ModelNode[];
  readonly planned: Planned;
}

async function compute(session: Session, { scope, catalog, live, models, planned }: Computing): Promise<void> {
  // Only what is not prod's, or is made anew, needs a name of its own.
  const others = [...live].filter(([id, { asset, kind }]) => asset !== id && kind !== "share");
  const schemas = [...new Set([...models.map(({ id }) => id), ...others.map(([id]) => id)].map((id) => parts(id)[0]))];
  for (const schema of schemas) await session.run(`create schema ${qualified(scope, schema)}`);
  const built = new Set(models.map(({ id }) => id));
  for (const [id, version] of others)
    if (!built.has(id)) await session.run(`create view ${qualified(scope, ...parts(id))} as from ${viewIn(catalog, version)}`);
  const known = new Set(
    (await session.rows<{ name: string }>("select schema_name as name from duckdb_schemas() where database_name = $1", [catalog])).map(
      ({ name }) => name,
    ),
  );
  const path = schemas.flatMap((schema) => [qualified(scope, schema), ...(known.has(schema) ? [qualified(catalog, schema)] : [])]);
  // The first place says where names are looked for that no place has: in the warehouse.
  const first = qualified(catalog, DATA_SCHEMA);
  await session.run(`set search_path = ${literal([first, ...path, qualified(catalog, "main")].join(","))}`);
  const parameters = { now: new Date(), param: typedValues(planned.definitions.paramTypes, planned.params) };
  for (const model of models) {
    try {
      const { values, types } = bindingsOf(model.sql, parameters);
      const statement = await session.connection.prepare(`create table ${qualified(scope, ...parts(model.id))} as\n${model.sql}`);
      if (statement.parameterCount > 0) statement.bind(values, types);
      await statement.run();
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      throw new MillraceError({
        code: "MR8813",
        message: `${model.id} could not be computed: ${messageOf(error).split("\n")[0]}`,
        cause: error,
      });
    }
  }
}

function viewIn(catalog: string, { asset }: Pick<LiveVersion, "asset">): string {
  return `${ident(catalog)}.${assetView(splitLedgerAsset(asset).environment === null ? splitLedgerAsset(asset).asset : asset)}`;
}

function parts(asset: NodeId): readonly [schema: string, name: string] {
  const dot = asset.indexOf(".");
  return [asset.slice(0, dot), asset.slice(dot + 1)];
}
