// YAML as Millrace reads it: one document, plain values, every node with its place. No text throws anything but is told as errors.
//   Y1. Nothing is lost: a duplicate key, a second document, an unknown tag are errors.
//   Y2. Numbers that JavaScript cannot hold exactly (`00501`, 9007199254740993, 25 digits) stay the text that was written.
//   Y3. Aliases may stand for at most ALIASED_VALUES_MAX values; deeper nesting than DEPTH_MAX is refused.
//   Y4. Places are found by a second, slow parse that only happens when something is wrong.
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type Scalar, type YAMLError } from "yaml";
import { MillraceError, type SourceLocation } from "../model/errors.ts";
import { type Document, lazyPlace, type Path, placesIn } from "./document.ts";

const ALIASED_VALUES_MAX = 10_000;
const DEPTH_MAX = 64;
const ERRORS_MAX = 20;

export interface YamlText {
  readonly file: string;
  /** The whole text of the file; YAML stands in [start, end). */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export type YamlResult =
  | { readonly document: Document; readonly errors: readonly [] }
  | { readonly document: undefined; readonly errors: readonly MillraceError[] };

/** Parses one document; an empty one has the value null. */
export function parseYaml(source: YamlText): YamlResult {
  const text = source.text.slice(source.start, source.end);
  const place = placesIn(source.file, source.text);
  const at = (start: number, end: number): SourceLocation => place(source.start + start, source.start + end);
  let tree: Tree;
  try {
    tree = parseTree(text);
  } catch (error) {
    const deep = error instanceof RangeError;
    const message = deep ? "the YAML is nested too deeply" : "the YAML cannot be parsed";
    return { document: undefined, errors: [new MillraceError({ code: "MR1010", message, location: at(0, 1), cause: error })] };
  }
  const errors = [...tree.errors, ...tree.warnings].slice(0, ERRORS_MAX).map((error) => syntaxError(error, text, at));
  if (errors.length > 0) return { document: undefined, errors: withoutCascade(errors) };
  const plain = toPlain(tree.contents, at);
  if (plain.errors.length > 0) return { document: undefined, errors: plain.errors.slice(0, ERRORS_MAX) };
  return { document: knownYaml(source, plain.value), errors: [] };
}

/** A document whose value is known already (from the cache); the text is parsed only when a place is asked for. */
export function knownYaml(source: YamlText, value: unknown): Document {
  const place = placesIn(source.file, source.text);
  let root: Node | null | undefined;
  return {
    file: source.file,
    text: source.text,
    value,
    locate(path, what = "value") {
      return lazyPlace(() => {
        root ??= parseTree(source.text.slice(source.start, source.end)).contents;
        const range = rangeOf(root, path, what) ?? [0, 1];
        return place(source.start + range[0], source.start + range[1]);
      });
    },
  };
}

interface Tree {
  readonly contents: Node | null;
  readonly errors: readonly YAMLError[];
  readonly warnings: readonly YAMLError[];
}

function parseTree(text: string): Tree {
  const tree = parseDocument(text, { prettyErrors: false, lineCounter: new LineCounter(), logLevel: "error" });
  return { contents: tree.contents, errors: tree.errors, warnings: tree.warnings };
}

/** What the parser's codes mean to a user; all others are told in the parser's words. */
const SYNTAX: Readonly<Record<string, { readonly code: "MR1010" | "MR1013" | "MR1014"; readonly message: string; readonly hint: string }>> =
  {
    MULTIPLE_DOCS: { code: "MR1013", message: "a second document begins here", hint: "remove the line ---, or split the file" },
    TAB_AS_INDENT: { code: "MR1014", message: "a tab is used to indent", hint: "use spaces" },
    TAG_RESOLVE_FAILED: {
      code: "MR1010",
      message: "a tag (!…) that Millrace does not know",
      hint: "remove the tag, or put the value in quotes",
    },
    BLOCK_AS_IMPLICIT_KEY: { code: "MR1010", message: "a second `key:` in one line", hint: 'a value with ": " in it wants quotes' },
  };

function syntaxError(error: YAMLError, text: string, at: (start: number, end: number) => SourceLocation): MillraceError {
  const [start, end] = error.pos;
  if (error.code === "DUPLICATE_KEY") {
    const key = /^[\w.-]+/.exec(text.slice(start))?.[0];
    const message = key === undefined ? "a key stands twice" : `the key "${key}" stands twice`;
    return new MillraceError({ code: "MR1011", message, location: at(start, start + (key?.length ?? 1)) });
  }
  const location = at(start, Math.max(end, start + 1));
  const known = Object.hasOwn(SYNTAX, error.code) ? SYNTAX[error.code] : undefined;
  return new MillraceError({ ...(known ?? { code: "MR1010", message: `YAML: ${error.message}` }), location });
}

/** One slip often makes the parser stumble again and again: of the syntax errors only the first is told. */
function withoutCascade(errors: readonly MillraceError[]): readonly MillraceError[] {
  const first = errors.find((error) => error.code === "MR1010");
  return errors.filter((error) => error.code !== "MR1010" || error === first);
}

function toPlain(root: Node | null, at: (start: number, end: number) => SourceLocation): { value: unknown; errors: MillraceError[] } {
  const errors: MillraceError[] = [];
  const anchors = new Map<string, Node>();
  const open = new Set<Node>();
  let aliased = 0;
  const refuse = (code: "MR1010" | "MR1012", message: string, node: Node | null, hint?: string): void => {
    const [start, end] = node?.range ?? [0, 1];
    errors.push(new MillraceError({ code, message, location: at(start, end), ...(hint === undefined ? {} : { hint }) }));
  };
  /** `alias` is the outermost alias that this value is written for. */
  const convert = (node: Node | null, depth: number, alias: Node | null): unknown => {
    if (errors.length > 0 || node === null) return null;
    if (alias !== null && ++aliased > ALIASED_VALUES_MAX) {
      refuse("MR1012", `aliases stand for more than ${ALIASED_VALUES_MAX} values`, alias);
      return null;
    }
    if (depth > DEPTH_MAX) {
      refuse("MR1010", `nested deeper than ${DEPTH_MAX} levels`, alias ?? node);
      return null;
    }
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined)
        refuse("MR1010", `the alias *${node.source} has no anchor before it`, node, "a value that begins with * wants quotes");
      else if (open.has(target)) refuse("MR1012", `the alias *${node.source} contains itself`, node);
      else return convert(target, depth + 1, alias ?? node);
      return null;
    }
    if ("anchor" in node && typeof node.anchor === "string") anchors.set(node.anchor, node);
    if (isScalar(node)) return scalarValue(node);
    open.add(node);
    let value: unknown = null;
    if (isSeq(node)) value = node.items.map((item) => convert(item as Node | null, depth + 1, alias));
    else if (isMap(node)) {
      const object: Record<string, unknown> = {};
      for (const pair of node.items as readonly Pair<Node | null, Node | null>[]) {
        const key = keyOf(pair);
        if (key === undefined) refuse("MR1010", "a key must be one word or text", pair.key);
        else if (key === "__proto__") refuse("MR1010", '"__proto__" cannot be a key', pair.key);
        else {
          const given = convert(pair.value, depth + 1, alias);
          if (isMerge(pair)) for (const [name, inherited] of mergedEntries(given)) object[name] ??= inherited;
          else object[key] = given;
        }
      }
      value = object;
    }
    open.delete(node);
    return value;
  };
  return { value: convert(root, 0, null), errors };
}

/** Y2. */
function scalarValue(node: Scalar): unknown {
  const value = node.value;
  if (typeof value === "string" || typeof value === "boolean" || value === null || value === undefined) return value ?? null;
  if (typeof value !== "number") return node.source ?? null;
  const written = node.source ?? String(value);
  const digits = written
    .replace(/[eE].*$/, "")
    .replaceAll(/[^0-9]/g, "")
    .replace(/^0+/, "");
  const exact = Number.isFinite(value) && (Number.isInteger(value) ? Number.isSafeInteger(value) : digits.length <= 15);
  return exact && !/^[-+]?0\d/.test(written) ? value : written;
}

function keyOf(pair: Pair<Node | null, Node | null>): string | undefined {
  if (pair.key === null) return "";
  if (!isScalar(pair.key)) return undefined;
  return typeof pair.key.value === "string" ? pair.key.value : (pair.key.source ?? String(pair.key.value));
}

/** `<<: *base` takes over the keys that are not there. */
function isMerge(pair: Pair<Node | null, Node | null>): boolean {
  return (
    isScalar(pair.key) &&
    pair.key.value === "<<" &&
    pair.key.type === "PLAIN" &&
    (isAlias(pair.value) || isSeq(pair.value) || isMap(pair.value))
  );
}

function mergedEntries(given: unknown): readonly (readonly [string, unknown])[] {
  const bases = Array.isArray(given) ? given : [given];
  return bases.flatMap((base) => (typeof base === "object" && base !== null && !Array.isArray(base) ? Object.entries(base) : []));
}

/** Offsets of the node at `path`, or of the deepest one on the way there. */
function rangeOf(root: Node | null, path: Path, what: "key" | "value"): readonly [number, number] | undefined {
  const anchors = new Map<string, Node>();
  collectAnchors(root, anchors);
  let node = root;
  let found = node?.range ?? undefined;
  for (const [index, part] of path.entries()) {
    if (isAlias(node)) node = anchors.get(node.source) ?? null;
    const isLast = index === path.length - 1;
    if (isMap(node)) {
      const pair = pairOf(node.items as readonly Pair<Node | null, Node | null>[], String(part), anchors);
      if (pair === undefined) break;
      const key = pair.key?.range;
      const value = pair.value?.range;
      const empty = value === undefined || value === null || value[0] === value[1];
      found = (isLast && what === "key") || empty ? (key ?? found) : value;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(part)] as Node | undefined;
      if (item === undefined) break;
      found = item.range ?? found;
      node = item;
    } else break;
  }
  return found === undefined || found === null ? undefined : [found[0], found[1]];
}

function pairOf(
  items: readonly Pair<Node | null, Node | null>[],
  key: string,
  anchors: ReadonlyMap<string, Node>,
): Pair<Node | null, Node | null> | undefined {
  const own = items.find((pair) => keyOf(pair) === key);
  if (own !== undefined) return own;
  for (const pair of items.filter(isMerge)) {
    const bases = isSeq(pair.value) ? (pair.value.items as readonly (Node | null)[]) : [pair.value];
    for (const base of bases) {
      const target = isAlias(base) ? anchors.get(base.source) : base;
      const inherited = isMap(target) ? pairOf(target.items as readonly Pair<Node | null, Node | null>[], key, anchors) : undefined;
      if (inherited !== undefined) return inherited;
    }
  }
  return undefined;
}

function collectAnchors(node: Node | null, anchors: Map<string, Node>): void {
  if (node === null || isAlias(node)) return;
  if ("anchor" in node && typeof node.anchor === "string") anchors.set(node.anchor, node);
  if (isSeq(node)) for (const item of node.items) collectAnchors(item as Node | null, anchors);
  else if (isMap(node)) for (const pair of node.items as readonly Pair<Node | null, Node | null>[]) collectAnchors(pair.value, anchors);
}
