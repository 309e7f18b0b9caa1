// Assets × partitions on a canvas. The mouse drags a range; keys do the same: arrows go from cell to cell, with Shift they choose a range, n goes to the next that is not
// present, Enter looks at the cell, b backfills. What is under the focus stands in words for those who hear the page.
import { useEffect, useId, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import { appearance } from "../../data/appearance.ts";
import { useSignal } from "../../data/signal.ts";
import { countWords } from "../../kit/values.tsx";
import { type Axis, type GridRow, keyOf, statusAt } from "./decode.ts";
import { Facts } from "./facts.tsx";
import { paintRow, paletteOf, ROW_HEIGHT } from "./paint.ts";
import { Scale } from "./scale.tsx";

/** A range of one row; `at` is the end that moves. */
export interface Selection {
  readonly row: number;
  readonly anchor: number;
  readonly at: number;
}

interface HeatMapProps {
  readonly axis: Axis;
  readonly selection: Selection | null;
  readonly onSelection: (selection: Selection) => void;
  readonly onBackfill: () => void;
  readonly cellWidth: number;
}

const LABELS_WIDTH = 200;
const LABELS_NARROW = 116;
const NARROW = 560;

export function HeatMap({ axis, selection, onSelection, onBackfill, cellWidth }: HeatMapProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const cell = useId();
  const canvas = useRef<HTMLCanvasElement>(null);
  const look = useSignal(appearance);
  const [view, setView] = useState({ left: 0, top: 0, width: 0, height: 0 });
  const [hover, setHover] = useState<{ readonly row: number; readonly place: number } | null>(null);
  const [begun] = useState(selection);
  const isDragging = useRef(false);
  const { rows, parts } = axis;
  const labels = view.width > 0 && view.width < NARROW ? LABELS_NARROW : LABELS_WIDTH;
  const mapWidth = Math.max(0, view.width - labels);
  const firstRow = Math.floor(view.top / ROW_HEIGHT);
  const lastRow = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW_HEIGHT) + 1);

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const measure = (): void =>
      setView({ left: element.scrollLeft, top: element.scrollTop, width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);
  // The newest partitions are at the right; an address that names some shows those.
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    element.scrollLeft = begun === null ? element.scrollWidth : begun.at * cellWidth - element.clientWidth / 3;
  }, [axis.step, cellWidth, begun]);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (element === null || context === null || context === undefined || mapWidth === 0) return;
    const ratio = devicePixelRatio;
    element.width = Math.round(mapWidth * ratio);
    element.height = Math.round(view.height * ratio);
    context.scale(ratio, ratio);
    const palette = paletteOf(element);
    const first = view.left / cellWidth;
    for (let index = firstRow; index < lastRow; index += 1) {
      const row = rows[index];
      if (row === undefined) continue;
      const top = index * ROW_HEIGHT - view.top;
      paintRow(context, row, top, { first, cellWidth, width: mapWidth }, palette);
      if (selection === null || selection.row !== index) continue;
      const from = Math.min(selection.anchor, selection.at);
      const to = Math.max(selection.anchor, selection.at) + 1;
      context.strokeStyle = palette.focus;
      context.lineWidth = 2;
      context.strokeRect((from - first) * cellWidth - 1, top + 1, Math.max(3, (to - from) * cellWidth) + 1, ROW_HEIGHT - 2);
      context.lineWidth = 1;
    }
  }, [axis, rows, view, cellWidth, mapWidth, firstRow, lastRow, selection, look]);

  const placeUnder = (event: PointerEvent): { readonly row: number; readonly place: number } | null => {
    const frame = canvas.current?.getBoundingClientRect();
    if (frame === undefined) return null;
    const place = Math.floor((event.clientX - frame.left + view.left) / cellWidth);
    const row = Math.floor((event.clientY - frame.top + view.top) / ROW_HEIGHT);
    return place < 0 || place >= parts.length || row < 0 || row >= rows.length ? null : { row, place };
  };
  const down = (event: PointerEvent): void => {
    const under = placeUnder(event);
    if (under === null || event.button !== 0) return;
    isDragging.current = true;
    canvas.current?.setPointerCapture(event.pointerId);
    const isLonger = event.shiftKey && selection?.row === under.row;
    onSelection({ row: under.row, anchor: isLonger ? selection.anchor : under.place, at: under.place });
  };
  const move = (event: PointerEvent): void => {
    const under = placeUnder(event);
    setHover(under);
    if (isDragging.current && selection !== null && under !== null && under.place !== selection.at)
      onSelection({ ...selection, at: under.place });
  };
  const go = (row: number, place: number, keepsAnchor: boolean): void => {
    const toRow = Math.max(0, Math.min(rows.length - 1, row));
    const to = Math.max(0, Math.min(parts.length - 1, place));
    const anchor = keepsAnchor && selection?.row === toRow ? selection.anchor : to;
    onSelection({ row: toRow, anchor, at: to });
    const element = box.current;
    if (element === null) return;
    const x = to * cellWidth;
    if (x < element.scrollLeft) element.scrollLeft = x - cellWidth * 3;
    else if (x + cellWidth > element.scrollLeft + mapWidth) element.scrollLeft = x + cellWidth * 4 - mapWidth;
    const y = toRow * ROW_HEIGHT;
    if (y < element.scrollTop) element.scrollTop = y;
    else if (y + ROW_HEIGHT > element.scrollTop + element.clientHeight) element.scrollTop = y + ROW_HEIGHT - element.clientHeight;
  };
  const press = (event: KeyboardEvent): void => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const { row, at } = selection ?? { row: 0, at: parts.length };
    const step = event.key.startsWith("Page") ? 30 : 1;
    if (event.key === "ArrowRight" || event.key === "PageDown") go(row, at + step, event.shiftKey);
    else if (event.key === "ArrowLeft" || event.key === "PageUp") go(row, at - step, event.shiftKey);
    else if (event.key === "ArrowDown" || event.key === "j") go(selection === null ? 0 : row + 1, at, false);
    else if (event.key === "ArrowUp" || event.key === "k") go(row - 1, at, false);
    else if (event.key === "Home") go(row, rows[row]?.runs[0]?.from ?? 0, event.shiftKey);
    else if (event.key === "End") go(row, (rows[row]?.runs.at(-1)?.to ?? parts.length) - 1, event.shiftKey);
    else if (event.key === "n" || event.key === "N") nextBad(row, at, event.key === "n" ? 1 : -1);
    else if ((event.key === "b" || event.key === "Enter") && selection !== null) onBackfill();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const nextBad = (row: number, at: number, step: 1 | -1): void => {
    for (let index = row; index >= 0 && index < rows.length; index += step) {
      const runs = step === 1 ? rows[index]!.runs : rows[index]!.runs.toReversed();
      const found = runs.find(({ status, from, to }) => status !== "present" && (index !== row || (step === 1 ? from > at : to - 1 < at)));
      if (found !== undefined) return go(index, step === 1 ? found.from : found.to - 1, false);
    }
  };

  const told = hover ?? (selection === null ? null : { row: selection.row, place: selection.at });
  const toldRow = told === null ? undefined : rows[told.row];
  const words =
    told === null || toldRow === undefined
      ? ""
      : `${toldRow.asset} ${keyOf(toldRow, axis, told.place, told.place)}: ${statusAt(toldRow, told.place) ?? "no partition"}`;
  return (
    <>
      <div
        ref={box}
        className="pt-map"
        role="grid"
        aria-activedescendant={cell}
        aria-label={`${countWords(rows.length)} rows, ${countWords(parts.length)} partitions by ${axis.step}. Arrows go from cell to cell, Shift chooses a range, n the next that is not present, Enter backfills.`}
        tabIndex={0}
        onKeyDown={press}
        style={{ maxHeight: `min(64vh, ${rows.length * ROW_HEIGHT + 30}px)` }}
      >
        <div className="pt-space" role="rowgroup" style={{ width: labels + parts.length * cellWidth, height: rows.length * ROW_HEIGHT }}>
          <div role="row" className="unseen">
            <div role="gridcell" id={cell} aria-selected={selection !== null}>
              {words}
            </div>
          </div>
          <div className="pt-labels" aria-hidden="true" style={{ width: labels }}>
            {rows.slice(firstRow, lastRow).map((row, index) => (
              <div
                key={row.id}
                className={`pt-label mono cut${selection?.row === firstRow + index ? " here" : ""}`}
                style={{ top: (firstRow + index) * ROW_HEIGHT, width: labels }}
                title={row.id}
              >
                {labelOf(row, labels === LABELS_NARROW)}
              </div>
            ))}
          </div>
          <canvas
            ref={canvas}
            className="pt-canvas"
            aria-hidden="true"
            style={{ left: labels, width: mapWidth, height: view.height }}
            onPointerDown={down}
            onPointerMove={move}
            onPointerUp={() => (isDragging.current = false)}
            onPointerLeave={() => setHover(null)}
          />
        </div>
      </div>
      <Scale axis={axis} labels={labels} first={view.left / cellWidth} cellWidth={cellWidth} width={mapWidth} />
      <p className="pt-told mono" role="status" aria-live="polite">
        {words === "" ? " " : words}
        {hover === null || toldRow === undefined ? null : (
          <Facts
            asset={toldRow.asset}
            partition={keyOf(toldRow, axis, hover.place, hover.place)}
            isThere={statusAt(toldRow, hover.place) !== null}
          />
        )}
      </p>
    </>
  );
}

/** Where it is narrow, what tells rows of one asset apart comes first. */
function labelOf({ asset, key }: GridRow, isNarrow: boolean): string {
  if (key === "*") return asset;
  const values = key.replace("*|", "").replace("|*", "");
  return isNarrow ? `${values} ${asset}` : `${asset} ${values}`;
}
