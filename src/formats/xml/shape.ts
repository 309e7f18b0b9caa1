// What all records of a document have in common, so that each is written alike: an element that repeats anywhere is a list everywhere, one that has
// attributes or children anywhere is an object everywhere, and text is a number only where all of it is.
import { MillraceError } from "../../model/errors.ts";
import { ColumnForms } from "../types/forms.ts";
import { inferType } from "../types/infer.ts";
import type { XmlNode } from "./walk.ts";

/** Different places of one document. */
const PLACES_MAX = 20_000;
/** Beyond this an object is JSON in any case, and keys without value would only be long. */
const STRUCT_KEYS_MAX = 64;

type Leaf = { readonly forms: ColumnForms; literal: "string" | "number" | "boolean" | null };

export interface XmlShape {
  readonly attributes: Map<string, Leaf>;
  readonly children: Map<string, XmlShape>;
  readonly text: Leaf;
  repeats: boolean;
  hasText: boolean;
}

export class Shapes {
  readonly root: XmlShape = newShape();
  private places = 1;

  /** Throws MR3259 for a document of too many names. */
  learn(node: XmlNode, shape: XmlShape = this.root): void {
    for (const [name, value] of node.attributes) {
      let leaf = shape.attributes.get(name);
      if (leaf === undefined) {
        this.count();
        shape.attributes.set(name, (leaf = newLeaf()));
      }
      see(leaf, value);
    }
    const seen = new Set<string>();
    for (const child of node.children) {
      let below = shape.children.get(child.name);
      if (below === undefined) {
        this.count();
        shape.children.set(child.name, (below = newShape()));
      }
      if (seen.has(child.name)) below.repeats = true;
      seen.add(child.name);
      this.learn(child, below);
    }
    if (node.text.trim() !== "") {
      shape.hasText = true;
      see(shape.text, node.text);
    }
  }

  private count(): void {
    if (++this.places > PLACES_MAX)
      throw new MillraceError({
        code: "MR3259",
        message: `the document has more than ${PLACES_MAX} different elements and attributes`,
        hint: "name the records with `rows: /root/items/item`",
      });
  }
}

/** The record as JSON. Within a record every object has all its keys, so that it is a STRUCT. */
export function jsonOf(node: XmlNode, shape: XmlShape, place: "record" | "within" = "record"): string {
  const { attributes, children } = shape;
  const isPlain = attributes.size === 0 && children.size === 0;
  const hasText = node.text.trim() !== "" && !node.isNil;
  if (isPlain) return hasText ? scalar(node.text, shape.text) : "null";
  if (node.isNil && node.attributes.length === 0) return "null";
  const given = new Map(node.attributes);
  const groups = new Map<string, XmlNode[]>();
  for (const child of node.children) {
    const group = groups.get(child.name);
    if (group === undefined) groups.set(child.name, [child]);
    else group.push(child);
  }
  if (!hasText && given.size === 0 && groups.size === 0) return "null";
  const isWhole = place === "within" && attributes.size + children.size <= STRUCT_KEYS_MAX;
  const parts: string[] = [];
  for (const [name, leaf] of attributes) {
    const value = given.get(name);
    if (value === undefined && !isWhole) continue;
    const isNothing = value === undefined || (value.trim() === "" && leaf.literal !== "string" && literalOf(leaf) !== "string");
    parts.push(`${JSON.stringify(`@${name}`)}:${isNothing ? "null" : scalar(value, leaf)}`);
  }
  for (const [name, below] of children) {
    const group = groups.get(name);
    if (group === undefined && !isWhole) continue;
    const values = (group ?? []).map((child) => jsonOf(child, below, "within"));
    const list = group === undefined ? "null" : `[${values.join(",")}]`;
    parts.push(`${JSON.stringify(name)}:${below.repeats ? list : (values[0] ?? "null")}`);
  }
  if (hasText || (isWhole && shape.hasText)) parts.push(`"#text":${hasText ? scalar(node.text, shape.text) : "null"}`);
  return `{${parts.join(",")}}`;
}

/** Places where text stands between elements. */
export function mixedPlaces(shape: XmlShape, way: string): readonly string[] {
  const below = [...shape.children].flatMap(([name, child]) => mixedPlaces(child, `${way}/${name}`));
  return shape.hasText && shape.children.size > 0 ? [way, ...below] : below;
}

function scalar(text: string, leaf: Leaf): string {
  leaf.literal ??= literalOf(leaf);
  switch (leaf.literal) {
    case "string":
      return JSON.stringify(text);
    case "boolean":
      return text.trim().toLowerCase();
    case "number":
      return text.trim().replace(/^(-?)\./, (_, sign: string) => `${sign}0.`);
    default:
      return leaf.literal satisfies never;
  }
}

function literalOf({ forms }: Leaf): "string" | "number" | "boolean" {
  const { type } = inferType(forms, 0);
  if (type === "BOOLEAN") return "boolean";
  return type === "BIGINT" || type === "HUGEINT" || type === "DOUBLE" || type.startsWith("DECIMAL") ? "number" : "string";
}

function see({ forms }: Leaf, text: string): void {
  if (text.trim() === "") return;
  // Blanks around a number of a pretty-printed document mean nothing.
  const bytes = Buffer.from(text.trim());
  forms.see(0, bytes, 0, bytes.length);
}

function newLeaf(): Leaf {
  return { forms: new ColumnForms(1), literal: null };
}

function newShape(): XmlShape {
  return { attributes: new Map(), children: new Map(), text: newLeaf(), repeats: false, hasText: false };
}
