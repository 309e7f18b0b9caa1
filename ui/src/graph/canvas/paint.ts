// Draws a placed scene. Three levels of detail by zoom: blocks with their status, names, names with what is known. Only what is in sight is drawn.
import { kindOf } from "../../kit/status.tsx";
import type { Placed } from "../layout/use-layout.ts";
import { heatOf, isHeat, type Lens } from "../lens.ts";
import { changeLooks, type Mark } from "../marks.ts";
import { ASSET_HEIGHT, ASSET_WIDTH, GROUP_HEIGHT, GROUP_WIDTH, nameOf, type SceneItem, shortName, statusOf } from "../scene.ts";
import { type Camera, toWorld, type View } from "./camera.ts";
import type { Palette } from "./palette.ts";
import { drawShape } from "./shapes.ts";
import type { Spatial } from "./spatial.ts";
import { cutText, shortAge, shortCount } from "./words.ts";

export interface Picture {
  readonly placed: Placed;
  readonly spatial: Spatial;
  /** All edges in one path, and those between emphasized items in another. */
  readonly edges: Path2D;
  readonly boxes: Float64Array;
  readonly strong: Path2D | null;
  /** Items that stand out; the others step back. Null: none does. */
  readonly emphasis: ReadonlySet<number> | null;
  readonly selected: ReadonlySet<number>;
  readonly focus: number;
  readonly hover: number;
  readonly lens: Lens;
  /** How items differ from another state; null: it is not asked. */
  readonly marks: ReadonlyMap<number, Mark> | null;
  readonly now: number;
}

export interface Stage {
  readonly pen: CanvasRenderingContext2D;
  readonly view: View;
  readonly ratio: number;
  readonly palette: Palette;
  readonly camera: Camera;
  /** Radians of what turns. */
  readonly turn: number;
}

/** Zooms from which names, and everything that is known, are drawn. */
export const NAMES_ZOOM = 0.34;
export const DETAILS_ZOOM = 0.6;
/** Blocks get their status' shape when it can be made out. */
const SHAPE_ZOOM = 0.14;
const FADED = 0.22;

export function sizeOf(item: SceneItem): { readonly width: number; readonly height: number } {
  return item.kind === "asset" ? { width: ASSET_WIDTH, height: ASSET_HEIGHT } : { width: GROUP_WIDTH, height: GROUP_HEIGHT };
}

export function edgePath(placed: Placed, isMeant: (from: number, to: number) => boolean = () => true): Path2D {
  const path = new Path2D();
  for (const [place, route] of placed.layout.routes.entries()) {
    const { from, to } = placed.scene.edges[place]!;
    if (isMeant(from, to)) trace(path, route);
  }
  return path;
}

function trace(path: Path2D | CanvasRenderingContext2D, route: Float64Array): void {
  if (route.length < 4) return;
  path.moveTo(route[0]!, route[1]!);
  for (let at = 2; at < route.length; at += 2) {
    const [x0, y0, x1, y1] = [route[at - 2]!, route[at - 1]!, route[at]!, route[at + 1]!];
    if (y0 === y1) path.lineTo(x1, y1);
    else {
      const middle = (x0 + x1) / 2;
      path.bezierCurveTo(middle, y0, middle, y1, x1, y1);
    }
  }
}

/** Per edge the box around its way: left, top, right, bottom. */
export function edgeBoxes({ layout }: Placed): Float64Array {
  const boxes = new Float64Array(layout.routes.length * 4);
  for (const [place, route] of layout.routes.entries()) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let at = 0; at < route.length; at += 2) {
      left = Math.min(left, route[at]!);
      right = Math.max(right, route[at]!);
      top = Math.min(top, route[at + 1]!);
      bottom = Math.max(bottom, route[at + 1]!);
    }
    boxes.set([left, top, right, bottom], place * 4);
  }
  return boxes;
}

/** @returns whether something that turns is in sight */
export function paint(stage: Stage, picture: Picture): boolean {
  const { pen, view, ratio, palette, camera } = stage;
  const { layout, scene } = picture.placed;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = palette.bg;
  pen.fillRect(0, 0, view.width * ratio, view.height * ratio);
  const scale = camera.zoom * ratio;
  const [left, top] = [(view.width / 2 / camera.zoom - camera.x) * scale, (view.height / 2 / camera.zoom - camera.y) * scale];
  pen.setTransform(scale, 0, 0, scale, left, top);
  paintEdges(stage, picture);
  const from = toWorld(camera, view, 0, 0);
  const to = toWorld(camera, view, view.width, view.height);
  const inSight = picture.spatial.within(from.x - 8, from.y - 8, to.x + 8, to.y + 8);
  if (camera.zoom < NAMES_ZOOM) paintBlocks(stage, picture, inSight);
  let turns = false;
  for (const place of inSight) {
    const item = scene.items[place]!;
    turns ||= kindOf(statusOf(item)) === "run";
    if (camera.zoom < NAMES_ZOOM && item.kind === "asset") continue;
    const at = { x: layout.x[place]!, y: layout.y[place]! };
    pen.globalAlpha = isFaded(picture, place) ? FADED : 1;
    if (item.kind === "asset") paintAsset(stage, picture, { place, item, ...at });
    else paintGroup(stage, picture, { place, item, ...at });
  }
  pen.globalAlpha = 1;
  paintRings(stage, picture);
  return turns;
}

function isFaded({ emphasis, selected }: Picture, place: number): boolean {
  return emphasis !== null && !emphasis.has(place) && !selected.has(place);
}

function paintEdges(stage: Stage, picture: Picture): void {
  const { pen, palette, camera } = stage;
  const { edges, strong, emphasis } = picture;
  pen.lineCap = "round";
  pen.lineJoin = "round";
  // Thin lines stay visible when all is small, and do not cover it.
  const thin = Math.max(1.2, 0.75 / camera.zoom);
  // From near only few edges are in sight: those are cheaper than the path of all.
  const isNear = camera.zoom >= NAMES_ZOOM;
  pen.globalAlpha = strong === null ? 1 : 0.35;
  pen.lineWidth = thin;
  pen.strokeStyle = palette.lineStrong;
  if (isNear) strokeNear(stage, picture, () => true);
  else pen.stroke(edges);
  pen.globalAlpha = 1;
  if (strong === null || emphasis === null) return;
  pen.lineWidth = thin * 1.6;
  pen.strokeStyle = palette.accent;
  if (isNear) strokeNear(stage, picture, (from, to) => emphasis.has(from) && emphasis.has(to));
  else pen.stroke(strong);
}

function strokeNear({ pen, view, camera }: Stage, { placed, boxes }: Picture, isMeant: (from: number, to: number) => boolean): void {
  const { x: left, y: top } = toWorld(camera, view, 0, 0);
  const { x: right, y: bottom } = toWorld(camera, view, view.width, view.height);
  pen.beginPath();
  for (const [place, { from, to }] of placed.scene.edges.entries()) {
    const at = place * 4;
    if (boxes[at]! > right || boxes[at + 2]! < left || boxes[at + 1]! > bottom || boxes[at + 3]! < top) continue;
    if (isMeant(from, to)) trace(pen, placed.layout.routes[place]!);
  }
  pen.stroke();
}

/** All blocks of one colour in one path. */
function paintBlocks({ pen, palette, camera, turn }: Stage, picture: Picture, inSight: readonly number[]): void {
  const { layout, scene } = picture.placed;
  const fills = new Map<string, number[]>();
  for (const place of inSight) {
    const item = scene.items[place]!;
    if (item.kind !== "asset") continue;
    const kind = kindOf(item.node.status);
    const heat = isHeat(picture.lens) ? heatOf(picture.lens, item.node, picture.now) : undefined;
    const mark = picture.marks?.get(place);
    const shown = mark === undefined ? kind : changeLooks[mark.change].kind;
    const isUnmarked = picture.marks !== null && mark === undefined;
    const colour = isUnmarked
      ? palette.lineStrong
      : heat === null
        ? palette.sunken
        : heat === undefined
          ? palette.fill[shown]
          : palette.heat[heat]!;
    const key = `${isFaded(picture, place) ? FADED : 1}|${heat === undefined && shown === "ok" ? 0.55 : 1}|${colour}`;
    const list = fills.get(key);
    if (list === undefined) fills.set(key, [place]);
    else list.push(place);
  }
  for (const [key, places] of fills) {
    const [fade, strength, colour] = key.split("|") as [string, string, string];
    pen.globalAlpha = Number(fade) * Number(strength);
    pen.fillStyle = colour;
    for (const place of places) pen.fillRect(layout.x[place]!, layout.y[place]!, ASSET_WIDTH, ASSET_HEIGHT);
  }
  pen.globalAlpha = 1;
  if (camera.zoom < SHAPE_ZOOM || picture.lens !== "status") return;
  for (const place of inSight) {
    const item = scene.items[place]!;
    if (item.kind !== "asset") continue;
    const kind = kindOf(item.node.status);
    if (kind === "ok") continue;
    pen.globalAlpha = isFaded(picture, place) ? FADED : 1;
    pen.save();
    pen.translate(layout.x[place]! + ASSET_WIDTH / 2 - 18, layout.y[place]! + ASSET_HEIGHT / 2 - 18);
    pen.scale(3, 3);
    drawShape(pen, kind, { fill: palette.surface, ground: palette.fill[kind], turn });
    pen.restore();
  }
  pen.globalAlpha = 1;
}

interface Placing<Item> {
  readonly place: number;
  readonly item: Item;
  readonly x: number;
  readonly y: number;
}

function paintAsset(
  { pen, palette, camera, turn }: Stage,
  picture: Picture,
  { place, item, x, y }: Placing<Extract<SceneItem, { kind: "asset" }>>,
): void {
  const { node } = item;
  const kind = kindOf(node.status);
  const heat = isHeat(picture.lens) ? heatOf(picture.lens, node, picture.now) : null;
  const mark = picture.marks?.get(place);
  pen.fillStyle = palette.surface;
  pen.strokeStyle = kind === "fail" ? palette.fill.fail : palette.lineStrong;
  pen.lineWidth = kind === "fail" ? 1.8 : 1.2;
  pen.setLineDash(node.materialize === "view" || node.kind === "task" ? [4, 3] : []);
  pen.beginPath();
  pen.roundRect(x, y, ASSET_WIDTH, ASSET_HEIGHT, 6);
  pen.fill();
  pen.stroke();
  pen.setLineDash([]);
  if (heat !== null) {
    pen.fillStyle = palette.heat[heat]!;
    pen.beginPath();
    pen.roundRect(x + 1, y + 1, 6, ASSET_HEIGHT - 2, [5, 0, 0, 5]);
    pen.fill();
  }
  const details = camera.zoom >= DETAILS_ZOOM;
  pen.save();
  pen.translate(x + 12, y + (details ? 8 : 17));
  drawShape(pen, kind, { fill: palette.fill[kind], ground: palette.surface, turn });
  pen.restore();
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.fillStyle = palette.text;
  if (mark !== undefined) paintMark({ pen, palette }, mark, { right: x + ASSET_WIDTH, top: y });
  const badge = (node.quarantined ?? 0) || (node.checks?.failed ?? 0);
  pen.font = details ? `500 13px ${palette.font}` : `500 22px ${palette.font}`;
  pen.fillText(
    cutText(pen, shortName(node.asset), ASSET_WIDTH - 44 - (badge && details ? 40 : 0)),
    x + 32,
    y + (details ? 15 : ASSET_HEIGHT / 2 + 1),
  );
  if (!details) return;
  pen.font = `11px ${palette.font}`;
  pen.fillStyle = palette.quiet;
  pen.fillText(cutText(pen, aboutNode(node, picture.now), ASSET_WIDTH - 24), x + 12, y + 33);
  if (badge > 0) paintBadge({ pen, palette }, x + ASSET_WIDTH - 10, y + 15, badge);
  if (place === picture.hover) paintRing(pen, { x, y, width: ASSET_WIDTH, height: ASSET_HEIGHT, colour: palette.accent, line: 1.4 });
}

function aboutNode(node: Extract<SceneItem, { kind: "asset" }>["node"], now: number): string {
  const kind = node.materialize ?? node.kind;
  return [
    node.group,
    kind,
    ...(node.rows === null ? [] : [`${shortCount(node.rows)} rows`]),
    ...(node.updatedAt === null ? [node.status] : [shortAge(node.updatedAt, now)]),
  ].join(" · ");
}

function paintBadge({ pen, palette }: Pick<Stage, "pen" | "palette">, right: number, middle: number, count: number): void {
  pen.font = `600 11px ${palette.font}`;
  const text = shortCount(count);
  const width = pen.measureText(text).width;
  pen.fillStyle = palette.text;
  pen.fillText(text, right - width, middle + 0.5);
  pen.save();
  pen.translate(right - width - 15, middle - 6);
  drawShape(pen, "quarantine", { fill: palette.fill.quarantine, ground: palette.surface, turn: 0 });
  pen.restore();
}

/** A corner with the sign of how it differs, in the colour of its kind. */
function paintMark(
  { pen, palette }: Pick<Stage, "pen" | "palette">,
  { change }: Mark,
  { right, top }: { readonly right: number; readonly top: number },
): void {
  const { sign, kind } = changeLooks[change];
  pen.fillStyle = palette.fill[kind];
  pen.beginPath();
  pen.roundRect(right - 12, top - 8, 20, 20, 4);
  pen.fill();
  pen.font = `700 15px ${palette.font}`;
  pen.fillStyle = palette.surface;
  pen.textBaseline = "middle";
  pen.textAlign = "center";
  pen.fillText(sign, right - 2, top + 3);
  pen.textAlign = "left";
  pen.fillStyle = palette.text;
}

function paintGroup(
  { pen, palette, turn, camera }: Stage,
  picture: Picture,
  { place, item, x, y }: Placing<Extract<SceneItem, { kind: "group" }>>,
): void {
  const kind = kindOf(item.status);
  pen.fillStyle = palette.surface;
  pen.strokeStyle = kind === "fail" ? palette.fill.fail : palette.lineStrong;
  pen.lineWidth = kind === "fail" ? 1.8 : 1.2;
  for (const behind of [6, 3, 0]) {
    pen.beginPath();
    pen.roundRect(x + behind, y + behind, GROUP_WIDTH - 6, GROUP_HEIGHT - 6, 6);
    pen.fill();
    pen.stroke();
  }
  // From far the words are as large as the box has room for.
  const small = camera.zoom < DETAILS_ZOOM;
  pen.save();
  pen.translate(x + 14, y + (small ? 12 : 14));
  if (small) pen.scale(1.8, 1.8);
  drawShape(pen, kind, { fill: palette.fill[kind], ground: palette.surface, turn });
  pen.restore();
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.fillStyle = palette.text;
  pen.font = `600 ${small ? 26 : 15}px ${palette.font}`;
  pen.fillText(cutText(pen, nameOf(item), GROUP_WIDTH - (small ? 66 : 56)), x + (small ? 44 : 34), y + (small ? 24 : 21));
  pen.font = `${small ? 18 : 11}px ${palette.font}`;
  pen.fillStyle = palette.quiet;
  const failed = item.counts.get("failed") ?? 0;
  const words = `${item.members.length.toLocaleString("en-US")} assets${failed > 0 ? ` · ${failed} failed` : ""}`;
  pen.fillText(cutText(pen, words, GROUP_WIDTH - 30), x + 14, y + (small ? 47 : 42));
  const mark = picture.marks?.get(place);
  if (mark !== undefined) paintMark({ pen, palette }, mark, { right: x + GROUP_WIDTH - 6, top: y });
  if (item.quarantined > 0 && !small) paintBadge({ pen, palette }, x + GROUP_WIDTH - 16, y + 42, item.quarantined);
  // How its assets stand, as a bar; what is well is quiet.
  let at = x + 14;
  const width = GROUP_WIDTH - 34;
  for (const [status, count] of [...item.counts].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const part = (width * count) / item.members.length;
    const own = kindOf(status);
    pen.globalAlpha *= own === "ok" ? 0.6 : 1;
    pen.fillStyle = palette.fill[own];
    pen.fillRect(at, y + (small ? 60 : 54), Math.max(1.5, part - 1), 5);
    pen.globalAlpha = isFaded(picture, place) ? FADED : 1;
    at += part;
  }
}

function paintRings({ pen, palette, camera }: Stage, picture: Picture): void {
  const { layout, scene } = picture.placed;
  const line = Math.max(2, 2 / camera.zoom);
  const ring = (place: number, colour: string, gap: number): void => {
    const item = scene.items[place];
    if (item === undefined) return;
    const { width, height } = sizeOf(item);
    paintRing(pen, {
      x: layout.x[place]! - gap,
      y: layout.y[place]! - gap,
      width: width + 2 * gap,
      height: height + 2 * gap,
      colour,
      line,
    });
  };
  for (const place of picture.selected) ring(place, palette.accent, 0);
  if (picture.focus >= 0) ring(picture.focus, palette.focus, 4);
}

function paintRing(
  pen: CanvasRenderingContext2D,
  ring: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly colour: string;
    readonly line: number;
  },
): void {
  pen.strokeStyle = ring.colour;
  pen.lineWidth = ring.line;
  pen.beginPath();
  pen.roundRect(ring.x, ring.y, ring.width, ring.height, 7);
  pen.stroke();
}
