// "Did you mean": the nearest of the known names, by the number of slips of the finger between two words.

const SUGGESTIONS_MAX = 3;
/** Longer words are compared by their beginning only; nobody mistypes 64 letters. */
const CHARACTERS_MAX = 64;

/** The known names nearest to `word`, nearest first; empty when none is near enough to be meant. */
export function nearest(word: string, known: Iterable<string>, max: number = SUGGESTIONS_MAX): readonly string[] {
  const wanted = plain(word);
  return [...new Set(known)]
    .map((name) => ({ name, distance: distanceOf(wanted, plain(name)) }))
    .filter(({ name, distance }) => distance <= allowedSlips(wanted, plain(name)))
    .toSorted((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, max)
    .map(({ name }) => name);
}

/** A name whose last part is the word is near: `sales` for `raw.sales`, and the other way round. */
function distanceOf(wanted: string, name: string): number {
  const [a, b] = [wanted.split(".").at(-1)!, name.split(".").at(-1)!];
  return a === b && wanted !== name && (a === wanted || b === name) ? 0.5 : slips(wanted, name);
}

/** `did you mean "amount"?`, or undefined. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  const [first] = nearest(word, known, 1);
  return first === undefined ? undefined : `did you mean ${JSON.stringify(first)}?`;
}

/** Number of insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
export function slips(from: string, to: string): number {
  const [a, b] = [from.slice(0, CHARACTERS_MAX), to.slice(0, CHARACTERS_MAX)];
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(last[j]! + 1, current[j - 1]! + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, beforeLast[j - 2]! + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}

/** Case, `_`, `-` and blanks are how people write the same word differently: `primary_key` is `primaryKey`. */
function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[_\s-]/g, "");
}

function allowedSlips(wanted: string, name: string): number {
  const length = Math.max(wanted.length, name.length);
  if (length <= 2) return 0;
  return length <= 5 ? 1 : length <= 9 ? 2 : 3;
}
