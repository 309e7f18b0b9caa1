// Where the arrow keys lead in a placed picture: up and down within a layer, left to what is read, right to who reads. Pure.
import type { Placed } from "./layout/use-layout.ts";
import { nameOf } from "./scene.ts";

export type Move = "up" | "down" | "left" | "right" | "first" | "last";

export const moveOfKey: Readonly<Record<string, Move>> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
  Home: "first",
  End: "last",
};

/** @returns the place of the item to go to; the same one where there is none */
export function moved(placed: Placed, from: number, move: Move): number {
  const { layout } = placed;
  const count = layout.x.length;
  if (count === 0) return -1;
  const reading = readingOrder(placed);
  if (from < 0) return reading[0]!;
  switch (move) {
    case "first":
      return reading[0]!;
    case "last":
      return reading.at(-1)!;
    case "up":
    case "down": {
      const column = reading.filter((place) => layout.x[place] === layout.x[from]);
      return column[column.indexOf(from) + (move === "down" ? 1 : -1)] ?? from;
    }
    case "left":
    case "right": {
      const near = placed.scene.edges.flatMap((edge) => {
        if (move === "right") return edge.from === from ? [edge.to] : [];
        return edge.to === from ? [edge.from] : [];
      });
      return nearest(layout.y, near, from);
    }
    default:
      return move satisfies never;
  }
}

function nearest(y: Float64Array, places: readonly number[], from: number): number {
  let best = from;
  let least = Number.POSITIVE_INFINITY;
  for (const place of places) {
    const distance = Math.abs(y[place]! - y[from]!);
    if (distance < least) [best, least] = [place, distance];
  }
  return best;
}

/** Column by column, from top to bottom. */
function readingOrder({ layout: { x, y } }: Placed): readonly number[] {
  return [...x.keys()].toSorted((a, b) => x[a]! - x[b]! || y[a]! - y[b]!);
}

/** The next item after `from` whose name, or the part behind its schema, begins with what was typed. */
export function typedTo(placed: Placed, from: number, typed: string): number {
  const order = readingOrder(placed);
  const word = typed.toLowerCase();
  const start = Math.max(0, order.indexOf(from));
  const begins = (place: number): boolean => {
    const name = nameOf(placed.scene.items[place]!).toLowerCase();
    return name.startsWith(word) || name.slice(name.indexOf(".") + 1).startsWith(word);
  };
  // One letter again and again goes round; more letters may stay where they are.
  const offset = typed.length === 1 ? 1 : 0;
  for (let step = offset; step < order.length + offset; step++) {
    const place = order[(start + step) % order.length]!;
    if (begins(place)) return place;
  }
  return from;
}
