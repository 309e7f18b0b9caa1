// The partitions of a backfill as cells of one size, in their order, a row per asset; each is a shape and a colour, told in words under the focus.
import { useState, type KeyboardEvent, type ReactNode } from "react";
import type { BackfillShowAnswer } from "../../../../src/model/backfill-answers.ts";
import { useGo } from "../../kit/link.tsx";
import { kindOf, type StatusKind, StatusShape } from "../../kit/status.tsx";
import { countWords, spanWords } from "../../kit/values.tsx";
import { links } from "../../links.ts";

type Node = BackfillShowAnswer["nodes"][number];

/** More cells than this are not all in the document: those that are done well are left out first. */
const CELLS_MAX = 3_000;

export function Matrix({ nodes, run }: { readonly nodes: readonly Node[]; readonly run: string }): ReactNode {
  const [at, setAt] = useState(0);
  const go = useGo();
  const isCut = nodes.length > CELLS_MAX;
  const shown = (isCut ? nodes.filter(({ status }) => status !== "succeeded" && status !== "reused") : nodes)
    .slice(0, CELLS_MAX)
    .toSorted((a, b) => a.asset.localeCompare(b.asset) || (a.partition ?? "").localeCompare(b.partition ?? ""));
  const assets = [...new Set(shown.map(({ asset }) => asset))];
  const focus = (index: number): void => {
    const to = Math.max(0, Math.min(shown.length - 1, index));
    setAt(to);
    document.querySelector<HTMLElement>(`[data-step="${to}"]`)?.focus();
  };
  const press = (event: KeyboardEvent, index: number): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10 }[event.key];
    if (step !== undefined) focus(index + step);
    else if (event.key === "Home") focus(0);
    else if (event.key === "End") focus(shown.length - 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const told = shown[at];
  return (
    <div className="pad stack">
      {isCut ? <p className="muted">Those that are built are left out: {countWords(nodes.length - shown.length)}.</p> : null}
      {assets.map((asset) => (
        <div key={asset} className="bf-asset">
          {assets.length < 2 ? null : <div className="mono muted">{asset}</div>}
          <div className="bf-matrix" role="group" aria-label={`Partitions of ${asset}`}>
            {shown.map((node, index) =>
              node.asset !== asset ? null : (
                <button
                  type="button"
                  key={`${node.asset} ${node.partition ?? ""}`}
                  data-step={index}
                  className={`bf-cell ${cellKind(node.status)}`}
                  tabIndex={index === Math.min(at, shown.length - 1) ? 0 : -1}
                  aria-label={wordsOf(node)}
                  title={wordsOf(node)}
                  onFocus={() => setAt(index)}
                  onPointerEnter={() => setAt(index)}
                  onKeyDown={(event) => press(event, index)}
                  onClick={() => go(links.run(run, { step: node.partition === null ? node.asset : `${node.asset}[${node.partition}]` }))}
                >
                  <StatusShape kind={cellKind(node.status)} />
                </button>
              ),
            )}
          </div>
        </div>
      ))}
      <p className="mono second bf-told">{told === undefined ? " " : wordsOf(told)}</p>
    </div>
  );
}

/** Here what was already as it should be is as good as built. */
function cellKind(status: string): StatusKind {
  return status === "reused" ? "ok" : kindOf(status);
}

function wordsOf({ asset, partition, status, attempts, seconds, error }: Node): string {
  const name = partition === null ? asset : `${asset} ${partition}`;
  const took = seconds > 0 ? `, ${spanWords(seconds)}` : "";
  const tried = attempts > 1 ? `, ${attempts} attempts` : "";
  return `${name}: ${status}${took}${tried}${error === null ? "" : `, ${error.message.split("\n", 1)[0] ?? ""}`}`;
}
