// Graph: how assets feed each other and how they stand, as a picture, a tree or a table of the same. What is shown is a selection of the one grammar.
import "../../graph/graph.css";
import { useMemo, type ReactNode } from "react";
import { Stage } from "../../graph/canvas/stage.tsx";
import { AssetTable } from "../../graph/asset-table.tsx";
import { Inspector } from "../../graph/inspector.tsx";
import { LENSES } from "../../graph/lens.ts";
import { useLayout } from "../../graph/layout/use-layout.ts";
import type { GraphModel } from "../../graph/model.ts";
import { RunButton } from "../../graph/run-button.tsx";
import { itemMarks } from "../../graph/marks.ts";
import { placesOfWords, toggled, wordsOfPlaces } from "../../graph/picks.ts";
import { type SceneItem, sceneOf } from "../../graph/scene.ts";
import { TreeView } from "../../graph/tree-view.tsx";
import { useGraph } from "../../graph/use-graph.ts";
import type { Unsure } from "../../../../src/model/graph-answers.ts";
import { flag, list, oneOf, text, usePageSearch } from "../../data/search.ts";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { useGo } from "../../kit/link.tsx";
import { Page as Frame } from "../../kit/page.tsx";
import { Partly } from "../../kit/partly.tsx";
import { Copy } from "../../kit/values.tsx";
import { Empty, Failure, States } from "../../kit/states.tsx";
import { links } from "../../links.ts";
import { useEmphasis } from "./emphasis.ts";
import { Legend } from "./legend.tsx";
import { SelectionBar } from "./selection-bar.tsx";
import { Toolbar, VIEWS } from "./toolbar.tsx";
import { useChanges } from "./use-changes.ts";

const graphSearch = {
  q: text,
  view: oneOf(VIEWS),
  node: text,
  to: text,
  col: text,
  open: list,
  lens: oneOf(LENSES),
  at: text,
  impact: flag,
  sel: list,
  against: text,
};

/** More assets than this are shown folded into their groups at first. */
const FOLDED_FROM = 150;

export function Page(): ReactNode {
  const graph = useGraph();
  // The picture takes the whole height: nothing stands around it once it is there.
  if (graph.data !== undefined && graph.data.nodes.length > 0) return <GraphPage model={graph.data} partial={graph.partial} />;
  return (
    <Frame title="Graph">
      <States read={graph} lines={8}>
        {() => (
          <Empty title="This project has no assets yet.">
            <p>A model is a file with SQL below models/, a source a file below sources/. One command makes the first:</p>
            <Copy text="millrace add" />
          </Empty>
        )}
      </States>
    </Frame>
  );
}

function GraphPage({ model, partial }: { readonly model: GraphModel; readonly partial: Unsure | undefined }): ReactNode {
  const [search, setSearch] = usePageSearch(graphSearch);
  const { q, view = "graph", lens = "status", node, to, col, open, impact } = search;
  const go = useGo();
  const found = useRead("assets.list", { select: q ?? "" }, { enabled: q !== undefined });
  const shown = useMemo(() => shownPlaces(model, q === undefined ? undefined : found.data?.assets), [model, q, found.data]);
  const groups = useMemo(() => [...new Set([...shown].map((place) => model.nodes[place]!.group))].toSorted(), [model, shown]);
  const openGroups = useMemo(() => openOf(open, { groups, count: shown.size }), [open, groups, shown.size]);
  const scene = useMemo(() => sceneOf({ model, shown, isFolded: (group) => !openGroups.has(group) }), [model, shown, openGroups]);
  const structure = useMemo(
    () => `${scene.items.map(({ key }) => key).join(" ")}|${scene.edges.map(({ from, to: end }) => `${from}-${end}`).join(" ")}`,
    [scene],
  );
  const placed = useLayout(view === "graph" && shown.size > 0 ? scene : undefined, structure);
  const picked = node === undefined ? -1 : (model.placeOf.get(node) ?? -1);
  const other = to === undefined ? -1 : (model.placeOf.get(to) ?? -1);
  const { marks, note, read: compared } = useChanges(model, { isOn: lens === "change", against: search.against });
  const chosen = useMemo(() => placesOfWords(model, search.sel ?? []), [model, search.sel]);
  const choose = (places: ReadonlySet<number>): void => {
    const words = wordsOfPlaces(model, places);
    setSearch({ sel: words.length === 0 ? undefined : words }, "push");
  };
  const followed = useEmphasis({ model, shown, picked, other, column: col, isImpact: impact === true, lens });
  const emphasis = marks === null || followed.places !== null ? followed : { places: new Set(marks.keys()), note };
  const sceneNow = placed?.scene ?? scene;
  const itemsMarked = useMemo(() => (marks === null ? null : itemMarks(sceneNow, marks)), [sceneNow, marks]);
  const items = useMemo(() => {
    const places = emphasis.places;
    return places === null ? null : new Set([...places].map((place) => sceneNow.itemOf[place] ?? -1).filter((item) => item >= 0));
  }, [emphasis.places, sceneNow]);
  const selected = useMemo(
    () => new Set([picked, other, ...chosen].map((place) => (place < 0 ? -1 : (sceneNow.itemOf[place] ?? -1))).filter((item) => item >= 0)),
    [picked, other, chosen, sceneNow],
  );
  const pickAsset = (asset: string): void => setSearch({ node: asset, to: undefined, col: undefined, impact: undefined }, "push");
  const select = (words: string, how: "only" | "also"): void =>
    setSearch({ q: how === "also" && q !== undefined ? `${q} or ${words}` : words, open: ["*"], at: undefined }, "push");
  const readers = useMemo(() => new Map(model.nodes.map(({ asset }, place) => [asset, model.readers[place]!.length])), [model]);
  const label = `Graph of ${shown.size} assets`;
  const pick = (item: number, how: "alone" | "other"): void => {
    const target = sceneNow.items[item];
    if (target === undefined) setSearch({ node: undefined, to: undefined, col: undefined, impact: undefined });
    else if (target.kind === "group") setSearch({ open: toggledGroup(openGroups, target.group), at: undefined }, "push");
    else if (how === "other" && picked >= 0) setSearch({ to: target.key }, "push");
    else pickAsset(target.key);
  };
  return (
    <Frame
      title="Graph"
      flush
      note={
        <>
          {shown.size.toLocaleString("en-US")} of {model.nodes.length.toLocaleString("en-US")} assets
          <Partly why={partial} />
        </>
      }
      actions={
        shown.size > 0 ? (
          <RunButton select={q ?? "*"} count={shown.size} label={q === undefined ? "Run all" : "Run what is shown"} />
        ) : undefined
      }
    >
      <Toolbar
        q={q}
        view={view}
        lens={lens}
        groups={groups}
        openGroups={openGroups}
        onSelect={(words) => setSearch({ q: words, at: undefined }, "push")}
        onView={(next) => setSearch({ view: next === "graph" ? undefined : next }, "push")}
        onLens={(next) => setSearch({ lens: next === "status" ? undefined : next })}
        onOpen={(next) => setSearch({ open: next, at: undefined })}
        against={search.against}
        onAgainst={(against) => setSearch({ against }, "push")}
      />
      {emphasis.note === null ? null : (
        <div className="graph-bar" role="status">
          <span className="grow">{emphasis.note}</span>
          <Button
            small
            look="quiet"
            onClick={() =>
              setSearch({
                to: undefined,
                col: undefined,
                impact: undefined,
                ...(lens === "status" ? {} : { lens: undefined, against: undefined }),
              })
            }
          >
            Clear
          </Button>
        </div>
      )}
      {lens === "change" && compared.error !== null ? <Failure error={compared.error} retry={compared.retry} /> : null}
      {chosen.size === 0 ? null : (
        <SelectionBar
          model={model}
          places={chosen}
          onChange={choose}
          onOnly={(words) => setSearch({ q: words, open: ["*"], at: undefined }, "push")}
        />
      )}
      <div className={picked >= 0 ? "graph-body inspected" : "graph-body"}>
        <div className={view === "graph" ? "graph-main" : "graph-main scrolls"}>
          {q !== undefined && found.error !== null ? (
            <Failure error={found.error} retry={found.retry} />
          ) : view === "table" ? (
            <AssetTable
              label={label}
              nodes={[...shown].map((place) => model.nodes[place]!)}
              readers={readers}
              marks={marks === null ? undefined : new Map([...marks].map(([place, mark]) => [model.nodes[place]!.asset, mark]))}
              selected={new Set([...chosen].map((place) => model.nodes[place]!.asset))}
              onSelect={(assets) => choose(new Set([...assets].flatMap((asset) => model.placeOf.get(asset) ?? [])))}
            />
          ) : view === "tree" ? (
            <TreeView
              model={model}
              shown={shown}
              label={label}
              selected={picked}
              chosen={chosen}
              marks={marks}
              onChoose={(places) => choose(toggled(chosen, places))}
              onPick={(place) => pickAsset(model.nodes[place]!.asset)}
              onOpen={(place) => go(links.asset(model.nodes[place]!.asset))}
            />
          ) : placed === undefined ? null : (
            <Stage
              placed={placed}
              label={label}
              emphasis={items}
              selected={selected}
              lens={lens}
              marks={itemsMarked}
              at={search.at}
              onAt={(at) => setSearch({ at })}
              onPick={pick}
              onLoop={(drawn) =>
                choose(
                  toggled(
                    chosen,
                    drawn.flatMap((item) => placesOf(placed.scene.items[item])),
                  ),
                )
              }
              onOpen={(item) => {
                const target = placed.scene.items[item]!;
                if (target.kind === "group") pick(item, "alone");
                else go(links.asset(target.key));
              }}
              onKey={(key, item) => {
                const target = placed.scene.items[item];
                if (target?.kind !== "asset" || (key !== "[" && key !== "]")) return false;
                select(key === "[" ? `1+${target.key}` : `${target.key}+1`, "also");
                return true;
              }}
            >
              <Legend lens={lens} marks={marks} statuses={[...shown].map((place) => model.nodes[place]!.status)} />
            </Stage>
          )}
        </div>
        {picked < 0 ? null : (
          <Inspector
            model={model}
            place={picked}
            column={col}
            isImpact={impact === true}
            onPick={pickAsset}
            onColumn={(column) => setSearch({ col: column }, "push")}
            onImpact={(on) => setSearch({ impact: on ? true : undefined })}
            onSelection={select}
            onClose={() => setSearch({ node: undefined, to: undefined, col: undefined, impact: undefined }, "push")}
          />
        )}
      </div>
    </Frame>
  );
}

function placesOf(item: SceneItem | undefined): readonly number[] {
  return item === undefined ? [] : item.kind === "asset" ? [item.place] : item.members;
}

function shownPlaces(model: GraphModel, found: readonly { readonly asset: string }[] | undefined): ReadonlySet<number> {
  if (found === undefined) return new Set(model.nodes.keys());
  return new Set(found.flatMap(({ asset }) => model.placeOf.get(asset) ?? []));
}

/** `*`: all; `-`: none; else these. Without a word: all, where they are few. */
function openOf(
  open: readonly string[] | undefined,
  { groups, count }: { readonly groups: readonly string[]; readonly count: number },
): ReadonlySet<string> {
  if (open === undefined) return new Set(count <= FOLDED_FROM || groups.length < 2 ? groups : []);
  if (open.includes("*")) return new Set(groups);
  return new Set(open.filter((group) => groups.includes(group)));
}

function toggledGroup(open: ReadonlySet<string>, group: string): readonly string[] {
  const next = new Set(open);
  if (!next.delete(group)) next.add(group);
  return next.size === 0 ? ["-"] : [...next];
}
