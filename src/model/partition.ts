// Partitions: how an asset's rows fall into parts that are built, replaced and counted one by one. Dimensions as the planner sees them, names of nodes.
import type { DimensionSpec, PartitionSpec, TimeUnit } from "./definitions/partition.ts";

interface DimensionCommon {
  readonly name: string;
  /** False for the one dimension that the user gave no name. */
  readonly isNamed: boolean;
  /** The column that tells a row's partition; null: the load or build that made the row does. */
  readonly column: string | null;
}

interface TimeCommon extends DimensionCommon {
  readonly timezone: string;
  /** As written: `2026-01`, `2026-01-01T05:00`. */
  readonly start: string | null;
  readonly end: string | null;
}

export interface TimeDimension extends TimeCommon {
  readonly kind: "time";
  readonly unit: TimeUnit;
}

export interface CronDimension extends TimeCommon {
  readonly kind: "cron";
  readonly cron: string;
}

export interface ListDimension extends DimensionCommon {
  readonly kind: "list";
  readonly values: readonly string[];
}

export interface QueryDimension extends DimensionCommon {
  readonly kind: "query";
  readonly sql: string;
}

export type Dimension = TimeDimension | CronDimension | ListDimension | QueryDimension;

/** At least one dimension, in the order in which their parts stand in a key. */
export interface Partitioning {
  readonly dimensions: readonly Dimension[];
}

const DIMENSION_KEYS: readonly string[] = ["by", "cron", "values", "query"];

/** The dimensions of what a user wrote. */
export function partitioningOf(spec: PartitionSpec): Partitioning {
  if (Array.isArray(spec)) return { dimensions: spec.map(({ name, ...rest }) => dimensionOf(rest, name)) };
  if (isDimension(spec)) return { dimensions: [dimensionOf(spec, undefined)] };
  return { dimensions: Object.entries(spec).map(([name, each]) => dimensionOf(each, name)) };
}

function isDimension(spec: Exclude<PartitionSpec, readonly unknown[]>): spec is DimensionSpec {
  return DIMENSION_KEYS.some((key) => {
    const value: unknown = (spec as Readonly<Record<string, unknown>>)[key];
    return value !== undefined && (typeof value !== "object" || Array.isArray(value));
  });
}

function dimensionOf(spec: DimensionSpec, name: string | undefined): Dimension {
  const common = { isNamed: name !== undefined, column: spec.column ?? null };
  if (spec.values !== undefined)
    return { kind: "list", name: name ?? "value", ...common, values: [...new Set(spec.values.map((value) => escapePart(String(value))))] };
  if (spec.query !== undefined) return { kind: "query", name: name ?? "value", ...common, sql: spec.query };
  const time = { ...common, timezone: spec.timezone ?? "UTC", start: spec.start ?? null, end: spec.end ?? null };
  if (spec.cron !== undefined) return { kind: "cron", name: name ?? "time", ...time, cron: spec.cron };
  return { kind: "time", name: name ?? "time", ...time, unit: spec.by ?? "day" };
}

/** Between the parts of a key. */
export const PART_SEPARATOR = "|";
/** Between the first and the last key of a range. */
export const RANGE_SEPARATOR = "..";

/** A value as a part of a key: what separates parts, ranges and names of nodes is written as in an address. */
export function escapePart(value: string): string {
  return value.replaceAll(/[%|,[\]*\p{Cc}]|\.\.|^\.$/gu, (sign) =>
    [...new TextEncoder().encode(sign)].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join(""),
  );
}

/** The value that `escapePart` was given. */
export function unescapePart(part: string): string {
  return part.includes("%") ? decodeURIComponent(part) : part;
}

/** `clean.sales[2026-01-01]`: the node that builds one partition, or `clean.sales[2026-01-01..2026-01-07]` for adjacent ones. */
export function partitionNodeId(asset: string, partition: string): string {
  return `${asset}[${partition}]`;
}

/** The asset or task of a node, and its partition where it has one. */
export function splitNodeId(node: string): { readonly asset: string; readonly partition: string | null } {
  const at = node.indexOf("[");
  return at < 0 || !node.endsWith("]") ? { asset: node, partition: null } : { asset: node.slice(0, at), partition: node.slice(at + 1, -1) };
}

/** What of a definition of partitions changes their rows: not where they begin and end, nor which values there are. */
export function partitionIdentity(spec: PartitionSpec): readonly Readonly<Record<string, string | null>>[] {
  return partitioningOf(spec).dimensions.map(({ kind, name, column, ...rest }) => ({
    kind: kind === "query" ? "list" : kind,
    name,
    column,
    unit: "unit" in rest ? rest.unit : null,
    cron: "cron" in rest ? rest.cron : null,
    timezone: "timezone" in rest ? rest.timezone : null,
  }));
}
