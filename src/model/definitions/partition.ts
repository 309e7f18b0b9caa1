// `partition:` as users write it, on sources, models and TypeScript assets and tasks; and `needs:`, how partitions of two assets belong together.
//   partition: { by: day, column: sold_at }                              one dimension
//   partition: { day: { by: day, column: sold_at }, region: { values: [north, south], column: region } }
//   needs: { raw.sales: { window: 7 }, raw.rates: all }                  default: the same partition, all of an asset that shares no dimension
import * as z from "zod";

export const TIME_UNITS = ["hour", "day", "week", "month", "year"] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

/** Values of one static dimension. */
const VALUES_MAX = 100_000;
const moment = /^\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d)?)?(Z|[+-]\d\d:?\d\d)?)?)?|-W\d\d)?$/;
const when = z.string().regex(moment, { error: "is no time; write 2026-01-01, 2026-01, 2026-W03 or 2026-01-01T05:00" });

const KIND_PROBLEM = "must have one of `by`, `cron`, `values` and `query`; by: day for days";

const dimensionKeys = {
  by: z.enum(TIME_UNITS).optional(),
  cron: z.string().optional().describe("partitions begin at its ticks"),
  values: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .min(1, { error: "must have a value" })
    .max(VALUES_MAX)
    .optional(),
  query: z.string().optional().describe("a query whose first column holds the partitions"),
  column: z.string().optional().describe("the column that tells a row's partition"),
  start: when.optional(),
  end: when.optional().describe("the first moment that is no partition any more"),
  timezone: z.string().refine(isTimeZone, { error: "is no time zone; write Europe/Berlin or UTC" }).optional(),
};

const dimensionSpec = z.strictObject(dimensionKeys).refine(hasOneKind, { error: KIND_PROBLEM });
const namedDimension = z.strictObject({ ...dimensionKeys, name: z.string() }).refine(hasOneKind, { error: KIND_PROBLEM });

/** One dimension, several by name, or a list of them with names. */
export const partitionSpec = z.union([
  dimensionSpec,
  z.array(namedDimension).min(1, { error: "must have a dimension" }),
  z.record(z.string().regex(/^[A-Za-z_]\w*$/, { error: "is no name of a dimension; use letters, digits and _" }), dimensionSpec),
]);
export type DimensionSpec = z.infer<typeof dimensionSpec>;
export type PartitionSpec = z.infer<typeof partitionSpec>;

/** A partition, as functions of TypeScript see it. */
export interface PartitionContext {
  readonly key: string;
  /** Null where no dimension is of time. */
  readonly start: Date | null;
  readonly end: Date | null;
  /** Per dimension its part of the key. */
  readonly values: Readonly<Record<string, string>>;
}

/** Partitions of the needed asset that one partition reads, by their keys. */
export type MappingFunction = (partition: PartitionContext) => string | readonly string[];

export const mappingSpec = z.union([
  z.enum(["same", "all"]),
  z.strictObject({ window: z.int().min(1).max(100_000).describe("this partition and those before it, so many in all") }),
]);
export const needsSpec = z.record(z.string(), mappingSpec);
export type MappingSpec = z.infer<typeof mappingSpec>;
export type Mapping = MappingSpec | MappingFunction;

export const mappingWithCode = z.union([
  mappingSpec,
  z.custom<MappingFunction>((value) => typeof value === "function", { error: "must be same, all, { window } or a function" }),
]);

function hasOneKind(spec: {
  readonly by?: unknown;
  readonly cron?: unknown;
  readonly values?: unknown;
  readonly query?: unknown;
}): boolean {
  return [spec.by, spec.cron, spec.values, spec.query].filter((kind) => kind !== undefined).length === 1;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
