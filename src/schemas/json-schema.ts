// JSON Schemas: does one take every instance that another takes? Answered from the schemas alone.
//   J1. An empty answer is a proof. Where the question cannot be decided here (unevaluated…, $dynamicRef, remote $ref) the answer is an obstacle.
//   J2. A part of the writer that is not understood is left out: it then writes more, never less.
//   J3. A pair that is compared again below itself (recursive $ref) holds if it holds everywhere else.
import type { Obstacle, SchemaKind } from "./compatibility.ts";
import { equalJson, validates } from "./json-instance.ts";
import { atLeast, atMost, numberLimits, stringLimits, together } from "./json-schema-limits.ts";
import {
  flatten,
  isNever,
  itemOf,
  type JsonSchema,
  listOf,
  mapOf,
  narrowed,
  numberOf,
  partsOf,
  prefixOf,
  propertyOf,
  type Schema,
  typesOf,
  valuesOf,
} from "./json-schema-parts.ts";

export const jsonSchemas: SchemaKind<JsonSchema> = {
  obstacles: (reader, writer) => new Comparison(reader, writer).covers(reader, writer, ""),
};

const UNDECIDED = ["unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"];

class Comparison {
  private readonly readerRoot: JsonSchema;
  private readonly writerRoot: JsonSchema;
  private readonly underWay: { readonly reader: JsonSchema; readonly writer: JsonSchema }[] = [];

  constructor(readerRoot: JsonSchema, writerRoot: JsonSchema) {
    this.readerRoot = readerRoot;
    this.writerRoot = writerRoot;
  }

  /** Why `reader` might refuse something that `writer` takes. */
  covers(reader: JsonSchema, writer: JsonSchema, path: string): readonly Obstacle[] {
    if (this.underWay.some((pair) => equalJson(pair.reader, reader) && equalJson(pair.writer, writer))) return [];
    this.underWay.push({ reader, writer });
    try {
      return this.compare(reader, writer, path);
    } finally {
      this.underWay.pop();
    }
  }

  private compare(reader: JsonSchema, writer: JsonSchema, path: string): readonly Obstacle[] {
    const w = flatten(writer, this.writerRoot);
    if (isNever(w)) return [];
    const parts = partsOf(reader, this.readerRoot);
    if (parts === null) return [{ path, problem: `a reference of the reader leads nowhere here` }];
    return parts.flatMap((part) => this.part(part, w, path));
  }

  /** `r` has no $ref and no allOf; `w` is flat. */
  private part(r: Schema, w: Schema, path: string): readonly Obstacle[] {
    if (Object.keys(r).length === 0) return [];
    if (isNever(r)) return [{ path, problem: "the reader takes nothing here" }];
    for (const keyword of UNDECIDED) if (keyword in r) return [{ path, problem: `${keyword} of the reader is not decided` }];
    const values = valuesOf(w);
    if (values !== null) {
      const refused = values.filter((value) => validates(r, value, this.readerRoot) !== true);
      return refused.length === 0
        ? []
        : [{ path, problem: `${refused.map((value) => JSON.stringify(value)).join(", ")} may be written, and is not taken` }];
    }
    const branches = (w["anyOf"] ?? w["oneOf"]) as readonly JsonSchema[] | undefined;
    if (Array.isArray(branches)) {
      const { anyOf: _a, oneOf: _o, ...rest } = w;
      const direct = "anyOf" in r || "oneOf" in r ? null : this.part(r, rest, path);
      if (direct?.length === 0) return [];
      return branches.flatMap((branch) => this.covers(r, { allOf: [branch, rest] }, path));
    }
    return [...this.alternatives(r, w, path), ...this.excluded(r, w, path), ...together(r, w, path), ...this.types(r, w, path)];
  }

  private alternatives(r: Schema, w: Schema, path: string): readonly Obstacle[] {
    const found: Obstacle[] = [];
    for (const keyword of ["anyOf", "oneOf"] as const) {
      const branches = r[keyword] as readonly JsonSchema[] | undefined;
      if (!Array.isArray(branches)) continue;
      // One type at a time: a branch need not take all that is written, only all of a kind.
      for (const type of typesOf(w)) {
        const one = narrowed(w, type);
        const tried: (readonly Obstacle[])[] = branches.map((branch) => this.covers(branch, one, path));
        const taken = tried.findIndex((obstacles) => obstacles.length === 0);
        if (taken < 0)
          found.push(
            ...(tried.length === 1 ? tried[0]! : [{ path, problem: `no branch of ${keyword} takes every ${type} that may be written` }]),
          );
        else if (keyword === "oneOf" && !branches.every((branch, index) => index === taken || this.isApart(branch, one)))
          found.push({ path, problem: `a ${type} that may be written might fit several branches of oneOf` });
      }
    }
    return found;
  }

  private excluded(r: Schema, w: Schema, path: string): readonly Obstacle[] {
    if (!("not" in r) || this.isApart(r["not"] as JsonSchema, w)) return [];
    return [{ path, problem: "something that `not` excludes may be written" }];
  }

  /** Certainly no instance satisfies both. */
  private isApart(reader: JsonSchema, w: Schema): boolean {
    const r = flatten(reader, this.readerRoot);
    if (isNever(r) || isNever(w)) return true;
    const types = typesOf(r);
    if (
      typesOf(w).every(
        (type) =>
          !types.includes(type) && !(type === "integer" && types.includes("number")) && !(type === "number" && types.includes("integer")),
      )
    )
      return true;
    const values = valuesOf(w);
    if (values !== null) return values.every((value) => validates(r, value, this.readerRoot) === false);
    const own = valuesOf(r);
    if (own !== null) return own.every((value) => validates(w, value, this.writerRoot) === false);
    // A property that one of them requires, and whose values are apart. Only objects can be meant.
    if (typesOf(w).some((type) => type !== "object") || types.some((type) => type !== "object")) return false;
    const needed = new Set([...listOf(r["required"]), ...listOf(w["required"])]);
    return [...needed].some((name) => this.isApart(propertyOf(r, name), flatten(propertyOf(w, name), this.writerRoot)));
  }

  private types(r: Schema, w: Schema, path: string): readonly Obstacle[] {
    const written = typesOf(w);
    const allowed = valuesOf(r) === null ? typesOf(r) : [];
    if (valuesOf(r) !== null) return [{ path, problem: "the reader takes certain values only, others may be written" }];
    const refused = written.filter((type) => !allowed.includes(type) && !(type === "integer" && allowed.includes("number")));
    const found: Obstacle[] = [];
    if (refused.length > 0) found.push({ path, problem: `${refused.join(", ")} may be written, and is not taken` });
    for (const type of written.filter((each) => !refused.includes(each))) {
      switch (type) {
        case "string":
          found.push(...stringLimits(r, w, path));
          break;
        case "integer":
        case "number":
          found.push(...numberLimits(r, w, type, path));
          break;
        case "array":
          found.push(...this.arrays(r, w, path));
          break;
        case "object":
          found.push(...this.objects(r, w, path));
          break;
        case "null":
        case "boolean":
          break;
        default:
          return type satisfies never;
      }
    }
    return unique(found);
  }

  private arrays(r: Schema, w: Schema, path: string): readonly Obstacle[] {
    const found = [...atLeast(r, w, "minItems", path, 0), ...atMost(r, w, "maxItems", path)];
    const most = numberOf(w["maxItems"]) ?? Infinity;
    if (r["uniqueItems"] === true && w["uniqueItems"] !== true && most > 1) found.push({ path, problem: "the reader wants unique items" });
    const prefix = Math.max(prefixOf(r).length, prefixOf(w).length);
    for (let index = 0; index <= prefix; index++) {
      if (index >= most) break;
      found.push(...this.covers(itemOf(r, index), itemOf(w, index), `${path}/${index < prefix ? index : "items"}`));
    }
    return found;
  }

  private objects(r: Schema, w: Schema, path: string): readonly Obstacle[] {
    const found = [...atLeast(r, w, "minProperties", path, listOf(w["required"]).length), ...atMost(r, w, "maxProperties", path)];
    const given = listOf(w["required"]);
    for (const name of listOf(r["required"]))
      if (!given.includes(name)) found.push({ path: `${path}/${name}`, problem: "it is required, and may be missing" });
    const names = new Set([...Object.keys(mapOf(r["properties"])), ...Object.keys(mapOf(w["properties"]))]);
    for (const name of names) found.push(...this.covers(propertyOf(r, name), propertyOf(w, name), `${path}/${name}`));
    const [own, others] = [mapOf(r["patternProperties"]), mapOf(w["patternProperties"])];
    const restOfWriter = (w["additionalProperties"] ?? true) as JsonSchema;
    for (const [pattern, schema] of Object.entries(own)) {
      if (Object.hasOwn(others, pattern)) found.push(...this.covers(schema, others[pattern]!, `${path}/${pattern}`));
      else for (const other of [restOfWriter, ...Object.values(others)]) found.push(...this.covers(schema, other, `${path}/${pattern}`));
    }
    const rest = (r["additionalProperties"] ?? true) as JsonSchema;
    found.push(...this.covers(rest, restOfWriter, `${path}/*`));
    for (const [pattern, schema] of Object.entries(others))
      if (!Object.hasOwn(own, pattern)) found.push(...this.covers(rest, schema, `${path}/${pattern}`));
    return found;
  }
}

function unique(obstacles: readonly Obstacle[]): readonly Obstacle[] {
  return [...new Map(obstacles.map((obstacle) => [`${obstacle.path}\0${obstacle.problem}`, obstacle])).values()];
}
