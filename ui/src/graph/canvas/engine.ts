// What happens on the canvas outside of React: draws when something changed, pans, zooms and picks. One per canvas; ended by `end`.
import type { Placed } from "../layout/use-layout.ts";
import type { Lens } from "../lens.ts";
import type { Mark } from "../marks.ts";
import { type Camera, cameraText, fit, parseCamera, toView, toWorld, type View, zoomAt } from "./camera.ts";
import { isInside, lassoWith, paintLasso, type Point } from "./lasso.ts";
import { edgeBoxes, edgePath, NAMES_ZOOM, paint, type Picture, sizeOf } from "./paint.ts";
import { onPalette, type Palette, readPalette } from "./palette.ts";
import { spatialIndex } from "./spatial.ts";
import { createStill } from "./still.ts";

export interface Shown {
  readonly placed: Placed;
  readonly emphasis: ReadonlySet<number> | null;
  readonly selected: ReadonlySet<number>;
  readonly focus: number;
  readonly lens: Lens;
  readonly marks: ReadonlyMap<number, Mark> | null;
  /** A drag draws a loop around what is meant; else only with Shift. */
  readonly isLasso: boolean;
}

export interface Hears {
  /** Where it is looked at now that it stands still; undefined: all of it. */
  at(at: string | undefined): void;
  pick(place: number, how: "alone" | "other"): void;
  open(place: number): void;
  /** A loop was drawn around these. */
  loop(places: readonly number[]): void;
}

export interface Engine {
  show(shown: Shown): void;
  /** Looks where the address says. */
  look(at: string | undefined): void;
  zoomBy(factor: number): void;
  fitAll(): void;
  /** Brings an item into sight. */
  reveal(place: number): void;
  end(): void;
}

/** The address follows when the picture stands still. */
const SETTLED_MS = 250;
/** It stands still when it was not moved for so long. */
const REST_MS = 120;
/** What is moved less was a click. */
const CLICK_PX = 4;
const TURN_PER_MS = (2 * Math.PI) / 1_200;
/** A wheel's step zooms; smaller ones come from fingers that pan. */
const WHEEL_STEP = 40;
const SIGHT_MARGIN_PX = 90;
/** So many assets are shown with their names at first, even where not all of them fit. */
const READABLE_MAX = 60;
const FIRST_GAP = 40;

export function createEngine(canvas: HTMLCanvasElement, frame: HTMLElement, hears: Hears): Engine {
  const pen = canvas.getContext("2d", { alpha: false })!;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const pointers = new Map<number, { x: number; y: number }>();
  let view: View = { width: 0, height: 0 };
  let camera: Camera | undefined;
  let palette: Palette = readPalette();
  let picture: Picture | undefined;
  let [dirty, turns, hover, movedPx] = [true, false, -1, 0];
  let settle: ReturnType<typeof setTimeout> | undefined;
  let request = 0;
  let movedMs = Number.NEGATIVE_INFINITY;
  let [isLasso, lasso] = [false, null as readonly Point[] | null];
  const still = createStill();

  const draw = (): void => {
    if (picture === undefined || camera === undefined || view.width === 0) return;
    const isMoving = performance.now() - movedMs < REST_MS;
    if (isMoving && still.move({ pen, view, palette, camera }, { ...picture, hover, now: Date.now() })) return; // painted when it rests
    dirty = false;
    const turn = calm.matches ? 0 : performance.now() * TURN_PER_MS;
    turns = paint({ pen, view, ratio: devicePixelRatio, palette, camera, turn }, { ...picture, hover, now: Date.now() });
    if (lasso !== null) paintLasso(pen, lasso, { ratio: devicePixelRatio, line: palette.accent, fill: palette.accentSoft });
  };
  const loop = (): void => {
    if (dirty || (turns && !calm.matches)) draw();
    request = requestAnimationFrame(loop);
  };
  const lookAt = (next: Camera, how: "moved" | "fitted" = "moved"): void => {
    camera = next;
    dirty = true;
    if (how === "moved") movedMs = performance.now();
    clearTimeout(settle);
    settle = setTimeout(() => hears.at(how === "fitted" ? undefined : cameraText(next)), SETTLED_MS);
  };
  const all = (): Camera => {
    const { layout, scene } = picture!.placed;
    const top = layout.y.reduce((least, y) => Math.min(least, y), 0);
    const whole = fit({ left: 0, top, right: layout.width, bottom: layout.height }, view);
    if (whole.zoom >= NAMES_ZOOM || scene.items.length > READABLE_MAX) return whole;
    // Few assets on a narrow screen: names that can be read are worth more than all at once.
    const [chosen] = picture!.selected;
    const half = { x: view.width / 2 / NAMES_ZOOM, y: view.height / 2 / NAMES_ZOOM };
    if (chosen !== undefined) return { x: layout.x[chosen]! + half.x / 2, y: layout.y[chosen]!, zoom: NAMES_ZOOM };
    return { x: half.x - FIRST_GAP, y: layout.height <= half.y * 2 ? layout.height / 2 : half.y - FIRST_GAP, zoom: NAMES_ZOOM };
  };
  const resize = (): void => {
    const { width, height } = frame.getBoundingClientRect();
    view = { width, height };
    canvas.width = Math.max(1, Math.round(width * devicePixelRatio));
    canvas.height = Math.max(1, Math.round(height * devicePixelRatio));
    still.forget();
    if (camera === undefined && picture !== undefined && width > 0) camera = all();
    draw();
  };
  const here = (event: MouseEvent): { readonly x: number; readonly y: number } => {
    const bounds = canvas.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  };
  const itemAt = (event: MouseEvent): number => {
    if (camera === undefined || picture === undefined) return -1;
    const { x, y } = here(event);
    const world = toWorld(camera, view, x, y);
    return picture.spatial.at(world.x, world.y);
  };

  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    if (camera === undefined) return;
    const pinches = event.ctrlKey || event.metaKey;
    if (pinches || (event.deltaX === 0 && Math.abs(event.deltaY) >= WHEEL_STEP && !event.shiftKey)) {
      lookAt(zoomAt(camera, view, { ...here(event), factor: Math.exp(-event.deltaY * (pinches ? 0.01 : 0.0016)) }));
      return;
    }
    const { x, y, zoom } = camera;
    lookAt({ x: x + event.deltaX / zoom, y: y + event.deltaY / zoom, zoom });
  };
  const down = (event: PointerEvent): void => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, here(event));
    movedPx = 0;
    lasso = (isLasso || event.shiftKey) && pointers.size === 1 ? [here(event)] : null;
  };
  const hovered = (event: PointerEvent): void => {
    const over = itemAt(event);
    if (over === hover) return;
    hover = over;
    canvas.style.cursor = over >= 0 ? "pointer" : isLasso ? "crosshair" : "";
    dirty = true;
  };
  const move = (event: PointerEvent): void => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) return hovered(event);
    if (camera === undefined) return undefined;
    const now = here(event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    movedPx += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    if (movedPx < CLICK_PX) return undefined;
    if (lasso !== null && other === undefined) {
      lasso = lassoWith(lasso, now);
      dirty = true;
      return undefined;
    }
    if (other === undefined) {
      const { x, y, zoom } = camera;
      return lookAt({ x: x - (now.x - before.x) / zoom, y: y - (now.y - before.y) / zoom, zoom });
    }
    const far = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
    return lookAt(zoomAt(camera, view, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2, factor: far }));
  };
  const up = (event: PointerEvent): void => {
    if (!pointers.delete(event.pointerId)) return;
    if (movedPx >= CLICK_PX) return looped();
    lasso = null;
    hears.pick(itemAt(event), event.shiftKey ? "other" : "alone");
  };
  const looped = (): void => {
    if (lasso === null || camera === undefined || picture === undefined) return;
    const { layout, scene } = picture.placed;
    const [drawn, at] = [lasso, camera];
    const within = [...scene.items.keys()].filter((place) => {
      const { width, height } = sizeOf(scene.items[place]!);
      return isInside(drawn, toView(at, view, layout.x[place]! + width / 2, layout.y[place]! + height / 2));
    });
    lasso = null;
    dirty = true;
    hears.loop(within);
  };
  const cancel = (event: PointerEvent): void => {
    pointers.delete(event.pointerId);
    lasso = null;
    dirty = true;
  };
  const twice = (event: MouseEvent): void => {
    const place = itemAt(event);
    if (place >= 0) hears.open(place);
  };

  const ended = new AbortController();
  const { signal } = ended;
  canvas.addEventListener("wheel", wheel, { passive: false, signal });
  canvas.addEventListener("pointerdown", down, { signal });
  canvas.addEventListener("pointermove", move, { signal });
  canvas.addEventListener("pointerup", up, { signal });
  canvas.addEventListener("pointercancel", cancel, { signal });
  canvas.addEventListener("dblclick", twice, { signal });
  const stopPalette = onPalette(() => {
    palette = readPalette();
    still.forget();
    dirty = true;
  });
  const observer = new ResizeObserver(resize);
  observer.observe(frame);
  resize();
  loop();

  return {
    show(shown) {
      const before = picture;
      picture = pictureOf(shown, before);
      isLasso = shown.isLasso;
      canvas.style.cursor = isLasso ? "crosshair" : "";
      still.forget();
      dirty = true;
      if (before?.placed.layout === shown.placed.layout || view.width === 0) return;
      // Another picture is looked at as a whole; the first one as the address says.
      if (camera !== undefined && (before === undefined || shown.placed.isHeld)) return;
      camera = all();
      hover = -1;
      if (before !== undefined) hears.at(undefined);
    },
    look(at) {
      const said = at === undefined ? undefined : parseCamera(at);
      if (said === undefined || (camera !== undefined && cameraText(camera) === at)) return;
      camera = said;
      dirty = true;
    },
    zoomBy(factor) {
      if (camera !== undefined) lookAt(zoomAt(camera, view, { x: view.width / 2, y: view.height / 2, factor }));
    },
    fitAll() {
      if (picture !== undefined) lookAt(all(), "fitted");
    },
    reveal(place) {
      const item = picture?.placed.scene.items[place];
      if (camera === undefined || picture === undefined || item === undefined) return;
      const { width, height } = sizeOf(item);
      const { layout } = picture.placed;
      const [x, y] = [layout.x[place]! + width / 2, layout.y[place]! + height / 2];
      const point = toView(camera, view, x, y);
      const [beside, above] = [SIGHT_MARGIN_PX, SIGHT_MARGIN_PX / 2];
      const isSeen = point.x > beside && point.y > above && point.x < view.width - beside && point.y < view.height - above;
      if (!isSeen) lookAt({ x, y, zoom: camera.zoom });
    },
    end() {
      ended.abort();
      cancelAnimationFrame(request);
      clearTimeout(settle);
      observer.disconnect();
      stopPalette();
    },
  };
}

/** What costs is made anew only when it must be. */
function pictureOf({ placed, emphasis, isLasso: _drawn, ...rest }: Shown, before: Picture | undefined): Picture {
  const isSame = before?.placed.layout === placed.layout;
  const { items } = placed.scene;
  const spatial = isSame
    ? before.spatial
    : spatialIndex({
        x: placed.layout.x,
        y: placed.layout.y,
        width: (place) => sizeOf(items[place]!).width,
        height: (place) => sizeOf(items[place]!).height,
      });
  const strong =
    emphasis === null
      ? null
      : isSame && before.emphasis === emphasis
        ? before.strong
        : edgePath(placed, (from, to) => emphasis.has(from) && emphasis.has(to));
  return {
    ...rest,
    placed,
    emphasis,
    spatial,
    strong,
    edges: isSame ? before.edges : edgePath(placed),
    boxes: isSame ? before.boxes : edgeBoxes(placed),
    hover: -1,
    now: 0,
  };
}
