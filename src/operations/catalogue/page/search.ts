// What a search finds: every word must stand somewhere in an asset, in its name above all, in its columns, in what is said of it.
import type { CatalogueColumns, IndexAsset } from "../data.ts";

export interface Found {
  readonly place: number;
  readonly score: number;
  /** Columns in which a word was found. */
  readonly columns: readonly string[];
}

export interface Filter {
  readonly kind: string;
  readonly status: string;
  readonly owner: string;
  readonly tag: string;
}

const COLUMNS_TOLD_MAX = 5;

/** Places of the assets, the best first; without words all that pass the filter, by name. `columns`: undefined until they are loaded. */
export function searchAssets(
  assets: readonly IndexAsset[],
  columns: CatalogueColumns | undefined,
  text: string,
  filter: Filter,
): readonly Found[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const found: Found[] = [];
  for (const [place, asset] of assets.entries()) {
    if (!passes(asset, filter)) continue;
    const match = matchOf(asset, columns?.[place] ?? [], words);
    if (match !== null) found.push({ place, ...match });
  }
  return words.length === 0 ? found : found.toSorted((a, b) => b.score - a.score || a.place - b.place);
}

function passes(asset: IndexAsset, { kind, status, owner, tag }: Filter): boolean {
  return (
    (kind === "" || asset.kind === kind) &&
    (status === "" || (status === "check failed" ? asset.checks.failed + asset.checks.warned > 0 : asset.status === status)) &&
    (owner === "" || asset.owner === owner) &&
    (tag === "" || asset.tags.includes(tag))
  );
}

function matchOf(asset: IndexAsset, columns: CatalogueColumns[number], words: readonly string[]): Omit<Found, "place"> | null {
  let score = 0;
  const told = new Set<string>();
  const name = asset.id.toLowerCase();
  for (const word of words) {
    const inColumns = columns.filter(([column]) => column.toLowerCase().includes(word));
    const own = nameScore(name, word);
    const said = [asset.description, asset.owner, ...asset.tags].some((each) => each?.toLowerCase().includes(word) === true);
    const isSaidOfColumn = columns.some(([, description]) => description.toLowerCase().includes(word));
    const best = Math.max(
      own,
      inColumns.length === 0 ? 0 : inColumns.some(([column]) => column.toLowerCase() === word) ? 30 : 15,
      said ? 10 : 0,
      isSaidOfColumn ? 4 : 0,
    );
    if (best === 0) return null;
    score += best;
    for (const [column] of inColumns) if (told.size < COLUMNS_TOLD_MAX) told.add(column);
  }
  return { score, columns: [...told] };
}

function nameScore(name: string, word: string): number {
  if (name === word || name.endsWith(`.${word}`)) return 100;
  if (name.startsWith(word) || name.includes(`.${word}`)) return 60;
  return name.includes(word) ? 40 : 0;
}
