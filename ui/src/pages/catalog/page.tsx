// Catalogue: all assets as a list, found by words and facets; columns and checks of that name are told above it.
import "./catalog.css";
import { useMemo, useState, type ReactNode } from "react";
import type { Found } from "../../../../src/model/look-answers.ts";
import { useRead } from "../../data/read.ts";
import { flag, list, text, usePageSearch } from "../../data/search.ts";
import { AssetTable } from "../../graph/asset-table.tsx";
import type { GraphModel } from "../../graph/model.ts";
import { placesOfWords, wordsOfPlaces } from "../../graph/picks.ts";
import { RunButton } from "../../graph/run-button.tsx";
import { SavedViews } from "../../graph/saved-views.tsx";
import { useGraph } from "../../graph/use-graph.ts";
import { Button, ButtonLink } from "../../kit/button.tsx";
import { Filters, Find } from "../../kit/filters.tsx";
import { Link } from "../../kit/link.tsx";
import { Page as Frame } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { saveText } from "../../kit/save-file.ts";
import { Empty, NoMatch, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { Compare } from "./compare.tsx";
import { csvOf, type Facet, facetCounts, facetNames, FACETS, filtered, matching, selectionOf } from "./filter.ts";
import { Own } from "./own.tsx";

const catalogSearch = { q: text, status: list, kind: list, group: list, owner: list, tag: list, sel: list, compare: flag };

export function Page(): ReactNode {
  const graph = useGraph();
  if (graph.data === undefined)
    return (
      <Frame title="Catalog">
        <States read={graph} lines={10}>
          {() => null}
        </States>
      </Frame>
    );
  return (
    <States
      read={graph}
      lines={10}
      isEmpty={({ nodes }) => nodes.length === 0}
      firstUse={
        <Frame title="Catalog">
          <Empty title="This project has no assets yet.">
            <Copy text="millrace add" />
          </Empty>
        </Frame>
      }
    >
      {(model) => <Catalog model={model} />}
    </States>
  );
}

function Catalog({ model }: { readonly model: GraphModel }): ReactNode {
  const [search, setSearch] = usePageSearch(catalogSearch);
  const { q, sel, compare, ...chosen } = search;
  const [isOwning, setOwning] = useState(false);
  const searched = useMemo(() => matching(model.nodes, q), [model, q]);
  const nodes = filtered(searched, chosen);
  const readers = useMemo(() => new Map(model.nodes.map(({ asset }, place) => [asset, model.readers[place]!.length])), [model]);
  const clear = (): void =>
    setSearch({ q: undefined, status: undefined, kind: undefined, group: undefined, owner: undefined, tag: undefined }, "push");
  const isFiltered = q !== undefined || Object.values(chosen).some((words) => words !== undefined);
  const picked = [...placesOfWords(model, sel ?? [])].map((place) => model.nodes[place]!.asset);
  const pick = (assets: ReadonlySet<string>): void => {
    const words = wordsOfPlaces(model, new Set([...assets].flatMap((asset) => model.placeOf.get(asset) ?? [])));
    setSearch({ sel: words.length === 0 ? undefined : words, ...(assets.size === 2 ? {} : { compare: undefined }) });
  };
  const select = selectionOf(sel ?? []);
  const [first, second] = picked;
  return (
    <Frame
      title="Catalog"
      note={
        isFiltered
          ? `${nodes.length.toLocaleString("en-US")} of ${model.nodes.length.toLocaleString("en-US")} assets`
          : `${model.nodes.length.toLocaleString("en-US")} assets`
      }
      actions={
        <>
          {picked.length === 0 ? null : (
            <>
              {picked.length === 2 ? (
                <Button aria-pressed={compare === true} onClick={() => setSearch({ compare: compare === true ? undefined : true }, "push")}>
                  Compare
                </Button>
              ) : null}
              <Button onClick={() => setOwning(true)}>Owner and tags…</Button>
              <ButtonLink to={links.graph({ q: select })}>Show {picked.length} in the graph</ButtonLink>
              <RunButton select={select} count={picked.length} label={`Run ${picked.length}`} look="primary" />
            </>
          )}
          <Button look="quiet" onClick={() => saveText("assets.csv", csvOf(nodes))}>
            CSV
          </Button>
          <SavedViews path="/assets" />
        </>
      }
    >
      <Filters label="Filter assets" clear={isFiltered ? clear : undefined}>
        <Find
          label="Search assets, columns and checks"
          placeholder="Search assets, columns, checks, owners, tags"
          width="long"
          value={q}
          onChange={(words) => setSearch({ q: words })}
        />
      </Filters>
      {q === undefined ? null : <Elsewhere q={q} />}
      {isOwning ? <Own assets={picked} onClose={() => setOwning(false)} /> : null}
      {compare === true && first !== undefined && second !== undefined && picked.length === 2 ? (
        <Compare assets={[first, second]} onClose={() => setSearch({ compare: undefined })} />
      ) : null}
      <div className="catalog">
        <nav className="facets" aria-label="Filters">
          {FACETS.map((facet) => (
            <FacetList
              key={facet}
              facet={facet}
              counts={facetCounts(searched, facet, chosen)}
              chosen={chosen[facet] ?? []}
              onChoose={(words) => setSearch({ [facet]: words.length === 0 ? undefined : words }, "push")}
            />
          ))}
        </nav>
        <Panel>
          {nodes.length === 0 ? (
            <NoMatch what="assets" clear={clear} />
          ) : (
            <AssetTable label="Assets" nodes={nodes} readers={readers} selected={new Set(picked)} onSelect={pick} />
          )}
        </Panel>
      </div>
    </Frame>
  );
}

interface FacetListProps {
  readonly facet: Facet;
  readonly counts: readonly (readonly [word: string, count: number])[];
  readonly chosen: readonly string[];
  readonly onChoose: (words: readonly string[]) => void;
}

function FacetList({ facet, counts, chosen, onChoose }: FacetListProps): ReactNode {
  if (counts.length === 0) return null;
  return (
    <section>
      <h2>{facetNames[facet]}</h2>
      <div className="facet-list">
        {counts.map(([word, count]) => {
          const isChosen = chosen.includes(word);
          return (
            <button
              key={word}
              type="button"
              className="facet"
              aria-pressed={isChosen}
              onClick={() => onChoose(isChosen ? chosen.filter((each) => each !== word) : [...chosen, word])}
            >
              {facet === "status" ? <StatusMark status={word} bare /> : null}
              <span className="cut">{word === "" ? "without" : word}</span>
              <span className="muted">{count.toLocaleString("en-US")}</span>
            </button>
          );
        })}
      </div>
    </section>
  );
}

const OTHERS_MAX = 12;

/** What the words find besides assets: columns, checks, tests. */
function Elsewhere({ q }: { readonly q: string }): ReactNode {
  const read = useRead("search.find", { q, limit: 60 });
  const others = (read.data?.found ?? [])
    .filter(({ kind }) => kind === "column" || kind === "check" || kind === "test")
    .slice(0, OTHERS_MAX);
  if (others.length === 0) return null;
  return (
    <div className="filters" role="status">
      <span className="muted">Also</span>
      {others.map((found) => (
        <Link key={`${found.kind} ${found.name}`} className="tag" to={addressOf(found)}>
          <span className="muted">{found.kind}&nbsp;</span>
          <span className="mono">{found.name}</span>
        </Link>
      ))}
    </div>
  );
}

function addressOf({ kind, name, asset }: Found): string {
  if (asset === null) return links.catalog({ q: name });
  if (kind === "column") return links.asset(asset, "schema", { col: name.slice(asset.length + 1) });
  return links.asset(asset, kind === "check" ? "checks" : "code");
}
