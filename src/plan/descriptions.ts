// Descriptions that are inherited: what is passed on unchanged means what it meant where it came from.
//   D1. What the user wrote at a place is always what is told there.
//   D2. A column that has exactly one source, unchanged, has its source's description; several (UNION ALL) only where all of them say the same.
//   D3. An asset whose columns are those of one asset, unchanged, and whose rows no condition decides about, has its description.
import type { NodeId } from "../model/graph.ts";
import type { AssetLineage } from "../model/lineage.ts";
import { LineageFlow, type LineageInput } from "./lineage-flow.ts";

export interface Description {
  readonly text: string;
  /** `asset.column`, or the asset, where it was written; null: here. */
  readonly from: string | null;
}

export interface AssetDescriptions {
  readonly asset: Description | null;
  /** By lower-case name of the column. */
  readonly columns: ReadonlyMap<string, Description>;
}

/** What users wrote. */
export interface WrittenDescriptions {
  readonly asset: string | undefined;
  readonly columns: Readonly<Record<string, string>>;
}

export function inheritDescriptions(
  input: LineageInput,
  written: (id: NodeId) => WrittenDescriptions,
): ReadonlyMap<NodeId, AssetDescriptions> {
  const flow = new LineageFlow(input);
  const known = new Map<NodeId, AssetDescriptions>();
  for (const id of input.graph.order) {
    const own = written(id);
    const columns = new Map<string, Description>(
      Object.entries(own.columns).map(([name, text]) => [name.toLowerCase(), { text, from: null }]),
    );
    const lineage = flow.lineageOf(id);
    for (const column of flow.columnsOf(id)) {
      const name = column.toLowerCase();
      const inherited = columns.has(name) || lineage === undefined ? null : fromSources(lineage, column, known);
      if (inherited !== null) columns.set(name, inherited);
    }
    const asset =
      own.asset === undefined ? (lineage === undefined ? null : fromAsset(lineage, known, flow)) : { text: own.asset, from: null };
    known.set(id, { asset, columns });
  }
  return known;
}

/** D2. */
function fromSources(lineage: AssetLineage, column: string, known: ReadonlyMap<NodeId, AssetDescriptions>): Description | null {
  const sources = (lineage.columns[column] ?? []).filter(({ kind }) => kind !== "condition");
  if (sources.length === 0 || sources.some(({ kind }) => kind !== "identity")) return null;
  const found = sources.map(({ asset, path }) => {
    const at = known.get(asset)?.columns.get(path.toLowerCase());
    return at === undefined ? null : { text: at.text, from: at.from ?? `${asset}.${path}` };
  });
  const [first] = found;
  if (first === undefined || first === null) return null;
  return found.every((each) => each?.text === first.text) ? first : null;
}

/** D3. */
function fromAsset(
  { columns, influences }: AssetLineage,
  known: ReadonlyMap<NodeId, AssetDescriptions>,
  flow: LineageFlow,
): Description | null {
  const sources = Object.entries(columns);
  const asset = sources[0]?.[1][0]?.asset;
  if (asset === undefined || influences.length > 0 || flow.columnsOf(asset).length !== sources.length) return null;
  const isPassedOn = sources.every(
    ([, [first, ...rest]]) =>
      first !== undefined && rest.length === 0 && first.kind === "identity" && first.asset === asset && !first.path.includes("."),
  );
  const described = isPassedOn ? known.get(asset)?.asset : null;
  return described === null || described === undefined ? null : { text: described.text, from: described.from ?? asset };
}
