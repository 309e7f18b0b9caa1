// Corrections that a person has made and not yet handed over: cells by record and column.
export type Edits = ReadonlyMap<string, Readonly<Record<string, string | null>>>;

export const NO_EDITS: Edits = new Map();

/** `value` undefined takes the correction back. */
export function withCell(
  edits: Edits,
  { id, column, value }: { readonly id: string; readonly column: string; readonly value: string | null | undefined },
): Edits {
  const { [column]: _before, ...rest } = edits.get(id) ?? {};
  const cells = value === undefined ? rest : { ...rest, [column]: value };
  const next = new Map(edits);
  if (Object.keys(cells).length === 0) next.delete(id);
  else next.set(id, cells);
  return next;
}

export function cellsOf(edits: Edits): number {
  return [...edits.values()].reduce((sum, cells) => sum + Object.keys(cells).length, 0);
}

/** As `quarantine.preview` and `quarantine.decide` take them. */
export function recordsOf(edits: Edits): Record<string, string | null>[] {
  return [...edits].map(([id, cells]) => ({ _id: id, ...cells }));
}
