// Lineage as pictures: boxes in layers, drawn as SVG. Every box is a link, so the keyboard reaches it; colour is never the only sign.
import type { IndexAsset } from "../data.ts";
import { assetLink, element, svg } from "./elements.ts";
import { layOut, type Layout, type LayoutEdge, type Point } from "./layout.ts";
import { type Trace, traceKey } from "./trace.ts";

const BOX_WIDTH = 210;
const HEAD_HEIGHT = 40;
const ROW_HEIGHT = 22;
const MARGIN = 8;
const CHARACTERS_MAX = 27;

/** The assets around one, within `hops`; `shownMax` keeps a picture readable. */
export function assetPicture(
  assets: readonly IndexAsset[],
  users: readonly (readonly number[])[],
  place: number,
  hops: number,
): HTMLElement {
  const shownMax = 150;
  const shown = new Set([place]);
  let isCut = false;
  for (const next of [(at: number) => assets[at]!.reads, (at: number) => users[at]!]) {
    let edge: readonly number[] = [place];
    const seen = new Set(edge);
    for (let hop = 0; hop < hops && edge.length > 0; hop++) {
      const ahead: number[] = [];
      for (const at of edge.flatMap((each) => [...next(each)])) {
        if (seen.has(at)) continue;
        seen.add(at);
        if (shown.size >= shownMax && !shown.has(at)) isCut = true;
        else {
          shown.add(at);
          ahead.push(at);
        }
      }
      edge = ahead;
    }
  }
  const places = [...shown].toSorted((a, b) => a - b);
  const edges = places.flatMap((to) =>
    assets[to]!.reads.filter((from) => shown.has(from)).map((from) => ({ from: String(from), to: String(to) })),
  );
  const layout = layOut(
    places.map((at) => ({ id: String(at), width: BOX_WIDTH, height: HEAD_HEIGHT })),
    edges,
  );
  const lines = edges.map((edge, index) =>
    line(
      ends(layout, edge, index, () => HEAD_HEIGHT / 2),
      "line",
    ),
  );
  const boxes = places.map((at) => assetBox(assets[at]!, layout.nodes.get(String(at))!, HEAD_HEIGHT, at === place));
  return frame(layout, `Assets around ${assets[place]!.id}`, [...lines, ...boxes], isCut ? `Only ${shownMax} assets are drawn.` : null);
}

/** The way of one column: the assets that it passes, with the columns that take part. */
export function columnPicture(
  assets: readonly IndexAsset[],
  trace: Trace,
  focus: { readonly place: number; readonly column: string },
): HTMLElement {
  const boxes = new Map<string, { readonly place: number; readonly name: string; readonly columns: string[] }>();
  const boxOf = ({ asset, outside }: Trace["columns"][number]): string => (asset < 0 ? `outside ${outside}` : String(asset));
  for (const each of trace.columns) {
    const box = boxes.get(boxOf(each)) ?? { place: each.asset, name: each.outside ?? assets[each.asset]!.id, columns: [] };
    boxes.set(boxOf(each), box);
    if (each.column !== "") box.columns.push(each.column);
  }
  const owner = new Map(trace.columns.map((each) => [traceKey(each), { box: boxOf(each), column: each.column }]));
  const between = trace.edges.map(({ from, to }) => ({ from: owner.get(from)!.box, to: owner.get(to)!.box }));
  const pairs = [...new Map(between.map((edge) => [JSON.stringify([edge.from, edge.to]), edge])).values()];
  const layout = layOut(
    [...boxes].map(([id, { columns }]) => ({
      id,
      width: BOX_WIDTH,
      height: HEAD_HEIGHT + columns.length * ROW_HEIGHT + (columns.length > 0 ? 6 : 0),
    })),
    pairs,
  );
  const rowAt = (box: string, column: string): number => {
    const row = boxes.get(box)!.columns.indexOf(column);
    return row < 0 ? HEAD_HEIGHT / 2 : HEAD_HEIGHT + row * ROW_HEIGHT + ROW_HEIGHT / 2;
  };
  const lines = trace.edges.map(({ from, to, kind }, index) => {
    const pair = pairs.findIndex((edge) => edge.from === between[index]!.from && edge.to === between[index]!.to);
    const height = (end: "from" | "to"): number => rowAt(between[index]![end], owner.get(end === "from" ? from : to)!.column);
    const drawn = line(ends(layout, between[index]!, pair, height), `line ${kind}`);
    drawn.append(svg("title", {}, kind));
    return drawn;
  });
  const drawn = [...boxes].map(([id, { place, name, columns }]) => {
    const corner = layout.nodes.get(id)!;
    const height = HEAD_HEIGHT + columns.length * ROW_HEIGHT + (columns.length > 0 ? 6 : 0);
    const box = place < 0 ? outsideBox(name, corner, height) : assetBox(assets[place]!, corner, height, place === focus.place);
    const rows = columns.map((column, row) => {
      const isFocus = place === focus.place && column === focus.column;
      const text = svg(
        "text",
        { x: corner.x + 12, y: corner.y + HEAD_HEIGHT + row * ROW_HEIGHT + 15, class: `column${isFocus ? " focus" : ""}` },
        shortColumn(column),
      );
      if (place < 0) return text;
      return svg("a", { href: assetLink(name, column), "aria-label": `${name}.${column}` }, svg("title", {}, `${name}.${column}`), text);
    });
    return svg("g", {}, box, ...rows);
  });
  const title = `The way of ${assets[focus.place]!.id}.${focus.column}`;
  return frame(layout, title, [...lines, ...drawn], trace.isCut ? "The way goes on: only the nearest assets are drawn." : null);
}

function ends(layout: Layout, { from, to }: LayoutEdge, route: number, height: (end: "from" | "to") => number): readonly Point[] {
  const [start, end] = [layout.nodes.get(from)!, layout.nodes.get(to)!];
  return [{ x: start.x + BOX_WIDTH, y: start.y + height("from") }, ...(layout.routes[route] ?? []), { x: end.x, y: end.y + height("to") }];
}

/** A line through the points that leaves and arrives level. */
function line(points: readonly Point[], kind: string): SVGElement {
  const [first, ...rest] = points;
  let path = `M${first!.x} ${first!.y}`;
  let last = first!;
  for (const point of rest) {
    const middle = (last.x + point.x) / 2;
    path += `C${middle} ${last.y} ${middle} ${point.y} ${point.x} ${point.y}`;
    last = point;
  }
  return svg("path", { d: path, class: kind, "marker-end": "url(#arrow)" });
}

function assetBox({ id, kind, materialize, status }: IndexAsset, { x, y }: Point, height: number, isFocus: boolean): SVGElement {
  return svg(
    "a",
    { href: assetLink(id), class: `box ${kind}${isFocus ? " focus" : ""}`, "aria-label": `${id}, ${kind}, ${status}` },
    svg("title", {}, id),
    svg("rect", { x, y, width: BOX_WIDTH, height, rx: 6 }),
    svg("text", { x: x + 12, y: y + 17, class: "name" }, shortName(id)),
    svg("text", { x: x + 12, y: y + 32, class: "kind" }, `${materialize ?? kind} · ${status}`),
  );
}

function outsideBox(name: string, { x, y }: Point, height: number): SVGElement {
  return svg(
    "g",
    { class: "box outside" },
    svg("title", {}, name),
    svg("rect", { x, y, width: BOX_WIDTH, height, rx: 6 }),
    svg("text", { x: x + 12, y: y + 17, class: "name" }, shortName(name)),
    svg("text", { x: x + 12, y: y + 32, class: "kind" }, "outside"),
  );
}

/** Of an asset the end tells more, of a column the beginning. */
function shortName(text: string): string {
  const characters = Array.from(text);
  return characters.length > CHARACTERS_MAX ? `…${characters.slice(1 - CHARACTERS_MAX).join("")}` : text;
}

function shortColumn(text: string): string {
  const characters = Array.from(text);
  return characters.length > CHARACTERS_MAX ? `${characters.slice(0, CHARACTERS_MAX - 1).join("")}…` : text;
}

function frame({ width, height }: Layout, title: string, content: readonly SVGElement[], note: string | null): HTMLElement {
  const [wide, high] = [width + MARGIN * 2, height + MARGIN * 2];
  const arrow = svg(
    "marker",
    { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" },
    svg("path", { d: "M0 0L8 4L0 8z" }),
  );
  const picture = svg(
    "svg",
    { width: wide, height: high, viewBox: `${-MARGIN} ${-MARGIN} ${wide} ${high}`, role: "group", "aria-label": title },
    svg("defs", {}, arrow),
    ...content,
  );
  return element(
    "figure",
    {},
    element("div", { class: "picture", tabindex: "0", role: "region", "aria-label": title }, picture),
    note === null ? null : element("figcaption", {}, note),
  );
}
