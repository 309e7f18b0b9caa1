// One row of the heat map on a canvas: colour and shape of each status, from a pixel per partition up to cells with a sign in them. What is worse is painted over
// what is better, so that one failed partition of ten thousand is still seen.
import type { CellStatus, GridRow } from "./decode.ts";

export interface Palette {
  readonly fill: Readonly<Record<CellStatus, string>>;
  readonly surface: string;
  readonly focus: string;
  readonly accentSoft: string;
}

export const ROW_HEIGHT = 22;
const CELL_TOP = 3;
const CELL_HEIGHT = 16;
/** Cells at least so wide have gaps and a sign. */
const SIGN_WIDTH = 10;
/** What must be seen is at least so wide. */
const SEEN_WIDTH = 2;

const ORDER: readonly CellStatus[] = ["present", "missing", "stale", "quarantined", "running", "failed"];

export function paletteOf(element: HTMLElement): Palette {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    fill: {
      present: token("--ok"),
      missing: token("--idle"),
      stale: token("--late"),
      quarantined: token("--warn"),
      running: token("--run"),
      failed: token("--fail"),
    },
    surface: token("--surface"),
    focus: token("--focus"),
    accentSoft: token("--accent-soft"),
  };
}

export interface View {
  /** First place in sight, may be between two. */
  readonly first: number;
  readonly cellWidth: number;
  readonly width: number;
}

export function paintRow(context: CanvasRenderingContext2D, row: GridRow, top: number, view: View, palette: Palette): void {
  const { first, cellWidth, width } = view;
  const gap = cellWidth >= 6 ? 1 : 0;
  for (const status of ORDER) {
    context.fillStyle = palette.fill[status];
    context.strokeStyle = palette.fill[status];
    for (const run of row.runs) {
      if (run.status !== status) continue;
      const left = (run.from - first) * cellWidth;
      const right = (run.to - first) * cellWidth;
      if (right < 0 || left > width) continue;
      if (gap === 0) paintSpan(context, status, left, Math.max(right - left, status === "present" ? 0.5 : SEEN_WIDTH), top);
      else {
        const from = Math.max(run.from, Math.floor(first));
        const to = Math.min(run.to, Math.ceil(first + width / cellWidth));
        for (let place = from; place < to; place += 1)
          paintCell(context, status, (place - first) * cellWidth, cellWidth - gap, top, palette);
      }
    }
  }
}

/** Many in one: missing is a line below, stale is high up, so that not colour alone tells. */
function paintSpan(context: CanvasRenderingContext2D, status: CellStatus, left: number, width: number, top: number): void {
  if (status === "missing") context.fillRect(left, top + CELL_TOP + CELL_HEIGHT - 3, width, 3);
  else if (status === "stale") context.fillRect(left, top + CELL_TOP, width, CELL_HEIGHT / 2);
  else context.fillRect(left, top + CELL_TOP, width, CELL_HEIGHT);
}

function paintCell(
  context: CanvasRenderingContext2D,
  status: CellStatus,
  left: number,
  width: number,
  top: number,
  { surface, fill }: Palette,
): void {
  const y = top + CELL_TOP;
  const middleX = left + width / 2;
  const middleY = y + CELL_HEIGHT / 2;
  const isSigned = width >= SIGN_WIDTH - 1;
  if (status === "missing") {
    context.setLineDash([2, 2]);
    context.strokeRect(left + 0.5, y + 0.5, width - 1, CELL_HEIGHT - 1);
    context.setLineDash([]);
    return;
  }
  if (status === "stale") {
    context.lineWidth = 1.5;
    context.strokeRect(left + 1, y + 1, width - 2, CELL_HEIGHT - 2);
    context.lineWidth = 1;
    if (isSigned) diamond(context, middleX, middleY);
    return;
  }
  context.fillStyle = fill[status];
  context.fillRect(left, y, width, CELL_HEIGHT);
  if (status === "present" || !isSigned) return;
  context.strokeStyle = surface;
  context.lineWidth = 1.5;
  context.beginPath();
  if (status === "failed") {
    context.moveTo(middleX - 3, middleY - 3);
    context.lineTo(middleX + 3, middleY + 3);
    context.moveTo(middleX + 3, middleY - 3);
    context.lineTo(middleX - 3, middleY + 3);
  } else if (status === "running") context.arc(middleX, middleY, 3, 0, Math.PI * 1.5);
  else {
    context.moveTo(middleX - 3, middleY + 4);
    context.lineTo(middleX + 3, middleY - 4);
  }
  context.stroke();
  context.lineWidth = 1;
  context.strokeStyle = fill[status];
}

function diamond(context: CanvasRenderingContext2D, x: number, y: number): void {
  context.beginPath();
  context.moveTo(x, y - 3);
  context.lineTo(x + 3, y);
  context.lineTo(x, y + 3);
  context.lineTo(x - 3, y);
  context.closePath();
  context.fill();
}
