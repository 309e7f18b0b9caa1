// The picture: a canvas that is panned, zoomed and picked from, with a tree beside it that says the same to keyboards and screen readers.
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import { kindOf } from "../../kit/status.tsx";
import type { Placed } from "../layout/use-layout.ts";
import type { Lens } from "../lens.ts";
import { moved, moveOfKey, typedTo } from "../moves.ts";
import { statusOf } from "../scene.ts";
import { type Camera, cameraText, fit, parseCamera, toView, toWorld, type View, zoomAt } from "./camera.ts";
import { HeardTree } from "./heard-tree.tsx";
import { edgePath, paint, type Picture, sizeOf } from "./paint.ts";
import { onPalette, type Palette, readPalette } from "./palette.ts";
import { spatialIndex } from "./spatial.ts";

export interface StageProps {
  readonly placed: Placed;
  readonly label: string;
  /** Places of items that stand out; null: none. */
  readonly emphasis: ReadonlySet<number> | null;
  readonly selected: ReadonlySet<number>;
  readonly lens: Lens;
  /** Where it is looked at, as it stands in the address. */
  readonly at: string | undefined;
  readonly onAt: (at: string | undefined) => void;
  /** `other`: besides what is selected (shift). */
  readonly onPick: (place: number, how: "alone" | "other") => void;
  readonly onOpen: (place: number) => void;
  readonly onKey?: (key: string, place: number) => boolean;
  /** Laid over the picture. */
  readonly children?: ReactNode;
}

/** The address follows when the picture stands still. */
const SETTLED_MS = 250;
/** What is moved less was a click. */
const CLICK_PX = 4;
const TYPED_MS = 700;
const STEP_ZOOM = 1.25;
const TURN_PER_MS = (2 * Math.PI) / 1_200;

export function Stage(props: StageProps): ReactNode {
  const { placed, emphasis, selected, lens, at, onAt, onPick, onOpen, onKey, label, children } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const camera = useRef<Camera | null>(at === undefined ? null : (parseCamera(at) ?? null));
  const view = useRef<View>({ width: 0, height: 0 });
  const palette = useRef<Palette>(null);
  const [focus, setFocus] = useState(-1);
  const [isFocused, setFocused] = useState(false);
  const hover = useRef(-1);
  const dirty = useRef(true);

  const spatial = useMemo(() => {
    const { items } = placed.scene;
    return spatialIndex({
      x: placed.layout.x,
      y: placed.layout.y,
      width: (place) => sizeOf(items[place]!).width,
      height: (place) => sizeOf(items[place]!).height,
    });
  }, [placed.layout, placed.scene.items.length]);
  const edges = useMemo(() => edgePath(placed), [placed.layout]);
  const strong = useMemo(
    () => (emphasis === null ? null : edgePath(placed, (from, to) => emphasis.has(from) && emphasis.has(to))),
    [placed.layout, emphasis],
  );
  const picture = useRef<Picture>(null);
  picture.current = {
    placed,
    spatial,
    edges,
    strong,
    emphasis,
    selected,
    focus: isFocused ? focus : -1,
    hover: hover.current,
    lens,
    now: Date.now(),
  };
  dirty.current = true;

  const settle = useRef<ReturnType<typeof setTimeout>>(undefined);
  const look = useCallback(
    (next: Camera, how: "moved" | "fitted" = "moved") => {
      camera.current = next;
      dirty.current = true;
      clearTimeout(settle.current);
      settle.current = setTimeout(() => onAt(how === "fitted" ? undefined : cameraText(next)), SETTLED_MS);
    },
    [onAt],
  );
  const all = useCallback((): Camera => {
    const { width, height } = placed.layout;
    return fit(
      { left: 0, top: Math.min(0, ...(placed.layout.y.length < 5_000 ? placed.layout.y : [0])), right: width, bottom: height },
      view.current,
    );
  }, [placed.layout]);

  // Another picture is looked at as a whole; the first one as the address says.
  const shownLayout = useRef<Placed["layout"]>(undefined);
  useEffect(() => {
    const isFirst = shownLayout.current === undefined;
    shownLayout.current = placed.layout;
    if (view.current.width > 0 && (camera.current === null || (!isFirst && !placed.isHeld))) {
      camera.current = all();
      dirty.current = true;
      if (!isFirst) onAt(undefined);
    }
    setFocus((before) => (before < placed.scene.items.length ? before : -1));
  }, [placed.layout]);
  // Back and forward in the history.
  useEffect(() => {
    const said = at === undefined ? undefined : parseCamera(at);
    if (said !== undefined && camera.current !== null && cameraText(camera.current) !== at) {
      camera.current = said;
      dirty.current = true;
    }
  }, [at]);

  useEffect(() => {
    const [element, frame] = [canvas.current!, box.current!];
    const pen = element.getContext("2d", { alpha: false })!;
    palette.current = readPalette();
    const stopPalette = onPalette(() => {
      palette.current = readPalette();
      dirty.current = true;
    });
    const resize = (): void => {
      const { width, height } = frame.getBoundingClientRect();
      const ratio = devicePixelRatio;
      const isFirst = view.current.width === 0;
      view.current = { width, height };
      element.width = Math.max(1, Math.round(width * ratio));
      element.height = Math.max(1, Math.round(height * ratio));
      if (isFirst && camera.current === null) camera.current = all();
      draw();
    };
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    let turns = false;
    let frameRequest = 0;
    const draw = (): void => {
      if (picture.current === null || camera.current === null || palette.current === null || view.current.width === 0) return;
      dirty.current = false;
      turns = paint(
        {
          pen,
          view: view.current,
          ratio: devicePixelRatio,
          palette: palette.current,
          camera: camera.current,
          turn: calm.matches ? 0 : performance.now() * TURN_PER_MS,
        },
        { ...picture.current, hover: hover.current },
      );
    };
    const loop = (): void => {
      if (dirty.current || (turns && !calm.matches)) draw();
      frameRequest = requestAnimationFrame(loop);
    };
    const observer = new ResizeObserver(resize);
    observer.observe(frame);
    resize();
    loop();
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      if (camera.current === null) return;
      const bounds = element.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey || (event.deltaX === 0 && Math.abs(event.deltaY) >= 40 && !event.shiftKey)) {
        const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016));
        look(zoomAt(camera.current, view.current, { x: event.clientX - bounds.left, y: event.clientY - bounds.top, factor }));
      } else {
        const { x, y, zoom } = camera.current;
        look({ x: x + event.deltaX / zoom, y: y + event.deltaY / zoom, zoom });
      }
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      cancelAnimationFrame(frameRequest);
      observer.disconnect();
      stopPalette();
      element.removeEventListener("wheel", wheel);
    };
  }, [all, look]);
  useEffect(() => () => clearTimeout(settle.current), []);

  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const movedPx = useRef(0);
  const here = (event: PointerEvent): { readonly x: number; readonly y: number } => {
    const bounds = canvas.current!.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  };
  const itemAt = (event: PointerEvent): number => {
    if (camera.current === null) return -1;
    const { x, y } = here(event);
    const world = toWorld(camera.current, view.current, x, y);
    return spatial.at(world.x, world.y);
  };
  const down = (event: PointerEvent): void => {
    canvas.current!.setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, here(event));
    movedPx.current = 0;
  };
  const move = (event: PointerEvent): void => {
    const before = pointers.current.get(event.pointerId);
    if (before === undefined) {
      const over = itemAt(event);
      if (over !== hover.current) {
        hover.current = over;
        canvas.current!.style.cursor = over >= 0 ? "pointer" : "";
        dirty.current = true;
      }
      return;
    }
    if (camera.current === null) return;
    const now = here(event);
    const others = [...pointers.current].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    pointers.current.set(event.pointerId, now);
    movedPx.current += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    if (movedPx.current < CLICK_PX) return;
    const [other] = others;
    if (other === undefined) {
      const { x, y, zoom } = camera.current;
      look({ x: x - (now.x - before.x) / zoom, y: y - (now.y - before.y) / zoom, zoom });
      return;
    }
    const [far, near] = [Math.hypot(now.x - other.x, now.y - other.y), Math.hypot(before.x - other.x, before.y - other.y)];
    look(zoomAt(camera.current, view.current, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2, factor: far / Math.max(1, near) }));
  };
  const up = (event: PointerEvent): void => {
    if (!pointers.current.delete(event.pointerId) || movedPx.current >= CLICK_PX) return;
    const place = itemAt(event);
    if (place >= 0) {
      setFocus(place);
      onPick(place, event.shiftKey ? "other" : "alone");
    } else onPick(-1, "alone");
  };

  const zoomBy = (factor: number): void => {
    if (camera.current === null) return;
    look(zoomAt(camera.current, view.current, { x: view.current.width / 2, y: view.current.height / 2, factor }));
  };
  const show = (place: number): void => {
    setFocus(place);
    const item = placed.scene.items[place];
    if (camera.current === null || item === undefined) return;
    const { width, height } = sizeOf(item);
    const [x, y] = [placed.layout.x[place]! + width / 2, placed.layout.y[place]! + height / 2];
    const point = toView(camera.current, view.current, x, y);
    const margin = 90;
    const isSeen =
      point.x > margin && point.y > margin / 2 && point.x < view.current.width - margin && point.y < view.current.height - margin / 2;
    if (!isSeen) look({ x, y, zoom: camera.current.zoom });
  };
  const typed = useRef({ text: "", at: 0 });
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const step = moveOfKey[key];
    if (step !== undefined) show(moved(placed, focus, step));
    else if (key === "Enter" && focus >= 0 && !event.shiftKey) onOpen(focus);
    else if ((key === " " || (key === "Enter" && event.shiftKey)) && focus >= 0) onPick(focus, event.shiftKey ? "other" : "alone");
    else if (key === "+" || key === "=") zoomBy(STEP_ZOOM);
    else if (key === "-") zoomBy(1 / STEP_ZOOM);
    else if (key === "0") look(all(), "fitted");
    else if (onKey?.(key, focus) === true) {
      // done there
    } else if (/^[\p{L}\p{N}_]$/u.test(key)) {
      const now = performance.now();
      typed.current = { text: now - typed.current.at < TYPED_MS ? typed.current.text + key : key, at: now };
      const found = typedTo(placed, focus, typed.current.text);
      if (found >= 0) show(found);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      className="graph-stage"
      ref={box}
      data-took-ms={Math.round(placed.tookMs)}
      data-status={focus >= 0 ? kindOf(statusOf(placed.scene.items[focus]!)) : undefined}
    >
      <canvas
        ref={canvas}
        aria-hidden="true"
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={up}
        onDoubleClick={() => hover.current >= 0 && onOpen(hover.current)}
      />
      <HeardTree
        placed={placed}
        label={label}
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
        <button type="button" className="btn small" aria-label="Zoom in" title="Zoom in (+)" onClick={() => zoomBy(STEP_ZOOM)}>
          +
        </button>
        <button type="button" className="btn small" aria-label="Zoom out" title="Zoom out (-)" onClick={() => zoomBy(1 / STEP_ZOOM)}>
          −
        </button>
        <button type="button" className="btn small" title="Show all (0)" onClick={() => look(all(), "fitted")}>
          Fit
        </button>
      </div>
    </div>
  );
}
