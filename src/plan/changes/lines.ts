// Which lines of a text are new or changed, against the text before.

/** Lines that are compared one by one; of longer texts everything between what is common at both ends counts as changed. */
const COMPARED_MAX = 1_500;

/** Numbers, from 0, of the lines of `after` that `before` does not have in that order; where lines were only taken out, the line that follows. */
export function changedLines(before: string, after: string): readonly number[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  const [left, right] = [old.slice(start, old.length - end), now.slice(start, now.length - end)];
  if (left.length === 0 && right.length === 0) return [];
  if (right.length === 0) return [Math.max(0, Math.min(start, now.length - 1))];
  const kept = left.length > COMPARED_MAX || right.length > COMPARED_MAX ? new Set<number>() : common(left, right);
  const changed = right.flatMap((_, index) => (kept.has(index) ? [] : [start + index]));
  return changed.length > 0 ? changed : [start];
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").map((line) => line.trim());
}

/** Indexes of `right` that belong to a longest common subsequence. */
function common(left: readonly string[], right: readonly string[]): ReadonlySet<number> {
  const width = right.length + 1;
  const lengths = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        left[i] === right[j] ? lengths[(i + 1) * width + j + 1]! + 1 : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
  const kept = new Set<number>();
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    if (left[i] === right[j]) {
      kept.add(j);
      i++;
      j++;
    } else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++;
    else j++;
  }
  return kept;
}
