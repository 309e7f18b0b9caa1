// What a change of an asset or a column reaches: assets and what each would feel, exports, checks, tests, owners.
import type { ReactNode } from "react";
import { useRead } from "../data/read.ts";
import { Empty, States } from "../kit/states.tsx";

const effectWords = { breaks: "breaks", values: "other values", rows: "other rows", reads: "reads it" } as const;

export function Impact({ target, onPick }: { readonly target: string; readonly onPick: (asset: string) => void }): ReactNode {
  const impact = useRead("lineage.impact", { target }, { fresh: true });
  return (
    <States
      read={impact}
      lines={3}
      isEmpty={({ assets }) => assets.length === 0}
      empty={<Empty title="Nothing reads it: a change reaches nothing else." />}
    >
      {({ assets, totals }) => (
        <div className="stack">
          <p className="second">
            <span className="mono">{target}</span>: {totals.assets} assets, {totals.breaks} break without it, {totals.exports} exports,{" "}
            {totals.checks} checks, {totals.tests} tests{totals.owners.length === 0 ? "" : `; owners ${totals.owners.join(", ")}`}
          </p>
          <div className="graph-names">
            {assets.map(({ asset, effect }) => (
              <button key={asset} type="button" className="graph-name" onClick={() => onPick(asset)}>
                <span className="mono grow">{asset}</span>
                <span className={effect === "breaks" ? "tag fail" : "tag"}>{effectWords[effect]}</span>
              </button>
            ))}
          </div>
        </div>
      )}
    </States>
  );
}
