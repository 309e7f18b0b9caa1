// Where an asset's columns come from and where they go: cards of assets with their columns, edges between columns by kind; a list of the same for those who hear it.
import { useMemo, type ReactNode } from "react";
import type { LineageGraphAnswer } from "../../../../src/model/lineage-answers.ts";
import { useRead } from "../../data/read.ts";
import { oneOf, text, usePageSearch } from "../../data/search.ts";
import { Impact } from "../../graph/impact.tsx";
import { useGraph } from "../../graph/use-graph.ts";
import { Button } from "../../kit/button.tsx";
import { Link, useGo } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { links } from "../../links.ts";
import { CARD_WIDTH, type Card, cardsOf } from "./lineage-cards.ts";

const HOPS = ["1", "2", "3", "all"] as const;
const kindWords = { identity: "passed on", transform: "computed", aggregate: "aggregated", condition: "decides" } as const;

export function LineageTab({ asset }: { readonly asset: string }): ReactNode {
  const [{ col, hops = "1" }, setSearch] = usePageSearch({ col: text, hops: oneOf(HOPS) });
  const go = useGo();
  // One column is followed to its origins; a whole asset by steps.
  const far = col === undefined ? hops : "all";
  const read = useRead("lineage.graph", { target: col === undefined ? asset : `${asset}.${col}`, up: far, down: far }, { fresh: true });
  return (
    <div className="stack">
      <Panel
        title={col === undefined ? "Columns above and below" : <code>{`${asset}.${col}`}</code>}
        sub="a click on a column follows it"
        actions={
          col === undefined ? (
            HOPS.map((each) => (
              <Button
                key={each}
                small
                look={each === hops ? "primary" : "quiet"}
                aria-pressed={each === hops}
                onClick={() => setSearch({ hops: each })}
              >
                {each === "all" ? "All" : `${each} ${each === "1" ? "step" : "steps"}`}
              </Button>
            ))
          ) : (
            <Button small onClick={() => setSearch({ col: undefined }, "push")}>
              All columns
            </Button>
          )
        }
      >
        <States
          read={read}
          lines={8}
          isEmpty={({ assets }) => assets.length <= 1}
          empty={<Empty title="Nothing above or below takes part." />}
        >
          {(answer) => (
            <>
              <Picture answer={answer} asset={asset} column={col} onColumn={(column) => setSearch({ col: column }, "push")} />
              <EdgeList answer={answer} />
            </>
          )}
        </States>
      </Panel>
      <Panel title="What a change reaches" padded>
        <Impact target={col === undefined ? asset : `${asset}.${col}`} onPick={(other) => go(links.asset(other))} />
      </Panel>
    </div>
  );
}

interface PictureProps {
  readonly answer: LineageGraphAnswer;
  readonly asset: string;
  readonly column: string | undefined;
  readonly onColumn: (column: string | undefined) => void;
}

function Picture({ answer, asset, column, onColumn }: PictureProps): ReactNode {
  const { data: model } = useGraph();
  const { cards, lines, width, height } = useMemo(() => cardsOf(answer), [answer]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be scrolled by keys
    <div className="lineage-box" role="region" aria-label="Picture of the lineage" tabIndex={0}>
      <div className="lineage-picture" style={{ width, height }}>
        <svg width={width} height={height} aria-hidden="true">
          {lines.map(({ path, kind, key }) => (
            <path key={key} d={path} className={`${kind}${column === undefined ? "" : " on"}`} />
          ))}
        </svg>
        {cards.map((card) => (
          <CardView
            key={card.asset}
            card={card}
            isSelf={card.asset === asset}
            column={column}
            status={model?.nodes[model.placeOf.get(card.asset) ?? -1]?.status}
            onColumn={onColumn}
          />
        ))}
      </div>
    </div>
  );
}

interface CardViewProps {
  readonly card: Card;
  readonly isSelf: boolean;
  readonly column: string | undefined;
  readonly status: string | undefined;
  readonly onColumn: (column: string | undefined) => void;
}

function CardView({ card, isSelf, column, status, onColumn }: CardViewProps): ReactNode {
  const { asset, columns, x, y, height } = card;
  return (
    <div className={isSelf ? "lineage-card self" : "lineage-card"} style={{ left: x, top: y, width: CARD_WIDTH, height }}>
      <Link className="head" to={links.asset(asset, "lineage")} title={asset}>
        {status === undefined ? null : <StatusMark status={status} bare />}
        <span className="mono cut">{asset}</span>
      </Link>
      {columns.map((name) =>
        isSelf ? (
          <button key={name} type="button" aria-pressed={name === column} onClick={() => onColumn(name === column ? undefined : name)}>
            {name}
          </button>
        ) : (
          <ColumnLink key={name} asset={asset} name={name} />
        ),
      )}
    </div>
  );
}

function ColumnLink({ asset, name }: { readonly asset: string; readonly name: string }): ReactNode {
  return (
    <Link className="column mono" to={links.asset(asset, "lineage", { col: name })} title={`Follow ${asset}.${name}`}>
      {name}
    </Link>
  );
}

function EdgeList({ answer }: { readonly answer: LineageGraphAnswer }): ReactNode {
  return (
    <details className="pad">
      <summary>
        The same as a list: {answer.edges.length} edges between columns, {answer.influences.length} that decide about rows
      </summary>
      <ul className="plain">
        {answer.edges.map(({ from, to, kind }) => (
          <li key={`${from.asset}.${from.column} ${to.asset}.${to.column} ${kind}`}>
            <code>
              {from.asset}.{from.column}
            </code>{" "}
            → {kindWords[kind]} →{" "}
            <code>
              {to.asset}.{to.column}
            </code>
          </li>
        ))}
        {answer.influences.map(({ from, to }) => (
          <li key={`${from.asset}.${from.column} ${to}`}>
            <code>
              {from.asset}.{from.column}
            </code>{" "}
            → decides which rows → <code>{to}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}
