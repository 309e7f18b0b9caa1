// A persistent priority queue (leftist heap): the least element first, `push` and `pop` make new heaps and share the rest, both O(log n).
// Order of equal elements is settled by the caller's `before`, so that a log can be repeated exactly.

export interface HeapNode<T> {
  readonly item: T;
  readonly rank: number;
  readonly left: Heap<T>;
  readonly right: Heap<T>;
}

export type Heap<T> = HeapNode<T> | null;

/** True when `a` comes before `b`; a strict total order. */
export type Before<T> = (a: T, b: T) => boolean;

export function push<T>(heap: Heap<T>, item: T, before: Before<T>): Heap<T> {
  return merge(heap, { item, rank: 1, left: null, right: null }, before);
}

export function pop<T>(heap: HeapNode<T>, before: Before<T>): Heap<T> {
  return merge(heap.left, heap.right, before);
}

/** A heap of `sorted` (least first) in O(n): a path to the left is a leftist heap. */
export function heapOfSorted<T>(sorted: readonly T[]): Heap<T> {
  let heap: Heap<T> = null;
  for (let index = sorted.length - 1; index >= 0; index--) heap = { item: sorted[index]!, rank: 1, left: heap, right: null };
  return heap;
}

/** The depth of the recursion is that of the right spines: O(log n). */
function merge<T>(a: Heap<T>, b: Heap<T>, before: Before<T>): Heap<T> {
  if (a === null) return b;
  if (b === null) return a;
  const [top, other] = before(b.item, a.item) ? [b, a] : [a, b];
  const merged = merge(top.right, other, before);
  const left = rankOf(top.left) >= rankOf(merged) ? top.left : merged;
  const right = left === merged ? top.left : merged;
  return { item: top.item, rank: rankOf(right) + 1, left, right };
}

function rankOf(heap: Heap<unknown>): number {
  return heap === null ? 0 : heap.rank;
}
