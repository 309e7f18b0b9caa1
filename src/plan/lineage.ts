// `millrace lineage ASSET[.COLUMN] --json`: where values come from and where they go, some hops or all the way (PROJECT §9).
//   L1. `upstream` and `downstream` of a column are values; what only decides about rows (filters, joins, groups, order) stands in `influences`.
//   L2. A field of a struct is `asset.column.field`; whoever takes the whole struct takes its fields.
import type { LineageAnswer } from "../model/lineage-answers.ts";
import { reach } from "./graph.ts";
import { LineageFlow, type LineageInput, type Place, placeName } from "./lineage-flow.ts";

export interface LineageRequest {
  /** `asset`, `asset.column` or `asset.column.field`. */
  readonly target: string;
  /** Hops; Infinity for all. */
  readonly up: number;
  readonly down: number;
}

/** @throws MR2020 when there is no such asset or column. */
export function lineageAnswer(input: LineageInput, { target, up, down }: LineageRequest): LineageAnswer {
  const flow = new LineageFlow(input);
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
    ...flow.readAs(asset),
  };
}

function names(places: readonly Place[]): readonly string[] {
  return [...new Set(places.map(placeName))].toSorted();
}
