// What is selected in the graph and what can be done with all of it: run, backfill, show alone, widen by a step.
import { useState, type ReactNode } from "react";
import { useRead } from "../../data/read.ts";
import type { GraphModel } from "../../graph/model.ts";
import { withNeighbours, wordsOfPlaces } from "../../graph/picks.ts";
import { RunButton } from "../../graph/run-button.tsx";
import { BackfillDialog } from "../../kit/backfill-dialog.tsx";
import { Button } from "../../kit/button.tsx";

interface SelectionBarProps {
  readonly model: GraphModel;
  readonly places: ReadonlySet<number>;
  readonly onChange: (places: ReadonlySet<number>) => void;
  /** Shows these alone, by the grammar. */
  readonly onOnly: (words: string) => void;
}

export function SelectionBar({ model, places, onChange, onOnly }: SelectionBarProps): ReactNode {
  const select = wordsOfPlaces(model, places).join(" or ");
  return (
    <div className="graph-bar graph-selection" role="region" aria-label="Selection">
      <span className="strong">{places.size === 1 ? "1 asset selected" : `${places.size.toLocaleString("en-US")} assets selected`}</span>
      <RunButton small look="primary" select={select} count={places.size} label={places.size === 1 ? "Run it" : "Run them"} />
      <Backfill assets={[...places].map((place) => model.nodes[place]!.asset)} />
      <Button small onClick={() => onOnly(select)}>
        Show alone
      </Button>
      <Button small title="one step above and below" onClick={() => onChange(withNeighbours(model, places))}>
        Widen by a step
      </Button>
      <span className="grow" />
      <Button small look="quiet" onClick={() => onChange(new Set())}>
        Clear selection
      </Button>
    </div>
  );
}

/** Of those of them that have partitions: one is backfilled at a time, with what reads it where that is wished. */
function Backfill({ assets }: { readonly assets: readonly string[] }): ReactNode {
  const status = useRead("status.show", { soon: true });
  const [asset, setAsset] = useState<string | null>(null);
  const parted = (status.data?.partitions ?? []).flatMap((each) => (assets.includes(each.asset) ? [each.asset] : []));
  if (parted.length === 0) return null;
  return (
    <>
      {parted.length === 1 ? (
        <Button small onClick={() => setAsset(parted[0]!)}>
          Backfill…
        </Button>
      ) : (
        <select className="input" aria-label="Backfill" value="" onChange={(event) => setAsset(event.target.value)}>
          <option value="">Backfill…</option>
          {parted.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      )}
      {asset === null ? null : <BackfillDialog asset={asset} onClose={() => setAsset(null)} />}
    </>
  );
}
