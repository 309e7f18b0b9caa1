// The shapes of statuses on a canvas, the same as kit/status.tsx draws them: twelve units wide, their middle at 6, 6.
import type { StatusKind } from "../../kit/status.tsx";

export interface ShapeLook {
  readonly fill: string;
  /** The ground, for what is cut out of a shape. */
  readonly ground: string;
  /** Where the arc of a running one stands, in radians. */
  readonly turn: number;
}

/** Draws at the origin of the transformation. */
export function drawShape(pen: CanvasRenderingContext2D, kind: StatusKind, { fill, ground, turn }: ShapeLook): void {
  pen.fillStyle = fill;
  pen.strokeStyle = fill;
  pen.lineWidth = 1.6;
  pen.lineCap = "round";
  pen.beginPath();
  switch (kind) {
    case "ok":
      pen.arc(6, 6, 5, 0, 2 * Math.PI);
      pen.fill();
      return mark(pen, ground, [3.6, 6.2, 5.3, 7.8, 8.5, 4.3]);
    case "fail":
      pen.roundRect(1, 1, 10, 10, 1.5);
      pen.fill();
      mark(pen, ground, [4, 4, 8, 8]);
      return mark(pen, ground, [8, 4, 4, 8]);
    case "run":
      pen.arc(6, 6, 4.4, turn, turn + 1.35 * Math.PI);
      return pen.stroke();
    case "warn":
      polygon(pen, [6, 0.9, 11.4, 10.7, 0.6, 10.7]);
      pen.fill();
      mark(pen, ground, [6, 4.3, 6, 7.3]);
      return mark(pen, ground, [6, 8.9, 6, 9.4]);
    case "late":
      polygon(pen, [6, 0.8, 11.2, 6, 6, 11.2, 0.8, 6]);
      return pen.fill();
    case "idle":
      pen.moveTo(2, 6);
      pen.lineTo(10, 6);
      return pen.stroke();
    case "quarantine":
      polygon(pen, [3.4, 1.2, 8.6, 1.2, 11.4, 6, 8.6, 10.8, 3.4, 10.8, 0.6, 6]);
      pen.stroke();
      return mark(pen, fill, [3.6, 8, 7.6, 3.6]);
    default:
      return kind satisfies never;
  }
}

function polygon(pen: CanvasRenderingContext2D, points: readonly number[]): void {
  pen.moveTo(points[0]!, points[1]!);
  for (let at = 2; at < points.length; at += 2) pen.lineTo(points[at]!, points[at + 1]!);
  pen.closePath();
}

function mark(pen: CanvasRenderingContext2D, colour: string, points: readonly number[]): void {
  pen.beginPath();
  pen.strokeStyle = colour;
  pen.lineWidth = 1.4;
  pen.moveTo(points[0]!, points[1]!);
  for (let at = 2; at < points.length; at += 2) pen.lineTo(points[at]!, points[at + 1]!);
  pen.stroke();
}
