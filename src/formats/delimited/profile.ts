// What the cells of each column look like in the sample: the measure for headers and repairs.
import { familyOf, shapeOf, type Family, type Shape } from "./cells.ts";

export interface ColumnProfile {
  /** null: only empty cells were seen; "text" fits everything. */
  readonly kind: Family | null;
  /** Shapes of at least 2 % of the cells. */
  readonly shapes: readonly Shape[];
  /** Characters, where all of at least 20 cells had as many: codes and dates. */
  readonly length: number | null;
}

const SHARE_OF_ONE_KIND_MIN = 0.9;
const SHARE_OF_SHAPE_MIN = 0.02;
const CELLS_FOR_LENGTH_MIN = 20;

export function profileOf(rows: readonly (readonly string[])[], width: number): ColumnProfile[] {
  return Array.from({ length: width }, (_, column) => profileOfColumn(rows.map((row) => row[column] ?? "")));
}

function profileOfColumn(cells: readonly string[]): ColumnProfile {
  const counts = new Map<Family, number>();
  const shapes = new Map<Shape, number>();
  const lengths = new Set<number>();
  let all = 0;
  for (const cell of cells) {
    const shape = shapeOf(cell);
    if (shape === "empty") continue;
    const family = familyOf(shape);
    counts.set(family, (counts.get(family) ?? 0) + 1);
    shapes.set(shape, (shapes.get(shape) ?? 0) + 1);
    lengths.add(cell.length);
    all++;
  }
  const [top] = [...counts].toSorted((a, b) => b[1] - a[1]);
  const [onlyLength] = lengths;
  const length = all >= CELLS_FOR_LENGTH_MIN && lengths.size === 1 && onlyLength !== undefined ? onlyLength : null;
  if (top === undefined) return { kind: null, shapes: [], length: null };
  if (top[1] < all * SHARE_OF_ONE_KIND_MIN) return { kind: "text", shapes: [], length };
  return {
    kind: top[0],
    shapes: [...shapes].filter(([, count]) => count >= all * SHARE_OF_SHAPE_MIN).map(([shape]) => shape),
    length,
  };
}

/** Do the cells look like those of their columns? Free text fits everything; a cell that holds a stray quote is not judged. */
export function fits(cells: readonly string[], profile: readonly ColumnProfile[], strayQuote: string | null = null): boolean {
  return cells.every((cell, column) => {
    if (strayQuote !== null && cell.includes(strayQuote)) return true;
    const expected = profile[column];
    if (expected === undefined) return false;
    const shape = shapeOf(cell);
    if (expected.kind === null || expected.kind === "text" || shape === "empty") return expected.kind !== null || shape === "empty";
    return expected.shapes.includes(shape) && (expected.length === null || cell.length === expected.length);
  });
}

/** Has the row a value in a column that does not hold just anything? Without one, `fits` proves little. */
export function hasEvidence(cells: readonly string[], profile: readonly ColumnProfile[]): boolean {
  return profile.some(({ kind }, column) => kind !== null && kind !== "text" && (cells[column] ?? "") !== "");
}
