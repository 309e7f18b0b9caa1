// The graph as a tree for keyboards and screen readers: groups, their assets, and below each asset who reads it. Only the rows in sight are in the document.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent, type ReactNode } from "react";
import { StatusMark } from "../kit/status.tsx";
import { Count } from "../kit/values.tsx";
import { kindWord } from "./asset-table.tsx";
import { ChangeMark } from "./change-mark.tsx";
import type { Mark } from "./marks.ts";
import { type GraphModel, worstStatus } from "./model.ts";

interface TreeViewProps {
  readonly model: GraphModel;
  readonly shown: ReadonlySet<number>;
  readonly label: string;
  readonly selected: number;
  /** Selected besides; `x` changes it. */
  readonly chosen: ReadonlySet<number>;
  readonly onChoose: (places: readonly number[]) => void;
  readonly marks: ReadonlyMap<number, Mark> | null;
  readonly onPick: (place: number) => void;
  readonly onOpen: (place: number) => void;
}

interface TreeRow {
  readonly key: string;
  readonly level: number;
  readonly group: string | null;
  readonly place: number;
  readonly isOpen: boolean | null;
  readonly position: number;
  readonly size: number;
}

const ROW_HEIGHT = 28;
const TYPED_MS = 700;
/** Below that the same assets come again and again. */
const LEVELS_MAX = 12;
const OPEN_ROWS_MAX = 60;

export function TreeView({ model, shown, label, selected, chosen, onChoose, marks, onPick, onOpen }: TreeViewProps): ReactNode {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState(0);
  const rows = useMemo(() => treeRows(model, { shown, toggled, selected }), [model, shown, toggled, selected]);
  const at = Math.min(current, rows.length - 1);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW_HEIGHT, overscan: 16 });
  const typed = useRef({ text: "", at: Number.NEGATIVE_INFINITY });
  useEffect(() => {
    if (selected < 0) return;
    const found = rows.findIndex(({ place }) => place === selected);
    if (found >= 0) virtual.scrollToIndex(found);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- goes to what was picked elsewhere, not back at each change
  }, [selected]);
  const goTo = (index: number): void => {
    const to = Math.max(0, Math.min(rows.length - 1, index));
    setCurrent(to);
    virtual.scrollToIndex(to);
  };
  const toggle = (key: string): void => {
    const next = new Set(toggled);
    if (!next.delete(key)) next.add(key);
    setToggled(next);
  };
  const press = (event: KeyboardEvent): void => {
    const row = rows[at];
    if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (key === "ArrowDown") goTo(at + 1);
    else if (key === "ArrowUp") goTo(at - 1);
    else if (key === "Home") goTo(0);
    else if (key === "End") goTo(rows.length - 1);
    else if (key === "ArrowRight") {
      if (row.isOpen === false) toggle(row.key);
      else if (row.isOpen === true) goTo(at + 1);
    } else if (key === "ArrowLeft") {
      if (row.isOpen === true) toggle(row.key);
      else goTo(rows.slice(0, at).findLastIndex(({ level }) => level < row.level));
    } else if (key === "Enter") {
      if (row.place >= 0) onOpen(row.place);
      else toggle(row.key);
    } else if (key === " ") {
      if (row.place >= 0) onPick(row.place);
      else toggle(row.key);
    } else if (key === "x" && performance.now() - typed.current.at >= TYPED_MS) {
      onChoose(row.place >= 0 ? [row.place] : [...shown].filter((place) => model.nodes[place]!.group === row.group));
    } else if (/^[\p{L}\p{N}_]$/u.test(key)) {
      const now = performance.now();
      typed.current = { text: now - typed.current.at < TYPED_MS ? typed.current.text + key : key, at: now };
      const found = typedRow(model, rows, { from: at, text: typed.current.text.toLowerCase() });
      if (found >= 0) goTo(found);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const rowAt = (event: MouseEvent): TreeRow | undefined => {
    const index = (event.target as Element).closest<HTMLElement>("[data-index]")?.dataset["index"];
    return index === undefined ? undefined : rows[Number(index)];
  };
  const click = (event: MouseEvent): void => {
    const row = rowAt(event);
    if (row === undefined) return;
    setCurrent(rows.indexOf(row));
    if ((event.target as Element).closest(".fold") !== null || row.place < 0) toggle(row.key);
    else onPick(row.place);
  };
  return (
    <div
      ref={box}
      className="asset-tree"
      role="tree"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={rows.length === 0 ? undefined : `${id}-${at}`}
      onKeyDown={press}
      onClick={click}
      onDoubleClick={(event) => {
        const row = rowAt(event);
        if (row !== undefined && row.place >= 0) onOpen(row.place);
      }}
    >
      <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index]!;
          return (
            <div
              key={row.key}
              role="treeitem"
              id={`${id}-${index}`}
              className={index === at ? "current" : undefined}
              aria-level={row.level}
              aria-posinset={row.position}
              aria-setsize={row.size}
              aria-expanded={row.isOpen ?? undefined}
              aria-selected={row.place >= 0 && (row.place === selected || chosen.has(row.place))}
              style={{ position: "absolute", top: start, left: 0, right: 0, height: ROW_HEIGHT, paddingLeft: 12 + (row.level - 1) * 18 }}
              tabIndex={-1}
              data-index={index}
            >
              <span className="fold" aria-hidden="true">
                {row.isOpen === null ? "" : row.isOpen ? "▾" : "▸"}
              </span>
              {row.place < 0 ? (
                <GroupWords model={model} group={row.group!} shown={shown} />
              ) : (
                <AssetWords model={model} place={row.place} mark={marks?.get(row.place)} />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface AssetWordsProps {
  readonly model: GraphModel;
  readonly place: number;
  readonly mark: Mark | undefined;
}

function AssetWords({ model, place, mark }: AssetWordsProps): ReactNode {
  const node = model.nodes[place]!;
  return (
    <>
      <StatusMark status={node.status} bare />
      <span className="mono">{node.asset}</span>
      {mark === undefined ? null : <ChangeMark change={mark.change} />}
      <span className="muted">
        {node.status} · {kindWord(node)}
        {node.rows === null ? "" : ` · ${node.rows.toLocaleString("en-US")} rows`} · reads {node.needs.length} · read by{" "}
        {model.readers[place]!.length}
      </span>
      {node.quarantined === 0 || node.quarantined === null ? null : (
        <StatusMark status="quarantined" word={`${node.quarantined} in quarantine`} />
      )}
    </>
  );
}

function GroupWords({
  model,
  group,
  shown,
}: {
  readonly model: GraphModel;
  readonly group: string;
  readonly shown: ReadonlySet<number>;
}): ReactNode {
  const members = [...shown].filter((place) => model.nodes[place]!.group === group);
  return (
    <>
      <StatusMark status={worstStatus(members.map((place) => model.nodes[place]!.status))} bare />
      <span className="strong">{group === "" ? "without a schema" : group}</span>
      <span className="muted">
        <Count of={members.length} one="asset" />
      </span>
    </>
  );
}

/** Groups are open until they are closed, where there are few assets; assets are closed until they are opened. */
function treeRows(
  model: GraphModel,
  wish: { readonly shown: ReadonlySet<number>; readonly toggled: ReadonlySet<string>; readonly selected: number },
): readonly TreeRow[] {
  const { shown, toggled } = wish;
  const chosen = model.nodes[wish.selected]?.group;
  const byGroup = new Map<string, number[]>();
  for (const place of shown) byGroup.set(model.nodes[place]!.group, [...(byGroup.get(model.nodes[place]!.group) ?? []), place]);
  const opensByItself = shown.size <= OPEN_ROWS_MAX;
  const groups = [...byGroup.keys()].toSorted();
  const rows: TreeRow[] = [];
  const addAsset = (
    place: number,
    where: { readonly level: number; readonly parent: string; readonly position: number; readonly size: number },
  ): void => {
    const key = `${where.parent}/${model.nodes[place]!.asset}`;
    const readers = where.level >= LEVELS_MAX ? [] : model.readers[place]!.filter((reader) => shown.has(reader));
    const isOpen = readers.length === 0 ? null : toggled.has(key);
    rows.push({ key, level: where.level, group: null, place, isOpen, position: where.position, size: where.size });
    if (isOpen === true)
      for (const [index, reader] of readers.entries())
        addAsset(reader, { level: where.level + 1, parent: key, position: index + 1, size: readers.length });
  };
  for (const [index, group] of groups.entries()) {
    const key = `group:${group}`;
    const isOpen = toggled.has(key) !== (opensByItself || group === chosen);
    rows.push({ key, level: 1, group, place: -1, isOpen, position: index + 1, size: groups.length });
    const members = byGroup.get(group)!;
    if (isOpen)
      for (const [at, place] of members.entries()) addAsset(place, { level: 2, parent: key, position: at + 1, size: members.length });
  }
  return rows;
}

function typedRow(model: GraphModel, rows: readonly TreeRow[], { from, text }: { readonly from: number; readonly text: string }): number {
  const offset = text.length === 1 ? 1 : 0;
  for (let step = offset; step < rows.length + offset; step++) {
    const index = (from + step) % rows.length;
    const { place, group } = rows[index]!;
    const name = (place < 0 ? group! : model.nodes[place]!.asset).toLowerCase();
    if (name.startsWith(text) || name.slice(name.indexOf(".") + 1).startsWith(text)) return index;
  }
  return -1;
}
