// What is selected in the graph as words of the grammar: a whole schema as `raw.*`, others by name. So a selection stands in the address, and the command line takes it. Pure.
import type { GraphModel } from "./model.ts";

/** The places that words name; words that name nothing are passed over. */
export function placesOfWords(model: GraphModel, words: readonly string[]): ReadonlySet<number> {
  const places = new Set<number>();
  for (const word of words) {
    const place = model.placeOf.get(word);
    if (place !== undefined) places.add(place);
    else if (word.endsWith(".*"))
      for (const [at, { asset }] of model.nodes.entries()) if (asset.startsWith(word.slice(0, -1))) places.add(at);
  }
  return places;
}

/** The shortest words for these places. */
export function wordsOfPlaces(model: GraphModel, places: ReadonlySet<number>): readonly string[] {
  const total = new Map<string, number>();
  const meant = new Map<string, number>();
  for (const [place, { asset }] of model.nodes.entries()) {
    const schema = schemaOf(asset);
    total.set(schema, (total.get(schema) ?? 0) + 1);
    if (places.has(place)) meant.set(schema, (meant.get(schema) ?? 0) + 1);
  }
  const isWhole = (schema: string): boolean => schema !== "" && meant.get(schema) === total.get(schema) && (total.get(schema) ?? 0) > 1;
  const words = new Set<string>();
  for (const place of places) {
    const { asset } = model.nodes[place]!;
    const schema = schemaOf(asset);
    words.add(isWhole(schema) ? `${schema}.*` : asset);
  }
  return [...words].toSorted();
}

/** With everything one step above and below. */
export function withNeighbours({ needs, readers }: GraphModel, places: ReadonlySet<number>): ReadonlySet<number> {
  return new Set([...places, ...[...places].flatMap((place) => [...needs[place]!, ...readers[place]!])]);
}

export function toggled(places: ReadonlySet<number>, some: readonly number[]): ReadonlySet<number> {
  const next = new Set(places);
  const isAll = some.every((place) => next.has(place));
  for (const place of some)
    if (isAll) next.delete(place);
    else next.add(place);
  return next;
}

/** Empty for a task's name, which no schema stands before. */
function schemaOf(asset: string): string {
  return asset.includes(":") ? "" : asset.slice(0, Math.max(0, asset.indexOf(".")));
}
