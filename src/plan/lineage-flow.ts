// How values flow between the columns of a project: the compiled lineage of all assets as one graph of places, walked up and down.
//   F1. Values are told apart from conditions: what only decides about rows (filters, joins, groups, order) is a condition.
//   F2. A field of a struct is a path inside its column; whoever takes the whole struct takes its fields.
//   F3. An export passes on what it selects.
import { MillraceError } from "../model/errors.ts";
import type { NodeId } from "../model/graph.ts";
import type { AssetLineage, LineageKind, LineageSource } from "../model/lineage.ts";
import { nearest } from "../model/suggest.ts";
import type { Graph } from "./graph.ts";

export interface LineageInput {
  readonly graph: Graph;
  /** Per asset made of SQL, as compiled; null where only tables are known. */
  readonly lineage: ReadonlyMap<NodeId, AssetLineage | null>;
  /** Names of the columns of every asset whose columns are known. */
  readonly columns: ReadonlyMap<NodeId, readonly string[]>;
}

export interface Place {
  readonly asset: NodeId;
  readonly path: string;
}

/** A place one hop away, and how it takes part. */
export interface Step extends Place {
  readonly kind: LineageKind;
}

export class LineageFlow {
  readonly #input: LineageInput;
  readonly #lineage: ReadonlyMap<NodeId, AssetLineage>;
  /** Per asset the columns elsewhere that are made from it or decided by it. */
  readonly #users = new Map<NodeId, { readonly source: LineageSource; readonly place: Place }[]>();
  /** Per asset the assets whose rows it decides about, with the columns that do. */
  readonly #decided = new Map<NodeId, { readonly path: string; readonly asset: NodeId }[]>();

  constructor(input: LineageInput) {
    this.#input = input;
    this.#lineage = new Map(
      [...input.graph.nodes.keys()].flatMap((id) => {
        const lineage = input.lineage.get(id) ?? passedOn(input, id);
        return lineage === null ? [] : [[id, lineage] as const];
      }),
    );
    for (const [asset, { columns, influences }] of this.#lineage) {
      for (const [path, sources] of Object.entries(columns))
        for (const source of sources) listAt(this.#users, source.asset).push({ source, place: { asset, path } });
      for (const { asset: from, path } of influences) listAt(this.#decided, from).push({ path, asset });
    }
  }

  get graph(): Graph {
    return this.#input.graph;
  }

  /** The asset, and the column or field of a struct behind it. @throws MR2020 when there is no such asset or column. */
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
    const column = known.find((name) => isInside(path.toLowerCase(), name.toLowerCase()));
    if (column !== undefined) return { asset, path: column + path.slice(column.length) };
    const hint = known.length === 0 ? "its columns are not known before its first load" : `it has ${known.join(", ")}`;
    throw new MillraceError({ code: "MR2020", message: `${asset} has no column "${path}"`, hint });
  }

  columnsOf(asset: NodeId): readonly string[] {
    const lineage = this.#lineage.get(asset);
    return lineage === undefined ? (this.#input.columns.get(asset) ?? []) : Object.keys(lineage.columns);
  }

  /** undefined where only tables are known, and for what comes from outside. */
  lineageOf(asset: NodeId): AssetLineage | undefined {
    return this.#lineage.get(asset);
  }

  /** How its columns were read, where not by what runs it. */
  readAs(asset: NodeId): Pick<AssetLineage, "readAs"> {
    const how = this.#lineage.get(asset)?.readAs;
    return how === undefined ? {} : { readAs: how };
  }

  /** What the values at a place are made from, one hop up. */
  valuesOf(place: Place): readonly Step[] {
    return this.sourcesOf(place).filter(({ kind }) => kind !== "condition");
  }

  /** What decides about the rows of the asset, and about this column alone. */
  influencesOn(place: Place): readonly Step[] {
    const own = this.sourcesOf(place).filter(({ kind }) => kind === "condition");
    return [...own, ...(this.#lineage.get(place.asset)?.influences ?? [])];
  }

  /** Which columns take values from a place, one hop down. */
  usersOf(place: Place): readonly Step[] {
    return this.readersOf(place).filter(({ kind }) => kind !== "condition");
  }

  /** Which columns take values from a place or are decided by it, one hop down. */
  readersOf({ asset, path }: Place): readonly Step[] {
    return (this.#users.get(asset) ?? []).flatMap(({ source, place }): readonly Step[] => {
      const { kind } = source;
      // Someone takes a field of this place, or the struct that this place is a field of.
      if (isInside(source.path, path)) return [{ ...place, kind }];
      if (!isInside(path, source.path)) return [];
      return [{ ...place, kind, path: kind === "identity" ? place.path + path.slice(source.path.length) : place.path }];
    });
  }

  /** Assets whose rows a place decides about, one hop down. */
  decidedBy({ asset, path }: Place): readonly NodeId[] {
    const found = (this.#decided.get(asset) ?? []).filter((each) => isInside(each.path, path) || isInside(path, each.path));
    return [...new Set(found.map((each) => each.asset))];
  }

  /** Every place within `hops`, with its distance. */
  follow(from: Place, hops: number, next: (place: Place) => readonly Place[]): readonly (Place & { readonly hops: number })[] {
    const found = new Map<string, Place & { readonly hops: number }>();
    let edge: readonly Place[] = [from];
    for (let hop = 1; hop <= hops && edge.length > 0; hop++) {
      const ahead: Place[] = [];
      for (const { asset, path } of edge.flatMap(next)) {
        const name = placeName({ asset, path });
        if (found.has(name)) continue;
        found.set(name, { asset, path, hops: hop });
        ahead.push({ asset, path });
      }
      edge = ahead;
    }
    return [...found.values()];
  }

  sourcesOf({ asset, path }: Place): readonly Step[] {
    const columns = this.#lineage.get(asset)?.columns ?? {};
    const column = Object.keys(columns).find((name) => isInside(path, name));
    if (column === undefined) return [];
    const rest = path.slice(column.length);
    return columns[column]!.map((source) =>
      source.kind === "identity" && source.path !== "" ? { ...source, path: source.path + rest } : source,
    );
  }
}

/** F3. */
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
export function isInside(path: string, of: string): boolean {
  return path === of || path.startsWith(`${of}.`);
}

/** As people write it: `asset.column.field`. */
export function placeName({ asset, path }: Place): string {
  return path === "" ? asset : `${asset}.${path}`;
}

function listAt<Item>(lists: Map<string, Item[]>, key: string): Item[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
