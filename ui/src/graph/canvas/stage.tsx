// The picture: a canvas that is panned, zoomed and picked from, with a tree over it that says the same to keyboards and screen readers.
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { Placed } from "../layout/use-layout.ts";
import type { Lens } from "../lens.ts";
import type { Mark } from "../marks.ts";
import { moved, moveOfKey, typedTo } from "../moves.ts";
import { createEngine, type Engine } from "./engine.ts";
import { HeardTree } from "./heard-tree.tsx";

export interface StageProps {
  readonly placed: Placed;
  readonly label: string;
  /** Places of items that stand out; null: none. */
  readonly emphasis: ReadonlySet<number> | null;
  readonly selected: ReadonlySet<number>;
  readonly lens: Lens;
  readonly marks: ReadonlyMap<number, Mark> | null;
  /** Where it is looked at, as it stands in the address. */
  readonly at: string | undefined;
  readonly onAt: (at: string | undefined) => void;
  /** `other`: besides what is selected (shift); -1: nothing is there. */
  readonly onPick: (place: number, how: "alone" | "other") => void;
  readonly onOpen: (place: number) => void;
  /** A loop was drawn around these; or `x` was pressed on one. */
  readonly onLoop: (places: readonly number[]) => void;
  /** @returns whether the key means something. */
  readonly onKey?: (key: string, place: number) => boolean;
  /** Laid over the picture. */
  readonly children?: ReactNode;
}

const TYPED_MS = 700;
const STEP_ZOOM = 1.25;

export function Stage(props: StageProps): ReactNode {
  const { placed, emphasis, selected, lens, marks, at, onPick, onOpen, onLoop, onKey, label, children } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const engine = useRef<Engine>(null);
  const newest = useRef(props);
  const typed = useRef({ text: "", at: Number.NEGATIVE_INFINITY });
  const [wanted, setFocus] = useState(-1);
  const [isFocused, setFocused] = useState(false);
  const [isLasso, setLasso] = useState(false);
  const focus = wanted < placed.scene.items.length ? wanted : -1;
  useEffect(() => {
    newest.current = props;
  });
  useEffect(() => {
    const made = createEngine(canvas.current!, box.current!, {
      at: (next) => newest.current.onAt(next),
      pick(place, how) {
        setFocus(place);
        newest.current.onPick(place, how);
      },
      open: (place) => newest.current.onOpen(place),
      loop: (places) => newest.current.onLoop(places),
    });
    engine.current = made;
    made.look(newest.current.at);
    return () => {
      made.end();
      engine.current = null;
    };
  }, []);
  useEffect(() => {
    engine.current?.show({ placed, emphasis, selected, lens, marks, isLasso, focus: isFocused ? focus : -1 });
  }, [placed, emphasis, selected, lens, marks, isLasso, focus, isFocused]);
  // Back and forward in the history.
  useEffect(() => engine.current?.look(at), [at]);

  const reveal = (place: number): void => {
    if (place < 0) return;
    setFocus(place);
    engine.current?.reveal(place);
  };
  const type = (key: string): void => {
    const now = performance.now();
    typed.current = { text: now - typed.current.at < TYPED_MS ? typed.current.text + key : key, at: now };
    reveal(typedTo(placed, focus, typed.current.text));
  };
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const step = moveOfKey[key];
    if (step !== undefined) reveal(moved(placed, focus, step));
    else if (key === "Enter" && focus >= 0 && !event.shiftKey) onOpen(focus);
    else if ((key === " " || key === "Enter") && focus >= 0) onPick(focus, event.shiftKey ? "other" : "alone");
    else if (key === "+" || key === "=") engine.current?.zoomBy(STEP_ZOOM);
    else if (key === "-") engine.current?.zoomBy(1 / STEP_ZOOM);
    else if (key === "0") engine.current?.fitAll();
    else if (key === "x" && focus >= 0 && performance.now() - typed.current.at >= TYPED_MS) onLoop([focus]);
    else if (/^[\p{L}\p{N}_]$/u.test(key)) type(key);
    else if (onKey?.(key, focus) !== true) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="graph-stage" ref={box} data-took-ms={Math.round(placed.tookMs)}>
      <canvas ref={canvas} aria-hidden="true" />
      <HeardTree
        placed={placed}
        label={label}
        marks={marks}
        focus={focus}
        selected={selected}
        onKeyDown={press}
        onFocus={() => {
          setFocused(true);
          if (focus < 0) setFocus([...selected][0] ?? moved(placed, -1, "first"));
        }}
        onBlur={() => setFocused(false)}
      />
      {children}
      <div className="graph-zoom">
        <button
          type="button"
          className="btn small"
          aria-pressed={isLasso}
          title="Draw a loop around assets to select them (or drag with Shift); x selects by key"
          onClick={() => setLasso(!isLasso)}
        >
          Lasso
        </button>
        <button
          type="button"
          className="btn small"
          aria-label="Zoom in"
          title="Zoom in (+)"
          onClick={() => engine.current?.zoomBy(STEP_ZOOM)}
        >
          +
        </button>
        <button
          type="button"
          className="btn small"
          aria-label="Zoom out"
          title="Zoom out (-)"
          onClick={() => engine.current?.zoomBy(1 / STEP_ZOOM)}
        >
          −
        </button>
        <button type="button" className="btn small" title="Show all (0)" onClick={() => engine.current?.fitAll()}>
          Fit
        </button>
      </div>
    </div>
  );
}
