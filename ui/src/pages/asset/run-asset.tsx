// Runs an asset: alone, with what it reads, with what reads it; what is current is reused, unless it is asked to be built anyway.
import { useState, type ReactNode } from "react";
import { useAct } from "../../data/act.ts";
import { reach } from "../../graph/model.ts";
import { useGraph } from "../../graph/use-graph.ts";
import { ActForm } from "../../kit/act-form.tsx";
import { Button } from "../../kit/button.tsx";
import { useGo } from "../../kit/link.tsx";
import { toast } from "../../kit/toast.tsx";
import { Copy } from "../../kit/values.tsx";
import { links } from "../../links.ts";

const SCOPES = ["this", "above", "below", "both"] as const;
type Scope = (typeof SCOPES)[number];

const scopeWords: Readonly<Record<Scope, string>> = {
  this: "It alone",
  above: "With all that it reads",
  below: "With all that reads it",
  both: "With both",
};

export function RunAsset({ asset }: { readonly asset: string }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button look="primary" data-key="r" title="r" onClick={() => setOpen(true)}>
        Run…
      </Button>
      {isOpen ? <Asked asset={asset} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function Asked({ asset, onClose }: { readonly asset: string; readonly onClose: () => void }): ReactNode {
  const [scope, setScope] = useState<Scope>("this");
  const [isAll, setAll] = useState(false);
  const { data: model } = useGraph();
  const start = useAct("runs.start");
  const go = useGo();
  const place = model?.placeOf.get(asset) ?? -1;
  const above = model === undefined || place < 0 ? 0 : reach(place, model.needs).size;
  const below = model === undefined || place < 0 ? 0 : reach(place, model.readers).size;
  const counts: Readonly<Record<Scope, number>> = { this: 1, above: 1 + above, below: 1 + below, both: 1 + above + below };
  const select = `${scope === "above" || scope === "both" ? "+" : ""}${asset}${scope === "below" || scope === "both" ? "+" : ""}`;
  return (
    <ActForm
      title={
        <>
          Run <span className="mono">{asset}</span>
        </>
      }
      act={counts[scope] === 1 ? "Run" : `Run ${counts[scope].toLocaleString("en-US")} assets`}
      busy={start.isPending}
      error={start.error}
      onAct={async () => {
        const { run } = await start.run({ select, ...(isAll ? { fullRefresh: true } : {}) });
        onClose();
        toast(`Run ${run} has begun`, { action: { label: "Open", run: () => go(links.run(run)) } });
      }}
      onClose={onClose}
    >
      <fieldset className="plain-fields">
        <legend className="unseen">What is run</legend>
        {SCOPES.map((each) => (
          <label key={each} className="row">
            <input
              type="radio"
              name="scope"
              checked={scope === each}
              disabled={(each === "above" && above === 0) || (each === "below" && below === 0) || (each === "both" && above * below === 0)}
              onChange={() => setScope(each)}
            />
            {scopeWords[each]} <span className="muted">{counts[each].toLocaleString("en-US")}</span>
          </label>
        ))}
      </fieldset>
      <label className="row">
        <input type="checkbox" checked={isAll} onChange={(event) => setAll(event.target.checked)} />
        Also what is current, from nothing
      </label>
      <p className="second">
        {isAll
          ? "Everything of it is built anew, and what is kept by time is loaded from its beginning."
          : "Only what is not current is built; the rest is reused."}
      </p>
      <Copy text={`millrace run --select '${select}'${isAll ? " --full-refresh" : ""}`} />
    </ActForm>
  );
}
