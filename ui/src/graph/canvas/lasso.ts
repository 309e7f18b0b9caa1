// A loop drawn around what is meant: its points in the view while it is drawn, and what lies in it. Pure but for the pen.
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A point every so many pixels is enough. */
const STEP_PX = 4;
const POINTS_MAX = 2_000;

export function lassoWith(points: readonly Point[], next: Point): readonly Point[] {
  const last = points.at(-1);
  if (points.length >= POINTS_MAX || (last !== undefined && Math.hypot(next.x - last.x, next.y - last.y) < STEP_PX)) return points;
  return [...points, next];
}

/** Whether a point lies inside of the closed loop: a ray from it crosses the loop an odd number of times. */
export function isInside(loop: readonly Point[], { x, y }: Point): boolean {
  let inside = false;
  for (const [at, one] of loop.entries()) {
    const other = loop.at(at - 1)!;
    if (one.y > y !== other.y > y && x < ((other.x - one.x) * (y - one.y)) / (other.y - one.y) + one.x) inside = !inside;
  }
  return inside;
}

export function paintLasso(
  pen: CanvasRenderingContext2D,
  points: readonly Point[],
  { ratio, line, fill }: { readonly ratio: number; readonly line: string; readonly fill: string },
): void {
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.beginPath();
  for (const { x, y } of points) pen.lineTo(x, y);
  pen.closePath();
  pen.globalAlpha = 0.4;
  pen.fillStyle = fill;
  pen.fill();
  pen.globalAlpha = 1;
  pen.strokeStyle = line;
  pen.lineWidth = 1.5;
  pen.setLineDash([5, 4]);
  pen.stroke();
  pen.setLineDash([]);
}
