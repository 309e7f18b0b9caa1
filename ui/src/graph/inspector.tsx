// What is picked in the graph, beside it: how it stands and why, what it reads, who reads it, its columns, what a change reaches.
import type { ReactNode } from "react";
import { useRead } from "../data/read.ts";
import { Button, ButtonLink } from "../kit/button.tsx";
import { Sentence } from "../kit/sentence.tsx";
import { States } from "../kit/states.tsx";
import { StatusMark } from "../kit/status.tsx";
import { Count, Duration, Time } from "../kit/values.tsx";
import { links } from "../links.ts";
import { kindWord } from "./asset-table.tsx";
import { Impact } from "./impact.tsx";
import { type GraphModel, reach } from "./model.ts";
import { RunButton } from "./run-button.tsx";

interface InspectorProps {
  readonly model: GraphModel;
  readonly place: number;
  /** `asset.column` that is followed. */
  readonly column: string | undefined;
  readonly isImpact: boolean;
  readonly onPick: (asset: string) => void;
  readonly onColumn: (column: string | undefined) => void;
  readonly onImpact: (on: boolean) => void;
  /** Narrows or widens what is shown, by the grammar. */
  readonly onSelection: (text: string, how: "only" | "also") => void;
  readonly onClose: () => void;
}

export function Inspector(props: InspectorProps): ReactNode {
  const { model, place, column, isImpact, onPick, onColumn, onImpact, onSelection, onClose } = props;
  const node = model.nodes[place]!;
  const [up, down] = [reach(place, model.needs).size, reach(place, model.readers).size];
  return (
    <aside className="graph-inspector" aria-label={`About ${node.asset}`}>
      <div className="stack">
        <div className="row">
          <StatusMark status={node.status} />
          <span className="grow" />
          <Button small look="quiet" onClick={onClose} aria-label="Close">
            ✕
          </Button>
        </div>
        <h2 className="mono">{node.asset}</h2>
        {node.description === null ? null : <p className="second">{node.description}</p>}
        <div className="row wrap">
          <ButtonLink small look="primary" to={links.asset(node.asset)}>
            Open
          </ButtonLink>
          <RunButton small select={node.asset} count={1} label="Run" />
          {down > 0 ? <RunButton small select={`${node.asset}+`} count={down + 1} label="Run with all below" /> : null}
        </div>
      </div>
      <dl className="pairs">
        <dt>Kind</dt>
        <dd>{kindWord(node)}</dd>
        <dt>Rows</dt>
        <dd>
          <Count of={node.rows} />
        </dd>
        <dt>Updated</dt>
        <dd>{node.updatedAt === null ? "never" : <Time at={node.updatedAt} ago />}</dd>
        <dt>Took</dt>
        <dd>
          <Duration seconds={node.seconds} />
        </dd>
        {node.owner === null ? null : (
          <>
            <dt>Owner</dt>
            <dd>{node.owner}</dd>
          </>
        )}
        {node.quarantined === 0 || node.quarantined === null ? null : (
          <>
            <dt>Quarantine</dt>
            <dd>
              <ButtonLink small to={links.quarantine(node.asset)}>
                {node.quarantined.toLocaleString("en-US")} records
              </ButtonLink>
            </dd>
          </>
        )}
      </dl>
      <Why asset={node.asset} />
      <section>
        <h3>Show</h3>
        <div className="row wrap">
          <Button small onClick={() => onSelection(`+${node.asset}`, "only")} disabled={up === 0}>
            All above ({up})
          </Button>
          <Button small onClick={() => onSelection(`${node.asset}+`, "only")} disabled={down === 0}>
            All below ({down})
          </Button>
          <Button small onClick={() => onSelection(`1+${node.asset}+1`, "only")}>
            Neighbours
          </Button>
          <Button small onClick={() => onSelection(`1+${node.asset}+1`, "also")} title="[ and ] on the graph">
            Add one step
          </Button>
        </div>
      </section>
      <Names title="Reads" model={model} places={model.needs[place]!} onPick={onPick} />
      <Names title="Read by" model={model} places={model.readers[place]!} onPick={onPick} />
      <Columns asset={node.asset} column={column} onColumn={onColumn} />
      <section className="stack">
        <div className="row">
          <h3 className="grow">What a change reaches</h3>
          <Button small aria-pressed={isImpact} onClick={() => onImpact(!isImpact)}>
            {isImpact ? "Hide" : "Show"}
          </Button>
        </div>
        {isImpact ? <Impact target={column ?? node.asset} onPick={onPick} /> : null}
      </section>
    </aside>
  );
}

function Why({ asset }: { readonly asset: string }): ReactNode {
  const why = useRead("assets.why", { asset }, { fresh: true });
  return (
    <section>
      <h3>Why</h3>
      <States
        read={why}
        lines={2}
        isEmpty={({ sentences }) => sentences.length === 0}
        empty={<span className="muted">Nothing to tell.</span>}
      >
        {({ sentences }) => (
          <ul className="plain second stack">
            {sentences.slice(0, 4).map((sentence) => (
              <li key={sentence}>
                <Sentence text={sentence} />
              </li>
            ))}
          </ul>
        )}
      </States>
    </section>
  );
}

interface NamesProps {
  readonly title: string;
  readonly model: GraphModel;
  readonly places: readonly number[];
  readonly onPick: (asset: string) => void;
}

function Names({ title, model, places, onPick }: NamesProps): ReactNode {
  return (
    <section>
      <h3>
        {title} <span className="muted">{places.length}</span>
      </h3>
      {places.length === 0 ? <span className="muted">nothing</span> : null}
      <div className="graph-names">
        {places.map((each) => {
          const { asset, status } = model.nodes[each]!;
          return (
            <button key={asset} type="button" className="graph-name" onClick={() => onPick(asset)} title={asset}>
              <StatusMark status={status} bare />
              <span className="mono">{asset}</span>
            </button>
          );
        })}
      </div>
    </section>
  );
}

function Columns({
  asset,
  column,
  onColumn,
}: {
  readonly asset: string;
  readonly column: string | undefined;
  readonly onColumn: InspectorProps["onColumn"];
}): ReactNode {
  const described = useRead("assets.describe", { asset }, { fresh: true });
  return (
    <section>
      <h3>Columns</h3>
      <States
        read={described}
        lines={3}
        isEmpty={(answer) => answer.asset.columns.length === 0}
        empty={<span className="muted">none are known</span>}
      >
        {({ asset: { columns } }) => (
          <div className="graph-names">
            {columns.map(({ name, type }) => {
              const full = `${asset}.${name}`;
              return (
                <button
                  key={name}
                  type="button"
                  className="graph-name"
                  aria-pressed={column === full}
                  title="Follow this column"
                  onClick={() => onColumn(column === full ? undefined : full)}
                >
                  <span className="mono grow">{name}</span>
                  <span className="muted mono">{type.toLowerCase()}</span>
                </button>
              );
            })}
          </div>
        )}
      </States>
    </section>
  );
}
