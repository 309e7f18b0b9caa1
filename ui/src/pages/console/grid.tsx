// Rows of a query: only the cells in sight are in the document, however many there are. One cell has the focus; arrows move it, ⌘C or Ctrl C copies it.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { JsonValue } from "../../../../src/model/json.ts";
import type { QueryColumnAnswer } from "../../../../src/model/query-answers.ts";
import { toast } from "../../kit/toast.tsx";

const ROW_HEIGHT = 28;
const CHARACTER_WIDTH = 7.4;
const WIDTH_MIN = 72;
const WIDTH_MAX = 360;
const MEASURED_ROWS = 60;
const NUMBER_WIDTH = 64;
const SHOWN_CHARACTERS = 300;

interface GridProps {
  readonly columns: readonly QueryColumnAnswer[];
  readonly rows: readonly (readonly JsonValue[])[];
}

export function ResultGrid({ columns, rows }: GridProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState({ row: 0, column: 0 });
  const widths = useMemo(() => columns.map((column, index) => widthOf(column, rows, index)), [columns, rows]);
  const down = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    scrollPaddingStart: ROW_HEIGHT,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => widths[index]!,
    overscan: 3,
    paddingStart: NUMBER_WIDTH,
    scrollPaddingStart: NUMBER_WIDTH,
  });
  const inSight = across.getVirtualItems();
  const width = across.getTotalSize();

  const move = (row: number, column: number): void => {
    const next = { row: clamp(row, rows.length), column: clamp(column, columns.length) };
    setAt(next);
    down.scrollToIndex(next.row);
    across.scrollToIndex(next.column);
    requestAnimationFrame(() =>
      box.current?.querySelector<HTMLElement>(`[data-cell="${next.row}:${next.column}"]`)?.focus({ preventScroll: true }),
    );
  };
  const press = (event: KeyboardEvent): void => {
    const { row, column } = at;
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const isAll = event.ctrlKey || event.metaKey;
    if (isAll && event.key === "c" && (getSelection()?.isCollapsed ?? true)) {
      void navigator.clipboard.writeText(fullText(rows[row]?.[column] ?? null)).then(
        () => toast("Value copied"),
        () => toast("The browser does not let the page copy", { look: "fail" }),
      );
      event.preventDefault();
      return;
    }
    const to = {
      ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column],
      ArrowRight: [row, column + 1],
      ArrowLeft: [row, column - 1],
      PageDown: [row + page, column],
      PageUp: [row - page, column],
      Home: [isAll ? 0 : row, 0],
      End: [isAll ? rows.length - 1 : row, columns.length - 1],
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move(to[0]!, to[1]!);
  };
  return (
    <div
      ref={box}
      className="grid"
      role="grid"
      aria-label="Rows of the query"
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      onKeyDown={press}
      tabIndex={-1}
    >
      <div className="grid-head" role="row" aria-rowindex={1} style={{ width, height: ROW_HEIGHT * 1.5 }}>
        {inSight.map(({ index, start, size }) => (
          <div
            key={index}
            role="columnheader"
            aria-colindex={index + 1}
            className={isNumber(columns[index]!) ? "cell num" : "cell"}
            style={{ left: start, width: size }}
            title={`${columns[index]!.name} ${columns[index]!.type}`}
          >
            <span className="strong cut">{columns[index]!.name}</span>
            <span className="muted cut">{columns[index]!.type}</span>
          </div>
        ))}
      </div>
      <div role="rowgroup" style={{ height: down.getTotalSize(), width, minWidth: "100%", position: "relative" }}>
        {down.getVirtualItems().map(({ index: row, start: top }) => (
          <div
            key={row}
            role="row"
            aria-rowindex={row + 2}
            className="grid-row"
            style={{ transform: `translateY(${top}px)`, height: ROW_HEIGHT, width }}
          >
            <span className="cell number" aria-hidden="true" style={{ width: NUMBER_WIDTH }}>
              {(row + 1).toLocaleString("en-US")}
            </span>
            {inSight.map(({ index: column, start, size }) => {
              const value = rows[row]![column]!;
              const isHere = at.row === row && at.column === column;
              return (
                <div
                  key={column}
                  role="gridcell"
                  aria-colindex={column + 1}
                  data-cell={`${row}:${column}`}
                  tabIndex={isHere ? 0 : -1}
                  className={isNumber(columns[column]!) ? "cell num" : "cell"}
                  style={{ left: start, width: size }}
                  onFocus={() => setAt({ row, column })}
                  onMouseDown={() => setAt({ row, column })}
                  title={typeof value === "string" && value.length > 40 ? value.slice(0, 2_000) : undefined}
                >
                  {value === null ? <span className="null">null</span> : fullText(value).slice(0, SHOWN_CHARACTERS)}
                </div>
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

export function fullText(value: JsonValue): string {
  return value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
}

function isNumber({ type }: QueryColumnAnswer): boolean {
  return /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL|FLOAT|DOUBLE)\b/.test(type);
}

function widthOf({ name, type }: QueryColumnAnswer, rows: GridProps["rows"], index: number): number {
  const longest = rows
    .slice(0, MEASURED_ROWS)
    .reduce((most, row) => Math.max(most, fullText(row[index]!).length), Math.max(name.length, Math.min(type.length, 18)));
  return Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, Math.ceil(longest * CHARACTER_WIDTH) + 24));
}

function clamp(index: number, count: number): number {
  return Math.max(0, Math.min(count - 1, index));
}
