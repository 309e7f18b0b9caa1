// Rows of a plan: what happens to each asset in a shape, a colour and a word, below what causes it. Arrows or j and k move, the row that has the focus is shown beside.
import { useRef, type KeyboardEvent, type ReactNode } from "react";
import { Count } from "../../kit/values.tsx";
import { PlanMark } from "./plan-mark.tsx";
import type { PlanRow } from "./tree.ts";

const INDENT_PX = 20;
const WORDS = {
  added: ["add", "new"],
  removed: ["remove", "removed"],
  renamed: ["rename", "renamed"],
  breaking: ["breaking", "breaking"],
  nonBreaking: ["build", "non-breaking"],
  metadata: ["keep", "metadata only"],
  indirect: ["follow", "follows"],
} as const;

export function ChangeMark({ row: { change, action } }: { readonly row: PlanRow }): ReactNode {
  if (change === null)
    return action === "remove" ? (
      <PlanMark shape="remove" word="removed" />
    ) : (
      <PlanMark shape={action === "reuse" ? "keep" : "build"} word={action ?? "build"} />
    );
  const [shape, word] = WORDS[change.change];
  return <PlanMark shape={shape} word={word} />;
}

interface PlanRowsProps {
  readonly rows: readonly PlanRow[];
  readonly current: string | undefined;
  readonly onShow: (asset: string) => void;
}

export function PlanRows({ rows, current, onShow }: PlanRowsProps): ReactNode {
  const list = useRef<HTMLDivElement>(null);
  const press = (event: KeyboardEvent, index: number): void => {
    const to = { ArrowDown: index + 1, j: index + 1, ArrowUp: index - 1, k: index - 1, Home: 0, End: rows.length - 1 }[event.key];
    const row = to === undefined ? undefined : rows[to];
    if (row === undefined || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    event.stopPropagation();
    onShow(row.asset);
    list.current?.querySelectorAll<HTMLElement>("[role=treeitem]")[to!]?.focus();
  };
  return (
    <div ref={list} role="tree" aria-label="Assets of the plan" className="plan-rows">
      {rows.map((row, index) => {
        const isCurrent = row.asset === current;
        return (
          <div
            key={row.asset}
            role="treeitem"
            aria-level={row.depth + 1}
            aria-selected={isCurrent}
            tabIndex={isCurrent ? 0 : -1}
            className={isCurrent ? "plan-row selected" : "plan-row"}
            onClick={() => onShow(row.asset)}
            onKeyDown={(event) => press(event, index)}
          >
            <ChangeMark row={row} />
            <span className="mono plan-asset" style={{ paddingLeft: Math.min(row.depth, 6) * INDENT_PX }}>
              {row.depth > 0 ? (
                <span className="muted" aria-hidden="true">
                  └{" "}
                </span>
              ) : null}
              {row.asset}
            </span>
            <span className="second plan-reason">{row.reason}</span>
            <span className="muted right plan-size">
              {row.partitions > 0 ? <Count of={row.partitions} one="part" /> : row.rows === null ? "" : <Count of={row.rows} one="row" />}
            </span>
          </div>
        );
      })}
    </div>
  );
}
