// What stands out of the graph: the way between two assets, where a column comes from and goes, what a change reaches, or all above and below what is picked.
import { useMemo } from "react";
import { useRead } from "../../data/read.ts";
import type { Lens } from "../../graph/lens.ts";
import { between, type GraphModel, longestChain, reach } from "../../graph/model.ts";
import { spanWords } from "../../kit/values.tsx";

interface Wish {
  readonly model: GraphModel;
  readonly shown: ReadonlySet<number>;
  readonly picked: number;
  readonly other: number;
  readonly column: string | undefined;
  readonly isImpact: boolean;
  readonly lens: Lens;
}

export interface Emphasis {
  /** Places of assets; null: nothing stands out. */
  readonly places: ReadonlySet<number> | null;
  readonly note: string | null;
}

export function useEmphasis({ model, shown, picked, other, column, isImpact, lens }: Wish): Emphasis {
  const asset = model.nodes[picked]?.asset ?? "";
  const lineage = useRead("lineage.graph", { target: column ?? "" }, { enabled: column !== undefined, fresh: true });
  const impact = useRead("lineage.impact", { target: column ?? asset }, { enabled: isImpact && picked >= 0, fresh: true });
  const [follows, reaches] = [lineage.data, impact.data];
  return useMemo(() => {
    const placesOf = (list: readonly { readonly asset: string }[]): Set<number> =>
      new Set(list.flatMap((each) => model.placeOf.get(each.asset) ?? []));
    if (picked >= 0 && other >= 0) {
      const way = between(model, picked, other);
      const [one, two] = [asset, model.nodes[other]!.asset];
      if (way.size === 0) return { places: new Set([picked, other]), note: `No way leads between ${one} and ${two}.` };
      return { places: way, note: `${way.size} assets on the way between ${one} and ${two}.` };
    }
    if (isImpact && picked >= 0 && reaches !== undefined)
      return {
        places: placesOf(reaches.assets).add(picked),
        note: `A change of ${column ?? asset} reaches ${counted(reaches.totals.assets)}; ${reaches.totals.breaks} break without it.`,
      };
    if (column !== undefined && follows !== undefined) {
      const up = follows.assets.filter(({ hops }) => hops < 0).length;
      return {
        places: placesOf(follows.assets),
        note: `${column}: made from ${counted(up)}, used by ${counted(follows.assets.filter(({ hops }) => hops > 0).length)}.`,
      };
    }
    if (picked >= 0)
      return { places: new Set([picked, ...reach(picked, model.needs).keys(), ...reach(picked, model.readers).keys()]), note: null };
    if (lens === "duration") {
      const chain = longestChain(model, shown);
      const seconds = chain.reduce((sum, place) => sum + (model.nodes[place]!.seconds ?? 0), 0);
      if (chain.length > 1)
        return { places: new Set(chain), note: `The longest chain: ${chain.length} assets, ${spanWords(seconds)} by their last runs.` };
    }
    return { places: null, note: null };
  }, [model, shown, picked, other, column, isImpact, lens, follows, reaches, asset]);
}

function counted(assets: number): string {
  return assets === 1 ? "1 asset" : `${assets.toLocaleString("en-US")} assets`;
}
