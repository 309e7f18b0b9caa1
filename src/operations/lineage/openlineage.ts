// Lineage as OpenLineage events (spec 2-0-2): a JobEvent for every asset that is made from others, with the facets of its columns.
//   O1. Values are DIRECT (IDENTITY, TRANSFORMATION, AGGREGATION), what decides about them or about rows INDIRECT (JOIN, GROUP_BY, FILTER, SORT,
//       WINDOW, CONDITIONAL). A field may take part in several ways.
//   O2. A field of a struct counts as its column: the facet must name columns of the schema facet. The schema has the fields.
//   O3. The same project gives the same events but for their time.
import type { JsonValue } from "../../model/answers.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import type { LineageSource, LineageWay } from "../../model/lineage.ts";
import { reach } from "../../plan/graph.ts";
import { LineageFlow } from "../../plan/lineage-flow.ts";
import { type Known, knownProject } from "../catalogue/known.ts";
import { type Field, parseDuckDbType } from "../types/duckdb-type.ts";
import type { Workspace } from "../workspace.ts";
import type { Hops } from "./lineage.ts";

const PRODUCER = "urn:millrace";
const SPEC = "https://openlineage.io/spec";

type JsonObject = Readonly<Record<string, JsonValue>>;

export interface OpenLineageRequest extends Hops {
  /** undefined: the whole project. */
  readonly target: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** @throws MR2020 when there is no such asset or column. */
export async function openLineageEvents(workspace: Workspace, request: OpenLineageRequest): Promise<readonly JsonObject[]> {
  const [{ name }, known] = [await workspace.project(), await knownProject(workspace)];
  const flow = new LineageFlow(known.lineage);
  const namespace = `millrace://${encodeURIComponent(name)}`;
  const ids = request.target === undefined ? known.graph.order : around(known, flow.find(request.target).asset, request);
  const eventTime = new Date(request.now).toISOString();
  return ids
    .filter((id) => known.graph.nodes.get(id)!.kind !== "task" && inputsOf(known, flow, id).length > 0)
    .map((id) => ({
      eventTime,
      producer: PRODUCER,
      schemaURL: `${SPEC}/2-0-2/OpenLineage.json#/$defs/JobEvent`,
      job: { namespace, name: id, facets: jobFacets(known.graph.nodes.get(id)!) },
      inputs: inputsOf(known, flow, id).map((need) => ({ namespace, name: need, facets: datasetFacets(known, need) })),
      outputs: [{ namespace, name: id, facets: { ...datasetFacets(known, id), ...lineageFacet(flow, id, namespace) } }],
    }));
}

/** What it reads, files that its SQL reads directly included. */
function inputsOf({ graph }: Known, flow: LineageFlow, id: NodeId): readonly NodeId[] {
  const { columns = {}, influences = [] } = flow.lineageOf(id) ?? {};
  const sources = [...Object.values(columns).flat(), ...influences].map(({ asset }) => asset);
  return [...new Set([...graph.reads.get(id)!, ...sources])].toSorted();
}

function around({ graph }: Known, asset: NodeId, { up, down }: Hops): readonly NodeId[] {
  // An event tells what its asset is made from, so the last hop upstream stands among the inputs.
  const near = new Set([
    ...reach(asset, graph.needs, up - 1).keys(),
    ...reach(asset, graph.dependents, down).keys(),
    ...(up < 1 ? [] : [asset]),
  ]);
  return graph.order.filter((id) => near.has(id));
}

function facet(path: string, content: JsonObject): JsonObject {
  return { _producer: PRODUCER, _schemaURL: `${SPEC}/facets/${path}`, ...content };
}

function jobFacets(node: ProjectNode): JsonObject {
  const isSql = node.kind === "model";
  return {
    jobType: facet("2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet", {
      processingType: "BATCH",
      integration: "MILLRACE",
      jobType: node.kind.toUpperCase(),
    }),
    ...(isSql ? { sql: facet("1-1-0/SQLJobFacet.json#/$defs/SQLJobFacet", { query: node.sql, dialect: "duckdb" }) } : {}),
    ...(node.description === undefined
      ? {}
      : { documentation: facet("1-1-0/DocumentationJobFacet.json#/$defs/DocumentationJobFacet", { description: node.description }) }),
    ...(node.owner === undefined
      ? {}
      : { ownership: facet("1-0-1/OwnershipJobFacet.json#/$defs/OwnershipJobFacet", { owners: [{ name: node.owner }] }) }),
  };
}

function datasetFacets({ columns, descriptions }: Known, id: NodeId): JsonObject {
  const described = descriptions.get(id);
  const list = columns.get(id);
  return {
    ...(described?.asset === null || described?.asset === undefined
      ? {}
      : {
          documentation: facet("1-1-0/DocumentationDatasetFacet.json#/$defs/DocumentationDatasetFacet", {
            description: described.asset.text,
          }),
        }),
    ...(list === undefined
      ? {}
      : {
          schema: facet("1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet", {
            fields: list.map(({ name, type }) =>
              schemaField({ name, spelled: type, type: parseDuckDbType(type) }, described?.columns.get(name.toLowerCase())?.text),
            ),
          }),
        }),
  };
}

function schemaField({ name, spelled, type }: Field, description?: string): JsonObject {
  const fields = type.kind === "struct" ? type.fields.map((field) => schemaField(field)) : [];
  return {
    name,
    type: spelled,
    ...(description === undefined ? {} : { description }),
    ...(fields.length === 0 ? {} : { fields }),
  };
}

function lineageFacet(flow: LineageFlow, id: NodeId, namespace: string): JsonObject {
  const lineage = flow.lineageOf(id);
  if (lineage === undefined) return {};
  const fields = Object.entries(lineage.columns).map(
    ([column, sources]) => [column, { inputFields: inputFields(flow, sources, namespace) }] as const,
  );
  return {
    columnLineage: facet("1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet", {
      fields: Object.fromEntries(fields),
      dataset: inputFields(flow, lineage.influences, namespace),
    }),
  };
}

/** O2. */
function inputFields(flow: LineageFlow, sources: readonly LineageSource[], namespace: string): readonly JsonObject[] {
  const found = new Map<string, { readonly asset: NodeId; readonly field: string; readonly ways: Set<Way> }>();
  for (const { asset, path, kind, ways = [kind] } of sources) {
    const known = flow.columnsOf(asset).find((column) => path === column || path.startsWith(`${column}.`));
    const field = known ?? path;
    if (field === "") continue;
    const key = JSON.stringify([asset, field]);
    const entry = found.get(key) ?? { asset, field, ways: new Set<Way>() };
    found.set(key, entry);
    for (const way of ways) entry.ways.add(field !== path && way === "identity" ? "transform" : way);
  }
  return [...found.values()].map(({ asset, field, ways }) => ({
    namespace,
    name: asset,
    field,
    transformations: [...ways].toSorted().map((way) => ({ ...TRANSFORMATIONS[way], masking: false })),
  }));
}

/** `condition`: of which kind is not known. */
type Way = LineageWay | "condition";

/** O1. */
const TRANSFORMATIONS: Readonly<Record<Way, JsonObject>> = {
  identity: { type: "DIRECT", subtype: "IDENTITY" },
  transform: { type: "DIRECT", subtype: "TRANSFORMATION" },
  aggregate: { type: "DIRECT", subtype: "AGGREGATION" },
  case: { type: "INDIRECT", subtype: "CONDITIONAL" },
  join: { type: "INDIRECT", subtype: "JOIN" },
  group: { type: "INDIRECT", subtype: "GROUP_BY" },
  filter: { type: "INDIRECT", subtype: "FILTER" },
  sort: { type: "INDIRECT", subtype: "SORT" },
  window: { type: "INDIRECT", subtype: "WINDOW" },
  condition: { type: "INDIRECT" },
};
