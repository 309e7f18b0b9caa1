// Which boxes stand at a point or in a rectangle, without looking at all of them: a grid of cells.
export interface Boxes {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly width: (place: number) => number;
  readonly height: (place: number) => number;
}

export interface Spatial {
  /** The box at a point; -1: none. */
  readonly at: (x: number, y: number) => number;
  /** All boxes that touch a rectangle, each once. */
  readonly within: (left: number, top: number, right: number, bottom: number) => readonly number[];
}

const CELL = 256;
/** So that a cell is one number; a picture is never that many cells high. */
const ROWS = 1 << 20;

export function spatialIndex(boxes: Boxes): Spatial {
  const cells = new Map<number, number[]>();
  const { x, y, width, height } = boxes;
  const key = (column: number, row: number): number => (column + 64) * ROWS + row + ROWS / 2;
  const each = (left: number, top: number, right: number, bottom: number, visit: (cell: number) => void): void => {
    for (let column = Math.floor(left / CELL); column <= Math.floor(right / CELL); column++)
      for (let row = Math.floor(top / CELL); row <= Math.floor(bottom / CELL); row++) visit(key(column, row));
  };
  for (const place of x.keys())
    each(x[place]!, y[place]!, x[place]! + width(place), y[place]! + height(place), (cell) => {
      const list = cells.get(cell);
      if (list === undefined) cells.set(cell, [place]);
      else list.push(place);
    });
  const seen = new Uint32Array(x.length);
  let round = 0;
  return {
    at(px, py) {
      const list = cells.get(key(Math.floor(px / CELL), Math.floor(py / CELL))) ?? [];
      return (
        list.find((place) => px >= x[place]! && px <= x[place]! + width(place) && py >= y[place]! && py <= y[place]! + height(place)) ?? -1
      );
    },
    within(left, top, right, bottom) {
      const found: number[] = [];
      round++;
      each(left, top, right, bottom, (cell) => {
        for (const place of cells.get(cell) ?? []) {
          if (seen[place] === round) continue;
          seen[place] = round;
          if (x[place]! <= right && x[place]! + width(place) >= left && y[place]! <= bottom && y[place]! + height(place) >= top)
            found.push(place);
        }
      });
      return found;
    },
  };
}
