// The picture of a scene, laid out in a worker; what stood somewhere stays there when nodes come and go.
import { useEffect, useRef, useState } from "react";
import { ASSET_HEIGHT, ASSET_WIDTH, GROUP_HEIGHT, GROUP_WIDTH, type Scene } from "../scene.ts";
import type { Layout, LayoutInput, Point } from "./types.ts";

/** A worker takes its time to begin: one does so while the graph is still asked for. */
let spare: Worker | undefined = newWorker();

function newWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}

function layoutWorker(): Worker {
  const worker = spare ?? newWorker();
  spare = undefined;
  return worker;
}

export interface Placed {
  readonly scene: Scene;
  readonly layout: Layout;
  /** How long it took, in milliseconds, the way to the worker and back included. */
  readonly tookMs: number;
  /** What stood somewhere before stands there still. */
  readonly isHeld: boolean;
}

/** A change of more than this part of the nodes is another picture: it is laid out anew. */
const KEPT_PART_MIN = 0.9;

/** `structure` tells apart scenes whose nodes or edges differ; the same structure with other statuses keeps its picture. */
export function useLayout(scene: Scene | undefined, structure: string): Placed | undefined {
  const [placed, setPlaced] = useState<Placed & { readonly structure: string }>();
  const worker = useRef<Worker>(undefined);
  const before = useRef<ReadonlyMap<string, Point>>(new Map());
  const number = useRef(0);
  useEffect(() => () => worker.current?.terminate(), []);
  useEffect(() => {
    if (scene === undefined) return undefined;
    worker.current ??= layoutWorker();
    const own = ++number.current;
    const began = performance.now();
    const nodes = scene.items.map(({ key, kind }) => ({
      id: key,
      width: kind === "asset" ? ASSET_WIDTH : GROUP_WIDTH,
      height: kind === "asset" ? ASSET_HEIGHT : GROUP_HEIGHT,
    }));
    const kept = nodes.filter(({ id }) => before.current.has(id)).length;
    const isSmallChange = kept >= Math.max(nodes.length, before.current.size) * KEPT_PART_MIN && kept > 0;
    const input: LayoutInput = { nodes, edges: scene.edges, ...(isSmallChange ? { before: before.current } : {}) };
    const take = ({ data }: MessageEvent<{ readonly number: number; readonly layout: Layout }>): void => {
      if (data.number !== own) return;
      before.current = new Map(nodes.map(({ id }, place) => [id, { x: data.layout.x[place]!, y: data.layout.y[place]! }]));
      setPlaced({ structure, scene, layout: data.layout, tookMs: performance.now() - began, isHeld: isSmallChange });
    };
    worker.current.addEventListener("message", take);
    worker.current.postMessage({ number: own, input });
    const here = worker.current;
    return () => here.removeEventListener("message", take);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the picture depends on the structure alone
  }, [structure]);
  if (scene === undefined || placed === undefined) return undefined;
  // Until the next picture is there, the one before stays.
  return placed.structure === structure ? { ...placed, scene } : placed;
}
