// What a plan's loads would do to columns, the statements that do it, and the models that break: told before anything is written.
import type { PlanAnswer } from "../../model/answers.ts";
import type { MillraceError } from "../../model/errors.ts";
import { nextSchema } from "../../load/next-schema.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import { splitNodeId } from "../../model/partition.ts";
import type { Planned } from "./plan.ts";
import { peekColumns } from "../attempts/sources.ts";
import type { Workspace } from "../workspace.ts";

type SchemaAnswer = NonNullable<PlanAnswer["schema"]>[number];

/** Sources of the plan whose columns would change, or whose contract would refuse what they give now. */
export async function schemaPlan(workspace: Workspace, { plan, definitions }: Planned): Promise<readonly SchemaAnswer[]> {
  const project = await workspace.project();
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const answers: SchemaAnswer[] = [];
  const assets = new Set(
    plan.nodes.flatMap(({ id, action, partition }) => (action === "build" ? [partition === undefined ? id : splitNodeId(id).asset] : [])),
  );
  for (const asset of assets) {
    const node = definitions.graph.nodes.get(asset);
    const version = live.get(asset);
    if (node?.kind !== "source" || version === undefined) continue;
    const delivered = await peekColumns(workspace, project, node);
    const isRedefined = version.codeHash !== node.codeHash;
    if (delivered === null && !isRedefined) continue;
    const next = await warehouse.session((session) => nextSchema(session, { asset, spec: node.spec, delivered, isRedefined }));
    if (next === undefined || (next.changes.length === 0 && next.fails === null)) continue;
    const { columns, ...told } = next;
    const breaks = next.fails === null ? await brokenBy(definitions, asset, columns) : [];
    answers.push({ asset, ...told, breaks });
  }
  return answers;
}

/** Errors of the project's SQL that these columns make. */
async function brokenBy(
  { compileWith, schemas }: Planned["definitions"],
  asset: string,
  columns: readonly { readonly name: string; readonly type: string }[],
): Promise<SchemaAnswer["breaks"]> {
  const { errors } = await compileWith(new Map([...schemas, [asset, { columns, certain: true }]]));
  return errors.map(breakOf);
}

function breakOf({ code, message, location }: MillraceError): SchemaAnswer["breaks"][number] {
  return { code, message, file: location?.file ?? null, line: location?.line ?? null, column: location?.column ?? null };
}
