// Tables of lists (`nested: { items: table }`): an asset of its own per path, a view on the lists of its source. What replaces, adds, merges or
// deletes rows of the source does so here at the same moment.
import { modelSpec } from "../model/definitions/model.ts";
import type { SourceSpec } from "../model/definitions/source.ts";
import type { ExtractNode, ModelNode, SourceNode } from "../model/graph.ts";
import { snakeName } from "../model/names.ts";
import { hashDefinition } from "./hash.ts";

/** The models of a source's lists, parents first. */
export function nestedTables(node: SourceNode | ExtractNode): readonly ModelNode[] {
  const paths = Object.entries(node.spec.nested ?? {})
    .filter(([, choice]) => choice === "table")
    .map(([path]) => path)
    .toSorted((a, b) => a.length - b.length);
  return paths.map((path) => modelOf(node, path, paths));
}

/** `raw.orders` and `items.taxes` make `raw.orders__items__taxes`. */
function tableName(asset: string, path: string): string {
  return `${asset}__${path
    .split(".")
    .map((step) => snakeName(step))
    .join("__")}`;
}

function modelOf(node: SourceNode | ExtractNode, path: string, paths: readonly string[]): ModelNode {
  const above = paths.filter((each) => path.startsWith(`${each}.`)).at(-1);
  const depth = paths.filter((each) => path.startsWith(`${each}.`)).length;
  const keys = keyNames(node.spec);
  const steps = (above === undefined ? path : path.slice(above.length + 1)).split(".");
  const list = `t.${steps.map(quoted).join(".")}`;
  const parents =
    above === undefined
      ? keys.length > 0
        ? keys.map((key) => `t.${quoted(key)} as ${quoted(`_parent_${key}`)}`)
        : ["t._load as _parent_load", "t._file as _parent_file", "t._line as _parent_line"]
      : [
          ...(keys.length > 0 ? keys.map((key) => `_parent_${key}`) : ["_parent_load", "_parent_file", "_parent_line"]),
          ...Array.from({ length: depth - 1 }, (_, index) => `_position_${index + 1}`),
        ]
          .map((name) => `t.${quoted(name)}`)
          .concat(`t._position as _position_${depth}`);
  const from =
    above !== undefined
      ? nameSql(tableName(node.id, above))
      : keys.length > 0
        ? nameSql(node.id)
        : `_millrace.rows('${node.id.replaceAll("'", "''")}')`;
  const sql = `select ${parents.join(", ")}, generate_subscripts(${list}, 1) - 1 as _position, unnest(${list}, max_depth := 2)\nfrom ${from} t`;
  const spec = modelSpec.parse({ materialize: "view", description: `Elements of ${path} of ${node.id}` });
  return {
    kind: "model",
    id: tableName(node.id, path),
    file: node.file,
    description: spec.description,
    tags: node.tags,
    owner: node.owner,
    retry: node.retry,
    timeout: node.timeout,
    codeHash: hashDefinition(spec, sql),
    spec,
    sql,
    sqlOffset: 0,
    text: sql,
    checks: [],
  };
}

/** Names of the key's columns, as the load gives them. */
function keyNames({ primaryKey, columns = {}, names }: SourceSpec): readonly string[] {
  return [primaryKey ?? []].flat().map((written) => (Object.hasOwn(columns, written) || names === "keep" ? written : snakeName(written)));
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function nameSql(asset: string): string {
  return asset.split(".").map(quoted).join(".");
}
