// A contract between formats: what every format of schemas can say in part. What one cannot say is told as `lost`, never left out in silence.
import type { CheckEntry } from "../model/definitions/check.ts";

export interface ContractColumn {
  readonly name: string;
  /** As DuckDB writes it. */
  readonly type: string;
  readonly required: boolean;
  readonly description?: string | undefined;
  /** What `pii:` says of it. */
  readonly personal?: string | undefined;
}

export interface Contract {
  /** `raw.orders`. */
  readonly name: string;
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  readonly owner?: string | undefined;
  readonly tags: readonly string[];
  readonly primaryKey: readonly string[];
  readonly columns: readonly ContractColumn[];
  readonly checks: readonly CheckEntry[];
}

/** A document in some format, or a contract read from one, and sentences on what did not fit. */
export interface Exported {
  readonly document: Readonly<Record<string, unknown>>;
  readonly lost: readonly string[];
}

export interface Imported {
  readonly contract: Contract;
  readonly lost: readonly string[];
}

/** Keys beside the kind of a check. */
const COMMON_KEYS = ["name", "severity", "onFail", "where", "tolerate"];

export interface KnownCheck {
  readonly kind: string;
  readonly options: unknown;
  /** Keys that every check may have, wherever they stood. */
  readonly common: Readonly<Record<string, unknown>>;
}

/** The kind of a check, its options and the keys that every kind has. */
export function readCheck(entry: CheckEntry): KnownCheck {
  const kind = Object.keys(entry).find((key) => !COMMON_KEYS.includes(key)) ?? "";
  const options = entry[kind];
  const common = Object.fromEntries(Object.entries(entry).filter(([key]) => COMMON_KEYS.includes(key)));
  if (typeof options !== "object" || options === null || Array.isArray(options)) return { kind, options, common };
  const all = Object.entries(options);
  if (kind === "rule") return { kind, options, common }; // its `where` is the rule itself
  return {
    kind,
    options: Object.fromEntries(all.filter(([key]) => !COMMON_KEYS.includes(key))),
    common: { ...common, ...Object.fromEntries(all.filter(([key]) => COMMON_KEYS.includes(key))) },
  };
}

/** How a check is told when it has no place in a format. */
export function checkText(entry: CheckEntry): string {
  return JSON.stringify(entry);
}

/** The columns that `notNull` and `unique` name. */
export function columnsOf(options: unknown): readonly string[] {
  if (typeof options === "string") return [options];
  if (Array.isArray(options)) return options.filter((each) => typeof each === "string");
  const inner = (options as { readonly columns?: unknown } | null)?.columns;
  return inner === undefined ? [] : columnsOf(inner);
}
