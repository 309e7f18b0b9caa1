// "Did you mean": the names that are closest to one that is not there, by edits, ignoring case.

/** At most `limit` candidates that plausibly were meant, nearest first; ties in the order of the alphabet. */
export function nearestNames(word: string, candidates: Iterable<string>, limit = 3): readonly string[] {
  const wanted = word.toLowerCase();
  const tolerated = Math.max(1, Math.floor(wanted.length / 3));
  const found: { readonly name: string; readonly distance: number }[] = [];
  for (const name of new Set(candidates)) {
    const other = name.toLowerCase();
    const distance = lastPart(other) === wanted || other === lastPart(wanted) ? 0.5 : editDistance(wanted, other, tolerated + 1);
    if (distance <= tolerated) found.push({ name, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, limit).map((entry) => entry.name);
}

/** `did you mean "a" or "b"?`, or undefined when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const names = nearestNames(word, candidates);
  return names.length === 0 ? undefined : `did you mean ${names.map((name) => `"${name}"`).join(" or ")}?`;
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`; `limit` stands for "that many or more". */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    if (Math.min(...row) >= limit) return limit;
    before = previous;
    previous = row;
  }
  return Math.min(previous[b.length]!, limit);
}
