// Lineage as text for people: what an asset or a column is made from, as a tree upwards, and where it goes, downwards.
import type { LineageEdge, LineageGraphAnswer } from "../model/lineage-answers.ts";
import { printable } from "./table.ts";

interface Branch {
  readonly text: string;
  readonly branches: readonly Branch[];
}

type Direction = "up" | "down";

const TITLES: Readonly<Record<Direction, string>> = { up: "made from", down: "goes into" };

/** Lines of text; `bold` marks what was asked for. */
export function lineageTree(graph: LineageGraphAnswer, bold: (text: string) => string): readonly string[] {
  const name = graph.column === null ? graph.asset : `${graph.asset}.${graph.column}`;
  const sides = (["up", "down"] as const).flatMap((direction) => {
    const branches = graph.column === null ? assetBranches(graph, direction) : columnBranches(graph, direction);
    return [`  ${TITLES[direction]}${branches.length === 0 ? " nothing" : ""}`, ...draw(branches, "  ")];
  });
  const columns = graph.column === null ? columnLines(graph) : influenceLines(graph);
  const own = graph.assets.find(({ asset }) => asset === graph.asset);
  return [bold(printable(name)) + (own === undefined ? "" : readText(own)), ...sides, ...columns];
}

function readText({ readAs }: LineageGraphAnswer["assets"][number]): string {
  return readAs === undefined ? "" : ", columns as DuckDB reads its SQL";
}

function draw(branches: readonly Branch[], indent: string): readonly string[] {
  return branches.flatMap(({ text, branches: below }, index) => {
    const isLast = index === branches.length - 1;
    return [`${indent}${isLast ? "└─" : "├─"} ${text}`, ...draw(below, `${indent}${isLast ? "   " : "│  "}`)];
  });
}

function assetBranches(graph: LineageGraphAnswer, direction: Direction): readonly Branch[] {
  const kinds = new Map(graph.assets.map((each) => [each.asset, `${each.kind}${readText(each)}`]));
  const next = new Map<string, string[]>();
  for (const { from, to } of graph.reads) {
    const [at, other] = direction === "up" ? [to, from] : [from, to];
    next.set(at, [...(next.get(at) ?? []), other]);
  }
  const sides = new Set(graph.assets.filter(({ hops }) => (direction === "up" ? hops < 0 : hops > 0)).map(({ asset }) => asset));
  return grow(graph.asset, (at) =>
    (next.get(at) ?? []).filter((id) => sides.has(id)).map((id) => ({ key: id, text: `${printable(id)}  ${kinds.get(id)}` })),
  );
}

function columnBranches(graph: LineageGraphAnswer, direction: Direction): readonly Branch[] {
  const keyOf = ({ asset, column }: LineageEdge["from"]): string => (column === "" ? asset : `${asset}.${column}`);
  const next = new Map<string, { readonly key: string; readonly text: string }[]>();
  for (const { from, to, kind } of graph.edges) {
    const [at, other] = direction === "up" ? [to, from] : [from, to];
    const key = keyOf(other);
    next.set(keyOf(at), [...(next.get(keyOf(at)) ?? []), { key, text: `${printable(key)}  ${kind}` }]);
  }
  return grow(keyOf({ asset: graph.asset, column: graph.column! }), (at) => next.get(at) ?? []);
}

/** What was drawn already is named again without what is below it. */
function grow(start: string, next: (at: string) => readonly { readonly key: string; readonly text: string }[]): readonly Branch[] {
  const drawn = new Set([start]);
  const below = (at: string): readonly Branch[] =>
    next(at).map(({ key, text }) => {
      if (drawn.has(key)) return { text: `${text}  (above)`, branches: [] };
      drawn.add(key);
      return { text, branches: below(key) };
    });
  return below(start);
}

/** One line per column of the asset with what stands next to it. */
function columnLines(graph: LineageGraphAnswer): readonly string[] {
  const own = graph.assets.find(({ asset }) => asset === graph.asset)?.columns ?? [];
  const lines = own.map((column) => {
    const above = graph.edges.filter(({ to }) => to.asset === graph.asset && to.column === column);
    const below = graph.edges.filter(({ from }) => from.asset === graph.asset && from.column === column);
    const from = above.map(({ from: { asset, column: at }, kind }) => `${at === "" ? asset : `${asset}.${at}`} (${kind})`);
    const to = below.map(({ to: { asset, column: at }, kind }) => `${asset}.${at} (${kind})`);
    const sides = [from.length === 0 ? [] : [`<- ${from.join(", ")}`], to.length === 0 ? [] : [`-> ${to.join(", ")}`]].flat();
    return `  ${printable(column)}${sides.length === 0 ? "" : `  ${printable(sides.join("  "))}`}`;
  });
  return [...(lines.length === 0 ? [] : ["", ...lines]), ...influenceLines(graph)];
}

/** What decides which rows there are. */
function influenceLines(graph: LineageGraphAnswer): readonly string[] {
  const on = graph.influences.filter(({ to }) => to === graph.asset).map(({ from }) => `${from.asset}.${from.column}`);
  const by = graph.influences.filter(({ from }) => from.asset === graph.asset && (graph.column === null || from.column === graph.column));
  return [
    ...(on.length === 0 ? [] : ["", printable(`  its rows are decided by ${on.join(", ")}`)]),
    ...(by.length === 0 ? [] : ["", printable(`  decides about the rows of ${[...new Set(by.map(({ to }) => to))].join(", ")}`)]),
  ];
}
