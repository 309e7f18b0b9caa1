// A plain value of which every part knows the file it was written in, so that a definition put together from several files still has its places.
import type { SourceLocation } from "../model/errors.ts";
import type { Document, Path } from "./document.ts";

/** Where a part was written. */
export interface Place {
  readonly document: Document;
  readonly path: Path;
}

export type Sourced =
  | { readonly kind: "scalar"; readonly value: unknown; readonly at: Place }
  | { readonly kind: "list"; readonly items: readonly Sourced[]; readonly at: Place }
  | { readonly kind: "map"; readonly entries: ReadonlyMap<string, Sourced>; readonly at: Place };

export function sourced(value: unknown, at: Place): Sourced {
  const below = (part: string | number): Place => ({ document: at.document, path: [...at.path, part] });
  if (Array.isArray(value)) return { kind: "list", items: value.map((item, index) => sourced(item, below(index))), at };
  if (!isPlainObject(value)) return { kind: "scalar", value, at };
  return { kind: "map", entries: new Map(Object.entries(value).map(([key, inner]) => [key, sourced(inner, below(key))])), at };
}

export function plainOf(node: Sourced): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(plainOf);
    case "map":
      return Object.fromEntries([...node.entries].map(([key, inner]) => [key, plainOf(inner)]));
    default:
      return node satisfies never;
  }
}

/** The document of a tree; `first` gives it its name. */
export function documentOf(root: Sourced, first: Document): Document {
  return {
    file: first.file,
    text: first.text,
    value: plainOf(root),
    locate: (path, what) => locate(root, path, what),
  };
}

/** The place of the deepest part on the way to `path`. */
function locate(root: Sourced, path: Path, what?: "key" | "value"): SourceLocation {
  let node = root;
  for (const [index, part] of path.entries()) {
    const next = childOf(node, part);
    if (next === undefined) return node.at.document.locate([...node.at.path, ...path.slice(index)], what);
    node = next;
  }
  return node.at.document.locate(node.at.path, what);
}

export function childOf(node: Sourced, part: string | number): Sourced | undefined {
  if (node.kind === "list") return typeof part === "number" ? node.items[part] : undefined;
  return node.kind === "map" ? node.entries.get(String(part)) : undefined;
}

/** `own` over `base`: mappings are joined, lists under `appended` are put behind each other, everything else is replaced. */
export function merged(base: Sourced, own: Sourced, appended: ReadonlySet<string>): Sourced {
  if (base.kind !== "map" || own.kind !== "map") return own;
  const entries = new Map(base.entries);
  for (const [key, value] of own.entries) {
    const before = entries.get(key);
    if (before === undefined) entries.set(key, value);
    else if (before.kind === "list" && value.kind === "list" && appended.has(key))
      entries.set(key, { kind: "list", items: [...before.items, ...value.items], at: value.at });
    else entries.set(key, merged(before, value, appended));
  }
  return { kind: "map", entries, at: own.at };
}

export function without(node: Sourced & { readonly kind: "map" }, ...keys: readonly string[]): Sourced & { readonly kind: "map" } {
  return { ...node, entries: new Map([...node.entries].filter(([key]) => !keys.includes(key))) };
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
