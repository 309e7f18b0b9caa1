// Parameters of components: `${with:name}` in any text of the body. A text that is nothing else becomes the value itself, with its type; inside a longer
// text (and in a key) the value is written out. `$${with:name}` is left as it is.
import type { ComponentParamSpec } from "../model/definitions/component.ts";
import type { Path } from "./document.ts";
import { plainOf, type Sourced } from "./sourced.ts";
import { shown } from "./validate.ts";

const PARAM = /\$?\$\{\s*with:([\w.-]+)\s*\}/g;
const WHOLE = /^\$\{\s*with:([\w.-]+)\s*\}$/;
/** What is filled in later has no type yet. */
const LATER = /\$\{(?:env|secret|param|outputs)\b/;

/** What is wrong with a value for a parameter, behind its name; undefined when it fits. */
export function unfit(value: unknown, spec: ComponentParamSpec): string | undefined {
  if (typeof value === "string" && LATER.test(value)) return undefined;
  const problem = unfitType(value, spec.type);
  if (problem !== undefined) return problem;
  if (spec.enum !== undefined && !spec.enum.includes(value as string)) return `is ${shown(value)}, none of ${spec.enum.join(", ")}`;
  if (typeof value === "number" && spec.min !== undefined && value < spec.min) return `is ${value}, less than ${spec.min}`;
  if (typeof value === "number" && spec.max !== undefined && value > spec.max) return `is ${value}, more than ${spec.max}`;
  return undefined;
}

function unfitType(value: unknown, type: ComponentParamSpec["type"]): string | undefined {
  const wrong = (what: string): string => `is ${shown(value)}, not ${what}`;
  switch (type) {
    case "string":
      // A number or a boolean is written as it stands: `year: 2026`.
      return ["string", "number", "boolean"].includes(typeof value) ? undefined : wrong("text");
    case "integer":
      return Number.isSafeInteger(value) ? undefined : wrong("a whole number");
    case "number":
      return typeof value === "number" ? undefined : wrong("a number");
    case "boolean":
      return typeof value === "boolean" ? undefined : wrong("true or false");
    case "date":
      return typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value) && isMoment(value) ? undefined : wrong("a date (2026-01-31)");
    case "timestamp":
      return typeof value === "string" && isMoment(value) ? undefined : wrong("a time (2026-01-31T06:00:00Z)");
    case "list":
      return Array.isArray(value) ? undefined : wrong("a list");
    case "mapping":
      return typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : wrong("a mapping");
    default:
      return type satisfies never;
  }
}

/** A cell of registry.csv as the type that its parameter has; lists are separated by `;`. */
export function cellAs(text: string, type: ComponentParamSpec["type"]): unknown {
  if (type === "list") return text.split(";").map((item) => item.trim());
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  if ((type === "integer" || type === "number") && /^[-+]?\d+(\.\d+)?$/.test(text)) return Number(text);
  return text;
}

function isMoment(text: string): boolean {
  return !Number.isNaN(Date.parse(text));
}

/** Parameters that a value names and that are not known, each with its place. */
export function undeclaredIn(
  value: unknown,
  known: readonly string[],
  path: Path,
): readonly { readonly name: string; readonly path: Path }[] {
  const inText = (text: string, at: Path): { name: string; path: Path }[] =>
    [...text.matchAll(PARAM)].flatMap(([written, name]) =>
      written.startsWith("$$") || known.includes(name!) ? [] : [{ name: name!, path: at }],
    );
  if (typeof value === "string") return inText(value, path);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    return [...inText(key, at), ...undeclaredIn(inner, known, at)];
  });
}

/** The tree with every parameter filled in. Values keep the place where they were given. */
export function filled(node: Sourced, values: ReadonlyMap<string, Sourced>): Sourced {
  switch (node.kind) {
    case "list":
      return { ...node, items: node.items.map((item) => filled(item, values)) };
    case "map":
      return { ...node, entries: new Map([...node.entries].map(([key, inner]) => [written(key, values), filled(inner, values)])) };
    case "scalar": {
      if (typeof node.value !== "string") return node;
      const whole = WHOLE.exec(node.value)?.[1];
      const value = whole === undefined ? undefined : values.get(whole);
      return value ?? { ...node, value: written(node.value, values) };
    }
    default:
      return node satisfies never;
  }
}

function written(text: string, values: ReadonlyMap<string, Sourced>): string {
  return text.replaceAll(PARAM, (placeholder: string, name: string) => {
    const value = placeholder.startsWith("$$") ? undefined : values.get(name);
    if (value === undefined) return placeholder;
    const plain = plainOf(value);
    return typeof plain === "string" ? plain : JSON.stringify(plain);
  });
}
