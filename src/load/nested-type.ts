// The type of what stood at a place within the rows of pages: structs and lists, JSON where that would not be exact.
//   T1. A type that the column has in the asset holds wherever it takes every value, so that a load of few rows does not turn it around: what is
//       JSON there stays JSON, and a field without a value keeps its type.
//   T2. Objects whose keys are so many or so different that they are a map are JSON; so are keys that SQL takes for one.
//   T3. A field or list that never had a value has no type: the field is none, the list is JSON.
import { STRUCT_FIELDS_MAX } from "../formats/json/columns.ts";
import type { SourceSpec } from "../model/definitions/source.ts";
import { columnName } from "../model/names.ts";
import { isNested, shapeOf, structType } from "../schemas/nested.ts";
import type { CommittedColumn } from "./columns.ts";
import { KIND, type Place } from "./nested-place.ts";
import type { NestedType } from "./rows-file.ts";

/** Of the fields of a struct each object has this share at least, on average: with less they are the keys of a map, or have nothing in common. */
const FIELD_SHARE_MIN = 0.25;

interface Typing {
  /** The type that stands in the asset. */
  readonly known: string | undefined;
  readonly path: string;
  /** Is this path to be JSON (`nested:`)? */
  readonly isJson: (path: string) => boolean;
}

interface Typed {
  readonly type: string;
  /** Fields of structs in it. */
  readonly fields: number;
}

const JSON_TYPE: Typed = { type: "JSON", fields: 0 };

/** The type of a column; JSON when there is none that is exact. */
export function typeOfPlace(place: Place, typing: Typing): string {
  return typeAt(place, typing)?.type ?? "JSON";
}

/** null: there never was a value. */
function typeAt(place: Place, typing: Typing): Typed | null {
  const { known, path, isJson } = typing;
  if (known === "JSON" || isJson(path)) return JSON_TYPE;
  if (place.kinds === 0) return known === undefined ? null : { type: known, fields: 0 };
  if (place.kinds === KIND.list) return typeOfList(place, typing);
  if (place.kinds === KIND.object) return typeOfObject(place, typing);
  return { type: typeOfScalars(place.kinds, known), fields: 0 };
}

function typeOfScalars(kinds: number, known: string | undefined): string {
  const only = (allowed: number): boolean => (kinds & ~allowed) === 0;
  if (only(KIND.boolean)) return "BOOLEAN";
  if (only(KIND.integer) && known === "DOUBLE") return "DOUBLE";
  if (only(KIND.integer | KIND.big)) return known === "HUGEINT" ? "HUGEINT" : "BIGINT";
  if (only(KIND.integer | KIND.big | KIND.wide)) return "HUGEINT";
  if (only(KIND.integer | KIND.double)) return "DOUBLE";
  return only(KIND.text) ? "VARCHAR" : "JSON";
}

function typeOfList({ items, isOpaque }: Place, { known, path, isJson }: Typing): Typed {
  const shape = shapeOf(known ?? "VARCHAR");
  if (isOpaque || (known !== undefined && shape.kind !== "list")) return JSON_TYPE;
  const of = items === null ? null : typeAt(items, { known: shape.kind === "list" ? shape.of : undefined, path, isJson });
  if (of === null) return known === undefined ? JSON_TYPE : { type: known, fields: 0 };
  return of.type === "JSON" ? JSON_TYPE : { type: `${of.type}[]`, fields: of.fields };
}

function typeOfObject({ fields, objects, isOpaque }: Place, { known, path, isJson }: Typing): Typed {
  const shape = shapeOf(known ?? "VARCHAR");
  if (isOpaque || (known !== undefined && shape.kind !== "struct")) return JSON_TYPE;
  const before = shape.kind === "struct" ? shape.fields : [];
  const types = new Map(before.map(({ name, type }) => [name, { type, fields: 0 }]));
  let times = 0;
  let isNew = false;
  for (const field of fields.values()) {
    times += field.times;
    const typed = typeAt(field.place, { known: types.get(field.name)?.type, path: `${path}.${field.name}`, isJson });
    if (typed === null) continue;
    isNew ||= !types.has(field.name);
    types.set(field.name, typed);
  }
  if (types.size === 0) return JSON_TYPE;
  const names = new Set([...types.keys()].map((name) => name.toLowerCase()));
  if (names.size < types.size || [...types.keys()].some((name) => name === "" || name.includes("\0"))) return JSON_TYPE;
  if (isNew && times / objects / fields.size < FIELD_SHARE_MIN) return JSON_TYPE;
  const count = [...types.values()].reduce((sum, each) => sum + 1 + each.fields, 0);
  if (isNew && count > STRUCT_FIELDS_MAX) return JSON_TYPE;
  return { type: structType([...types].map(([name, { type }]) => ({ name, type }))), fields: count };
}

/** What decides the types of nested columns besides their values. */
interface Standing {
  readonly spec: Pick<SourceSpec, "columns" | "names" | "nested" | "pii">;
  readonly committed: readonly CommittedColumn[] | null;
  /** Columns whose type the definition says are received as they are. */
  readonly readings: ReadonlyMap<string, unknown>;
}

/** Types of columns by their label. */
export function nestedTypes({ spec, committed, readings }: Standing): NestedType {
  const known = new Map((committed ?? []).flatMap(({ from, type }) => (from === null ? [] : [[from.trim(), type] as const])));
  const own = new Map(
    Object.entries(spec.columns ?? {}).flatMap(([name, { from }]) => (from === undefined ? [] : [[from.trim(), name] as const])),
  );
  return (label, place) => {
    const path = own.get(label.trim()) ?? columnName(label, 1, spec.names ?? "snake");
    const pii = spec.pii?.[path];
    const type = known.get(label.trim());
    const isPlain = readings.has(label) || (pii !== undefined && pii !== "drop") || (type !== undefined && !isNested(type));
    return isPlain ? "JSON" : typeOfPlace(place, { known: type, path, isJson: (at) => spec.nested?.[at] === "json" });
  };
}
