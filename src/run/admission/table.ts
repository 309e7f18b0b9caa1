// A persistent map with names as keys: `put` and `remove` make new ones and share the rest (a hash tree with 32 branches), O(log n) each. Its order is
// that of the hashes: the same for the same keys, whatever the history.

interface Leaf<T> {
  readonly kind: "leaf";
  readonly hash: number;
  readonly key: string;
  readonly value: T;
}

interface Branch<T> {
  readonly kind: "branch";
  /** Which of the 32 places are taken; `children` holds those, in order. */
  readonly taken: number;
  readonly children: readonly Tree<T>[];
}

/** Names with the same hash, in order. */
interface Clash<T> {
  readonly kind: "clash";
  readonly leaves: readonly Leaf<T>[];
}

type Tree<T> = Leaf<T> | Branch<T> | Clash<T>;

export interface Table<T> {
  readonly size: number;
  readonly tree: Tree<T> | null;
}

const BITS = 5;
const MASK = 31;
/** Beyond it the bits of a hash are used up. */
const SHIFT_MAX = 30;

const EMPTY: Table<never> = { size: 0, tree: null };

export function emptyTable<T>(): Table<T> {
  return EMPTY;
}

export function lookup<T>({ tree }: Table<T>, key: string): T | undefined {
  const hash = hashOf(key);
  let at = tree;
  for (let shift = 0; at !== null; shift += BITS) {
    switch (at.kind) {
      case "leaf":
        return at.key === key ? at.value : undefined;
      case "clash":
        return at.leaves.find((leaf) => leaf.key === key)?.value;
      case "branch": {
        const bit = bitOf(hash, shift);
        if ((at.taken & bit) === 0) return undefined;
        at = at.children[placeOf(at.taken, bit)]!;
        break;
      }
      default:
        return at satisfies never;
    }
  }
  return undefined;
}

export function put<T>(table: Table<T>, key: string, value: T): Table<T> {
  const known = lookup(table, key) !== undefined;
  const leaf: Leaf<T> = { kind: "leaf", hash: hashOf(key), key, value };
  return { size: table.size + (known ? 0 : 1), tree: table.tree === null ? leaf : putBelow(table.tree, 0, leaf) };
}

export function remove<T>(table: Table<T>, key: string): Table<T> {
  if (table.tree === null || lookup(table, key) === undefined) return table;
  return { size: table.size - 1, tree: removeBelow(table.tree, 0, hashOf(key), key) };
}

export function* entriesOf<T>({ tree }: Table<T>): Generator<readonly [key: string, value: T]> {
  const queue = tree === null ? [] : [tree];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (at.kind === "leaf") yield [at.key, at.value];
    else queue.push(...(at.kind === "clash" ? at.leaves : at.children).toReversed());
  }
}

export function* valuesOf<T>(table: Table<T>): Generator<T> {
  for (const [, value] of entriesOf(table)) yield value;
}

function putBelow<T>(tree: Tree<T>, shift: number, leaf: Leaf<T>): Tree<T> {
  switch (tree.kind) {
    case "leaf":
      return tree.key === leaf.key ? leaf : together(tree, leaf, shift);
    case "clash":
      return { kind: "clash", leaves: inOrder([...tree.leaves.filter(({ key }) => key !== leaf.key), leaf]) };
    case "branch": {
      const bit = bitOf(leaf.hash, shift);
      const place = placeOf(tree.taken, bit);
      const free = (tree.taken & bit) === 0;
      const below = free ? leaf : putBelow(tree.children[place]!, shift + BITS, leaf);
      return { kind: "branch", taken: tree.taken | bit, children: tree.children.toSpliced(place, free ? 0 : 1, below) };
    }
    default:
      return tree satisfies never;
  }
}

function together<T>(a: Leaf<T>, b: Leaf<T>, shift: number): Tree<T> {
  if (shift > SHIFT_MAX) return { kind: "clash", leaves: inOrder([a, b]) };
  const [bitA, bitB] = [bitOf(a.hash, shift), bitOf(b.hash, shift)];
  if (bitA === bitB) return { kind: "branch", taken: bitA, children: [together(a, b, shift + BITS)] };
  return { kind: "branch", taken: bitA | bitB, children: bitA >>> 0 < bitB >>> 0 ? [a, b] : [b, a] };
}

/** The key is there. */
function removeBelow<T>(tree: Tree<T>, shift: number, hash: number, key: string): Tree<T> | null {
  switch (tree.kind) {
    case "leaf":
      return null;
    case "clash": {
      const leaves = tree.leaves.filter((leaf) => leaf.key !== key);
      return leaves.length === 1 ? leaves[0]! : { kind: "clash", leaves };
    }
    case "branch": {
      const bit = bitOf(hash, shift);
      const place = placeOf(tree.taken, bit);
      const below = removeBelow(tree.children[place]!, shift + BITS, hash, key);
      const children = below === null ? tree.children.toSpliced(place, 1) : tree.children.with(place, below);
      const [only] = children;
      if (only === undefined) return null;
      if (children.length === 1 && only.kind !== "branch") return only;
      return { kind: "branch", taken: below === null ? tree.taken & ~bit : tree.taken, children };
    }
    default:
      return tree satisfies never;
  }
}

function inOrder<T>(leaves: readonly Leaf<T>[]): readonly Leaf<T>[] {
  return leaves.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function bitOf(hash: number, shift: number): number {
  return 1 << ((hash >>> shift) & MASK);
}

/** How many of the taken places stand before `bit`. */
function placeOf(taken: number, bit: number): number {
  let rest = taken & (bit - 1);
  rest -= (rest >>> 1) & 0x55555555;
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
  return (((rest + (rest >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** FNV-1a. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
