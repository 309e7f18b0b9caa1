// `millrace lineage ASSET[.COLUMN]`: where values come from and where they go, some hops or all the way (PROJECT §9).
//   L1. `upstream` and `downstream` of a column are values; what only decides about rows (filters, joins, groups, order) stands in `influences`.
//   L2. A field of a struct is `asset.column.field`; whoever takes the whole struct takes its fields.
import type { LineageAnswer } from "../model/answers.ts";
import { MillraceError } from "../model/errors.ts";
import type { NodeId } from "../model/graph.ts";
import type { AssetLineage, LineageSource } from "../model/lineage.ts";
import { nearest } from "../model/suggest.ts";
import { type Graph, reach } from "./graph.ts";

export interface LineageInput {
  readonly graph: Graph;
  /** Per asset made of SQL, as compiled; null where only tables are known. */
  readonly lineage: ReadonlyMap<NodeId, AssetLineage | null>;
  /** Names of the columns of every asset whose columns are known. */
  readonly columns: ReadonlyMap<NodeId, readonly string[]>;
}

export interface LineageRequest {
  /** `asset`, `asset.column` or `asset.column.field`. */
  readonly target: string;
  /** Hops; Infinity for all. */
  readonly up: number;
  readonly down: number;
}

interface Place {
  readonly asset: NodeId;
  readonly path: string;
}

/** @throws MR2020 when there is no such asset or column. */
export function lineageAnswer(input: LineageInput, { target, up, down }: LineageRequest): LineageAnswer {
  const flow = new Flow(input);
  const { asset, path } = flow.find(target);
  const paths = path === null ? flow.columnsOf(asset) : [path];
  const columns = paths.map((column) => {
    const place = { asset, path: column };
    const above = flow.follow(place, up, (at) => flow.valuesOf(at));
    const influences = up < 1 ? [] : [place, ...above.filter(({ hops }) => hops < up)].flatMap((at) => flow.influencesOn(at));
    return [
      column,
      {
        upstream: names(above),
        downstream: names(flow.follow(place, down, (at) => flow.usersOf(at))),
        influences: names(influences),
      },
    ] as const;
  });
  return {
    asset,
    columns: Object.fromEntries(columns),
    upstream: [...reach(asset, input.graph.needs, up).keys()].toSorted(),
    downstream: [...reach(asset, input.graph.dependents, down).keys()].toSorted(),
  };
}

class Flow {
  readonly #input: LineageInput;
  readonly #lineage: ReadonlyMap<NodeId, AssetLineage>;
  /** Per asset the columns elsewhere that take values from it. */
  readonly #users = new Map<NodeId, { readonly source: LineageSource; readonly place: Place }[]>();

  constructor(input: LineageInput) {
    this.#input = input;
    this.#lineage = new Map(
      [...input.graph.nodes.keys()].flatMap((id) => {
        const lineage = input.lineage.get(id) ?? passedOn(input, id);
        return lineage === null ? [] : [[id, lineage] as const];
      }),
    );
    for (const [asset, { columns }] of this.#lineage)
      for (const [path, sources] of Object.entries(columns))
        for (const source of sources) {
          if (source.kind === "condition") continue;
          const list = this.#users.get(source.asset) ?? [];
          list.push({ source, place: { asset, path } });
          this.#users.set(source.asset, list);
        }
  }

  find(target: string): { readonly asset: NodeId; readonly path: string | null } {
    const ids = [...this.#input.graph.nodes.keys()];
    const wanted = target.toLowerCase();
    const asset = ids
      .filter((id) => wanted === id.toLowerCase() || wanted.startsWith(`${id.toLowerCase()}.`))
      .toSorted((a, b) => b.length - a.length)[0];
    if (asset === undefined) {
      const near = nearest(target, ids);
      const hint = near.length > 0 ? `did you mean ${near.map((name) => `"${name}"`).join(" or ")}?` : "`millrace ls` lists the assets";
      throw new MillraceError({ code: "MR2020", message: `There is no asset "${target}" in this project`, hint });
    }
    if (target.length === asset.length) return { asset, path: null };
    const path = target.slice(asset.length + 1);
    const known = this.columnsOf(asset);
    const column = known.find((name) => inside(path.toLowerCase(), name.toLowerCase()));
    if (column !== undefined) return { asset, path: column + path.slice(column.length) };
    const hint = known.length === 0 ? "its columns are not known before its first load" : `it has ${known.join(", ")}`;
    throw new MillraceError({ code: "MR2020", message: `${asset} has no column "${path}"`, hint });
  }

  columnsOf(asset: NodeId): readonly string[] {
    const lineage = this.#lineage.get(asset);
    return lineage === undefined ? (this.#input.columns.get(asset) ?? []) : Object.keys(lineage.columns);
  }

  /** What the values at a place are made from, one hop up. */
  valuesOf(place: Place): readonly Place[] {
    return this.#sources(place).filter(({ kind }) => kind !== "condition");
  }

  /** What decides about the rows of the asset, and about this column alone. */
  influencesOn(place: Place): readonly Place[] {
    const own = this.#sources(place).filter(({ kind }) => kind === "condition");
    return [...own, ...(this.#lineage.get(place.asset)?.influences ?? [])];
  }

  /** Which columns take values from a place, one hop down. */
  usersOf({ asset, path }: Place): readonly Place[] {
    return (this.#users.get(asset) ?? []).flatMap(({ source, place }) => {
      // Someone takes a field of this place, or the struct that this place is a field of.
      if (inside(source.path, path)) return [place];
      if (!inside(path, source.path)) return [];
      return [source.kind === "identity" ? { ...place, path: place.path + path.slice(source.path.length) } : place];
    });
  }

  /** Every place within `hops`, with its distance. */
  follow(from: Place, hops: number, next: (place: Place) => readonly Place[]): readonly (Place & { readonly hops: number })[] {
    const found = new Map<string, Place & { readonly hops: number }>();
    let edge: readonly Place[] = [from];
    for (let hop = 1; hop <= hops && edge.length > 0; hop++) {
      const ahead: Place[] = [];
      for (const { asset, path } of edge.flatMap(next)) {
        const name = `${asset}.${path}`;
        if (found.has(name)) continue;
        found.set(name, { asset, path, hops: hop });
        ahead.push({ asset, path });
      }
      edge = ahead;
    }
    return [...found.values()];
  }

  #sources({ asset, path }: Place): readonly LineageSource[] {
    const columns = this.#lineage.get(asset)?.columns ?? {};
    const column = Object.keys(columns).find((name) => inside(path, name));
    if (column === undefined) return [];
    const rest = path.slice(column.length);
    return columns[column]!.map((source) =>
      source.kind === "identity" && source.path !== "" ? { ...source, path: source.path + rest } : source,
    );
  }
}

/** An export passes on what it selects. */
function passedOn({ graph, columns, lineage }: LineageInput, id: NodeId): AssetLineage | null {
  const node = graph.nodes.get(id);
  if (node?.kind !== "export" || node.spec.select === undefined) return null;
  const asset = graph.needs.get(id)?.find((need) => need.toLowerCase() === node.spec.select!.toLowerCase());
  if (asset === undefined) return null;
  const names = Object.keys(lineage.get(asset)?.columns ?? {});
  const known = names.length > 0 ? names : (columns.get(asset) ?? []);
  return { columns: Object.fromEntries(known.map((path) => [path, [{ asset, path, kind: "identity" as const }]])), influences: [] };
}

/** Is `path` the place `of`, or a field inside it? */
function inside(path: string, of: string): boolean {
  return path === of || path.startsWith(`${of}.`);
}

function names(places: readonly Place[]): readonly string[] {
  return [...new Set(places.map(({ asset, path }) => (path === "" ? asset : `${asset}.${path}`)))].toSorted();
}
