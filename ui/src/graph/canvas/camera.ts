// Where the picture is looked at: the world's point in the middle of the view and the zoom. Pure; as text it stands in the address.
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface View {
  readonly width: number;
  readonly height: number;
}

export const ZOOM_MIN = 0.02;
export const ZOOM_MAX = 2.5;
const MARGIN = 32;

export function clampZoom(zoom: number): number {
  return Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, zoom));
}

/** Everything in sight, never larger than life. */
export function fit(
  box: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number },
  view: View,
): Camera {
  const [width, height] = [Math.max(1, box.right - box.left), Math.max(1, box.bottom - box.top)];
  const zoom = clampZoom(Math.min(1, (view.width - 2 * MARGIN) / width, (view.height - 2 * MARGIN) / height));
  return { x: box.left + width / 2, y: box.top + height / 2, zoom };
}

export function toWorld({ x, y, zoom }: Camera, view: View, px: number, py: number): { readonly x: number; readonly y: number } {
  return { x: x + (px - view.width / 2) / zoom, y: y + (py - view.height / 2) / zoom };
}

export function toView({ x, y, zoom }: Camera, view: View, wx: number, wy: number): { readonly x: number; readonly y: number } {
  return { x: (wx - x) * zoom + view.width / 2, y: (wy - y) * zoom + view.height / 2 };
}

/** Another zoom with the same point of the world under the pointer. */
export function zoomAt(camera: Camera, view: View, pointer: { readonly x: number; readonly y: number; readonly factor: number }): Camera {
  const zoom = clampZoom(camera.zoom * pointer.factor);
  const before = toWorld(camera, view, pointer.x, pointer.y);
  const after = toWorld({ ...camera, zoom }, view, pointer.x, pointer.y);
  return { x: camera.x + before.x - after.x, y: camera.y + before.y - after.y, zoom };
}

export function cameraText({ x, y, zoom }: Camera): string {
  return `${Math.round(x)},${Math.round(y)},${Number(zoom.toPrecision(3))}`;
}

export function parseCamera(text: string): Camera | undefined {
  const [x, y, zoom, ...rest] = text.split(",").map(Number);
  if (x === undefined || y === undefined || zoom === undefined || rest.length > 0) return undefined;
  if (![x, y, zoom].every((each) => Number.isFinite(each)) || zoom <= 0) return undefined;
  return { x, y, zoom: clampZoom(zoom) };
}
