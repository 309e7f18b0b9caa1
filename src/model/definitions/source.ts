// A source as users write it: `sources/NAME.yaml` (PROJECT §3).
import * as z from "zod";
import { duration } from "../duration.ts";
import { checkEntry } from "./check.ts";
import { engineSpec } from "./engine.ts";
import { admissionCommon } from "./limits.ts";
import { partitionSpec } from "./partition.ts";

export const columnSpec = z.strictObject({
  from: z.string().optional(),
  type: z.string().optional(),
  parse: z.string().optional(),
  nulls: z.array(z.string()).optional(),
  required: z.boolean().optional(),
  /** Stands where a row has no value. */
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  /** Written value → value in its place, before it is read. */
  map: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  description: z.string().optional(),
});
export type ColumnSpec = z.infer<typeof columnSpec>;

/** YAML reads a bare `null` as nothing; here it can only mean the word. */
const bareNull = z.null().transform(() => "null" as const);

/** The rules of a schema registry: what a new schema must be to the one before, or, `…Transitive`, to all before. */
export const COMPATIBILITIES = [
  "none",
  "backward",
  "backwardTransitive",
  "forward",
  "forwardTransitive",
  "full",
  "fullTransitive",
] as const;
export type Compatibility = (typeof COMPATIBILITIES)[number];

export const piiChoice = z.enum(["hash", "mask", "redact", "drop"]);
export type PiiChoice = z.infer<typeof piiChoice>;

/** What becomes of a list or an object below a path. */
export const nestedChoice = z.enum(["table", "struct", "json", "drop"]);
export type NestedChoice = z.infer<typeof nestedChoice>;

const contractSpec = z.strictObject({
  newColumn: z.enum(["add", "ignore", "quarantine", "fail"]).default("add"),
  missingColumn: z.union([z.enum(["null", "fail"]), bareNull]).default("null"),
  typeChange: z.enum(["widen", "variant", "quarantine", "fail"]).default("widen"),
  badValue: z.union([z.enum(["quarantine", "null", "fail"]), bareNull]).default("quarantine"),
  maxQuarantined: z.union([z.number(), z.string()]).optional(),
  /** May a `replace` that delivers no row empty an asset that has some? */
  emptyDelivery: z.enum(["fail", "accept"]).default("fail"),
  compatibility: z.enum(COMPATIBILITIES).default("none"),
});
export type ContractSpec = z.infer<typeof contractSpec>;

const guardAct = z.enum(["stop", "warn", "off"]);
/** A share of rows, as `50%`. */
const share = z.string().regex(/^\d{1,2}(\.\d+)?\s*%$/, { error: "must be a share such as 50%" });

/** What looks like a fault of the source rather than news; load/guards.ts says when each holds. */
const guardsSpec = z.strictObject({
  /** No row from a source that has always given some. */
  empty: guardAct,
  /** Far fewer rows than the median of the last loads. */
  drop: z.union([guardAct, share, z.strictObject({ below: share.optional(), act: guardAct.optional() })]),
  /** Every page full, the last one too. */
  fullPages: guardAct,
});
export type GuardsSpec = z.infer<typeof guardsSpec>;

const loadMode = z.enum(["replace", "append", "merge", "snapshot"]);
export type LoadMode = z.infer<typeof loadMode>;

/** One name or several. */
export const oneOrMany = z.union([z.string(), z.array(z.string())]);
export const retrySpec = z.strictObject({
  attempts: z.int().min(1).max(100).optional(),
  delay: duration.optional(),
  factor: z.number().min(1).optional(),
  maxDelay: duration.optional(),
  jitter: z.boolean().optional(),
  on: z
    .array(z.enum(["retryable", "rateLimited", "timeout", "lost", "terminal"]))
    .min(1)
    .optional(),
});
export type RetrySpec = z.infer<typeof retrySpec>;

/** Keys that every asset may have. */
export const assetCommon = {
  name: z.string().optional(),
  description: z.string().optional(),
  owner: z.string().optional(),
  tags: z.array(z.string()).optional(),
  checks: z.array(checkEntry).optional(),
  retry: retrySpec.optional(),
  timeout: duration.optional(),
  ...admissionCommon,
  /** When its last try has failed the run goes on with the version that readers see, if there is one. */
  fallback: z.enum(["lastVersion"]).optional(),
};

export const sourceSpec = z.strictObject({
  ...assetCommon,
  from: z.record(z.string(), z.unknown()),
  after: z.array(z.string()).optional().describe("assets that are built before this is asked for"),
  primaryKey: oneOrMany.optional(),
  cursor: z.string().optional(),
  partition: partitionSpec.optional(),
  load: loadMode.optional(),
  lookback: duration.optional(),
  columns: z.record(z.string(), columnSpec).optional(),
  names: z.enum(["snake", "keep"]).optional(),
  /** Path → choice: `items`, `customer.addresses`. */
  nested: z.record(z.string(), nestedChoice).optional(),
  contract: contractSpec.partial().optional(),
  changedFile: z.enum(["replace", "append", "ignore", "fail"]).optional(),
  lineage: z.enum(["rows"]).optional(),
  deletes: z.enum(["close", "ignore"]).optional(),
  /** Column → what becomes of its values. */
  pii: z.record(z.string(), piiChoice).optional(),
  /** What the source gives is kept as received, so that it can be loaded again without it. Default: keep. */
  raw: z.enum(["keep", "off"]).optional(),
  guards: guardsSpec.partial().optional(),
  engine: engineSpec.optional().describe("it is not loaded but stays where it lies, for models of this engine"),
});
export type SourceSpec = z.infer<typeof sourceSpec>;
