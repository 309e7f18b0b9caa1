// What a zod schema says about a path: which keys are known there and which kinds of value. For "did you mean" and for cells of registry.csv.
import type * as z from "zod";
import type { Path } from "./document.ts";

export type ValueKind = "text" | "number" | "boolean" | "list" | "mapping" | "anything";

/** The parts of zod's inner definitions that are read here. */
interface Inner {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly left?: z.ZodType;
  readonly right?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly valueType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly values?: readonly unknown[];
  readonly getter?: () => z.ZodType;
}

/** Keys of the mappings that may stand at `path`; empty where any key may stand. */
export function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  return [...new Set(schemasAt(schema, path).flatMap((found) => Object.keys(innerOf(found).shape ?? {})))];
}

/** Kinds of value that may stand at `path`; empty when nothing may. */
export function kindsAt(schema: z.ZodType, path: Path): ReadonlySet<ValueKind> {
  return new Set(schemasAt(schema, path).map(kindOf));
}

/** Schemas without their wrappers that apply at `path`: several where there is a choice. */
function schemasAt(schema: z.ZodType, path: Path): readonly z.ZodType[] {
  let found = unwrap(schema);
  for (const part of path) {
    found = found.flatMap((each) => {
      const inner = innerOf(each);
      if (inner.type === "object") {
        const next = inner.shape?.[String(part)];
        return next === undefined ? [] : unwrap(next);
      }
      if (inner.type === "record") return inner.valueType === undefined ? [] : unwrap(inner.valueType);
      if (inner.type === "array") return inner.element === undefined ? [] : unwrap(inner.element);
      return inner.type === "unknown" || inner.type === "any" ? [each] : [];
    });
  }
  return found;
}

function unwrap(schema: z.ZodType): readonly z.ZodType[] {
  const inner = innerOf(schema);
  switch (inner.type) {
    case "optional":
    case "default":
    case "prefault":
    case "nullable":
    case "readonly":
    case "catch":
    case "nonoptional":
      return unwrap(inner.innerType!);
    case "pipe":
      // A preprocess begins with a transform; what it makes of the value is what users write.
      return unwrap(innerOf(inner.in!).type === "transform" ? inner.out! : inner.in!);
    case "union":
      return (inner.options ?? []).flatMap(unwrap);
    case "intersection":
      return [...unwrap(inner.left!), ...unwrap(inner.right!)];
    case "lazy":
      return unwrap(inner.getter!());
    default:
      return [schema];
  }
}

function kindOf(schema: z.ZodType): ValueKind {
  const inner = innerOf(schema);
  switch (inner.type) {
    case "string":
    case "enum":
    case "template_literal":
      return "text";
    case "literal":
      return typeof inner.values?.[0] === "boolean" ? "boolean" : typeof inner.values?.[0] === "number" ? "number" : "text";
    case "number":
    case "int":
    case "bigint":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
    case "tuple":
    case "set":
      return "list";
    case "object":
    case "record":
    case "map":
      return "mapping";
    default:
      return "anything";
  }
}

function innerOf(schema: z.ZodType): Inner {
  return (schema as unknown as { readonly def: Inner }).def;
}
