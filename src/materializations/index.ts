// The registry of materializations: one line per way of building; and the build of a model by the way it asks for.
import { MillraceError } from "../model/errors.ts";
import type { ModelNode } from "../model/graph.ts";
import type { BuildResult } from "../load/build-port.ts";
import type { Materialization, ModelRequest } from "./materialization.ts";
import type { materializationNames } from "./names.ts";
import { incremental } from "./incremental/incremental.ts";
import { external } from "./external/external.ts";
import { maintain } from "./maintain/maintain.ts";
import { buildRemoteModel } from "./remote/remote.ts";
import { snapshot } from "./snapshot/snapshot.ts";
import { table } from "./table.ts";
import { view } from "./view.ts";

const ways: Readonly<Record<(typeof materializationNames)[number], Materialization>> = { view, table, incremental, snapshot, external };
export const materializations: Readonly<Record<string, Materialization>> = ways;

/** Builds a model. @throws MR4601 when this version does not know the way, and what the way throws. */
export async function buildModel(node: ModelNode, request: Omit<ModelRequest, "unit" | "spec">): Promise<BuildResult> {
  const way = node.spec.materialize;
  const isMaintained = way === "incremental" && node.spec.incremental?.mode === "maintain";
  const materialization = isMaintained ? maintain : Object.hasOwn(materializations, way) ? materializations[way] : undefined;
  if (materialization === undefined) {
    const at = Math.max(0, node.text.search(/^\s*materialize\s*:/m));
    const line = node.text.slice(0, at).split("\n").length + (node.text[at] === "\n" ? 1 : 0);
    throw new MillraceError({
      code: "MR4601",
      message: `${node.id} (${node.file}): materialize: ${way} is not supported yet`,
      hint: `there are ${Object.keys(materializations).join(" and ")}`,
      location: { file: node.file, line, column: 1, text: node.text },
    });
  }
  const unit = {
    id: node.id,
    file: node.file,
    sql: node.sql,
    sqlOffset: node.sqlOffset,
    text: node.text,
    ...(node.described === undefined ? {} : { described: node.described }),
  };
  const { remote } = request;
  if (remote !== undefined) return buildRemoteModel({ ...request, remote, unit, spec: node.spec });
  return materialization.build({ ...request, unit, spec: node.spec });
}
