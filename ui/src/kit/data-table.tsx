// A list as a table: sorted by a click on a head (kept in the address), rows by keyboard (j k or arrows, Enter opens, x selects, . what can be done), only the rows in sight where there are many.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { text, usePageSearch } from "../data/search.ts";
import { partsOf, type RowAct, RowMenu } from "./row-menu.tsx";

/** More rows than this scroll in a box of their own, and only those in sight are in the document. */
const PLAIN_LIMIT = 120;
const ROW_HEIGHT = 32;

export interface Column<Row> {
  readonly id: string;
  readonly head: string;
  readonly cell: (row: Row) => ReactNode;
  /** What it is sorted by; without it the head is no button. */
  readonly by?: (row: Row) => string | number | null;
  readonly align?: "right";
  /** CSS width of the column. */
  readonly width?: string;
  /** Left out on a narrow screen. */
  readonly wide?: boolean;
  /** Takes what is left and cuts what does not fit. */
  readonly grows?: boolean;
}

interface DataTableProps<Row> {
  /** What the rows are, for those who hear the page. */
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowKey: (row: Row) => string;
  readonly onOpen?: (row: Row) => void;
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (selected: ReadonlySet<string>) => void;
  /** The name of the address that keeps the order; default "sort". Value: column, or -column for the largest first. */
  readonly sortName?: string;
  /** Rows beyond these. */
  readonly more?: { readonly label: string; readonly load: () => void; readonly isLoading: boolean };
}

export function DataTable<Row>(props: DataTableProps<Row>): ReactNode {
  const { label, rows, columns, rowKey, onOpen, selected, onSelect, sortName = "sort", more } = props;
  const [search, setSearch] = usePageSearch({ [sortName]: text });
  const sort = search[sortName];
  const sorted = useMemo(() => order(rows, columns, sort), [rows, columns, sort]);
  const [current, setCurrent] = useState(0);
  const [menu, setMenu] = useState<{ readonly row: HTMLElement; readonly acts: readonly RowAct[] } | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const isLong = sorted.length > PLAIN_LIMIT;
  const virtual = useVirtualizer({
    count: isLong ? sorted.length : 0,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const inSight = virtual.getVirtualItems();
  const shown = isLong ? inSight.map(({ index }) => index) : sorted.map((_, index) => index);
  const before = isLong ? (inSight[0]?.start ?? 0) : 0;
  const after = isLong ? virtual.getTotalSize() - (inSight.at(-1)?.end ?? 0) : 0;

  const focusRow = (index: number): void => {
    const to = Math.max(0, Math.min(sorted.length - 1, index));
    setCurrent(to);
    if (isLong) virtual.scrollToIndex(to);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`tr[data-index="${to}"]`)?.focus());
  };
  const toggle = (row: Row): void => {
    if (onSelect === undefined) return;
    const next = new Set(selected);
    if (!next.delete(rowKey(row))) next.add(rowKey(row));
    onSelect(next);
  };
  const press = (event: KeyboardEvent, index: number, row: Row): void => {
    if (event.target !== event.currentTarget || event.metaKey || event.ctrlKey || event.altKey) return;
    const to = { j: index + 1, ArrowDown: index + 1, k: index - 1, ArrowUp: index - 1, Home: 0, End: sorted.length - 1 }[event.key];
    if (to !== undefined) focusRow(to);
    else if (event.key === "Enter" && onOpen !== undefined) onOpen(row);
    else if (event.key === "x" && onSelect !== undefined) toggle(row);
    else if (event.key === ".") setMenu({ row: event.currentTarget as HTMLElement, acts: actsOf(event.currentTarget as HTMLElement, row) });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const actsOf = (element: HTMLElement, row: Row): readonly RowAct[] => [
    ...(onOpen === undefined ? [] : [{ name: "Open", key: "Enter", run: () => onOpen(row) }]),
    ...(onSelect === undefined
      ? []
      : [{ name: selected?.has(rowKey(row)) === true ? "Take out of the selection" : "Select", key: "x", run: () => toggle(row) }]),
    ...partsOf(element),
  ];
  return (
    <div className={isLong ? "table-box long" : "table-box"} ref={box}>
      <table aria-label={label} aria-rowcount={sorted.length + 1} data-list="">
        <thead>
          <tr>
            {onSelect === undefined ? null : (
              <th className="pick">
                <span className="unseen">Selected</span>
              </th>
            )}
            {columns.map((column) => (
              <Head key={column.id} column={column} sort={sort} onSort={(next) => setSearch({ [sortName]: next })} />
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 ? <Spacer height={before} /> : null}
          {shown.map((index) => {
            const row = sorted[index];
            if (row === undefined) return null;
            const key = rowKey(row);
            const isSelected = selected?.has(key) === true;
            return (
              <tr
                key={key}
                data-index={index}
                aria-rowindex={index + 2}
                tabIndex={index === Math.min(current, sorted.length - 1) ? 0 : -1}
                className={`${isSelected ? "selected" : ""}${onOpen === undefined ? "" : " opens"}`}
                onFocus={() => setCurrent(index)}
                onKeyDown={(event) => press(event, index, row)}
                onClick={(event) => {
                  if (onOpen !== undefined && (event.target as Element).closest("a, button, input, label, select") === null) onOpen(row);
                }}
              >
                {onSelect === undefined ? null : (
                  <td className="pick">
                    <input type="checkbox" checked={isSelected} tabIndex={-1} aria-label={`Select ${key}`} onChange={() => toggle(row)} />
                  </td>
                )}
                {columns.map((column) => (
                  <td key={column.id} className={classOf(column)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 ? <Spacer height={after} /> : null}
        </tbody>
      </table>
      {menu === null ? null : <RowMenu {...menu} onClose={() => setMenu(null)} />}
      {more === undefined ? null : (
        <button type="button" className="more" onClick={more.load} disabled={more.isLoading}>
          {more.label}
        </button>
      )}
    </div>
  );
}

function Spacer({ height }: { readonly height: number }): ReactNode {
  return (
    <tr aria-hidden="true" className="spacer">
      <td style={{ height }} />
    </tr>
  );
}

function Head<Row>({
  column,
  sort,
  onSort,
}: {
  readonly column: Column<Row>;
  readonly sort: string | undefined;
  readonly onSort: (sort: string | undefined) => void;
}): ReactNode {
  const direction = sort === column.id ? "ascending" : sort === `-${column.id}` ? "descending" : undefined;
  const next = direction === undefined ? column.id : direction === "ascending" ? `-${column.id}` : undefined;
  return (
    <th className={classOf(column)} aria-sort={direction} style={column.width === undefined ? undefined : { width: column.width }}>
      {column.by === undefined ? (
        column.head
      ) : (
        <button type="button" className="sort" onClick={() => onSort(next)}>
          {column.head}
          <span aria-hidden="true">{direction === undefined ? "" : direction === "ascending" ? " ↑" : " ↓"}</span>
        </button>
      )}
    </th>
  );
}

function classOf<Row>({ align, wide, grows }: Column<Row>): string {
  return [align === "right" ? "num" : "", wide === true ? "wide-only" : "", grows === true ? "grows" : ""].join(" ").trim();
}

function order<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sort: string | undefined): readonly Row[] {
  if (sort === undefined) return rows;
  const isDown = sort.startsWith("-");
  const by = columns.find(({ id }) => id === (isDown ? sort.slice(1) : sort))?.by;
  if (by === undefined) return rows;
  const compare = (one: string | number | null, other: string | number | null): number => {
    if (one === null || other === null) return (one === null ? 1 : 0) - (other === null ? 1 : 0);
    const difference = typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other));
    return isDown ? -difference : difference;
  };
  return rows.toSorted((one, other) => compare(by(one), by(other)));
}
