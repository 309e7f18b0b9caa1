// A copy of the picture that reaches over the edges of the view. While a large graph is moved the copy is moved in its place; painting it anew for every
// frame would take longer than a frame. When it stands still it is painted as it is.
import { type Camera, toView, type View } from "./camera.ts";
import { paint, type Picture } from "./paint.ts";
import type { Palette } from "./palette.ts";

/** Fewer items and edges are painted for every frame. */
const LARGE = 800;
/** Of the view's width and height, on each side. */
const MARGIN = 0.5;
const PIXELS_MAX = 8_000_000;
/** Larger or smaller than that it is too blurred. */
const ZOOM_FACTOR_MAX = 2;
/** What comes into sight from beyond the copy is painted this often. */
const AGAIN_MS = 400;

interface Copy {
  readonly camera: Camera;
  readonly view: View;
  readonly atMs: number;
}

export interface Look {
  readonly pen: CanvasRenderingContext2D;
  readonly view: View;
  readonly camera: Camera;
  readonly palette: Palette;
}

export interface Still {
  /** Another picture, or another view of it. */
  forget(): void;
  /** @returns false where the picture is small enough to be painted. */
  move(look: Look, picture: Picture): boolean;
}

export function createStill(): Still {
  let canvas: HTMLCanvasElement | undefined;
  let copy: Copy | undefined;
  const make = ({ view, camera, palette }: Look, picture: Picture): Copy => {
    canvas ??= document.createElement("canvas");
    const wide: View = { width: view.width * (1 + 2 * MARGIN), height: view.height * (1 + 2 * MARGIN) };
    const ratio = Math.min(devicePixelRatio, Math.sqrt(PIXELS_MAX / (wide.width * wide.height)));
    canvas.width = Math.round(wide.width * ratio);
    canvas.height = Math.round(wide.height * ratio);
    const pen = canvas.getContext("2d", { alpha: false })!;
    paint({ pen, view: wide, ratio, palette, camera, turn: 0 }, picture);
    return { camera, view: wide, atMs: performance.now() };
  };
  return {
    forget() {
      copy = undefined;
    },
    move(look, picture) {
      const { scene } = picture.placed;
      if (scene.items.length + scene.edges.length < LARGE) return false;
      if (copy === undefined || (!isEnough(copy, look) && performance.now() - copy.atMs > AGAIN_MS)) copy = make(look, picture);
      const { pen, view, palette } = look;
      const { x, y, width, height } = placeOf(copy, look);
      pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
      pen.globalAlpha = 1;
      pen.fillStyle = palette.bg;
      pen.fillRect(0, 0, view.width, view.height);
      pen.drawImage(canvas!, x, y, width, height);
      return true;
    },
  };
}

function placeOf(
  { camera: then, view: wide }: Copy,
  { camera, view }: Look,
): { readonly x: number; readonly y: number; readonly width: number; readonly height: number } {
  const { x, y } = toView(camera, view, then.x - wide.width / 2 / then.zoom, then.y - wide.height / 2 / then.zoom);
  return { x, y, width: (wide.width / then.zoom) * camera.zoom, height: (wide.height / then.zoom) * camera.zoom };
}

/** It fills the view and is sharp enough. */
function isEnough(copy: Copy, look: Look): boolean {
  const { x, y, width, height } = placeOf(copy, look);
  const factor = look.camera.zoom / copy.camera.zoom;
  const isSharp = factor <= ZOOM_FACTOR_MAX && factor >= 1 / ZOOM_FACTOR_MAX;
  return isSharp && x <= 0 && y <= 0 && x + width >= look.view.width && y + height >= look.view.height;
}
