// Assets that are described rather than written: `models/…/NAME.yaml` with one of `match:`, `cluster:` or `lookup:`.
import * as z from "zod";
import { modelSpec } from "./model.ts";
import { oneOrMany } from "./source.ts";

/** The same column on both sides, or one on each. */
const columnPair = z.union([z.string(), z.strictObject({ left: z.string(), right: z.string() })]);

const comparison = z.strictObject({
  column: columnPair.optional(),
  /** Similarity of 0 to 1; `l` and `r` are the two records. */
  sql: z.string().optional(),
  by: z.enum(["exact", "jaroWinkler", "levenshtein", "words", "letters", "number", "days"]).optional().describe("default: jaroWinkler"),
  scale: z.number().positive().optional().describe("number, days: the difference at which nothing is left of the similarity"),
  weight: z.number().positive().optional().describe("default 1"),
});

export const matchSpec = z.strictObject({
  left: z.string().describe("an asset"),
  right: z.string().optional().describe("another asset; left out: pairs within `left`"),
  id: columnPair.describe("the column that names a record"),
  prepare: z
    .record(z.string(), z.string())
    .optional()
    .describe("column → SQL over a record, worked out once for each; blocks and comparisons see it"),
  block: z.array(z.string()).min(1).describe("SQL over a record; two records are compared when one of these is equal"),
  compare: z.array(comparison).min(1),
  threshold: z.number().min(0).max(1).describe("pairs from this score on are matches"),
  review: z.number().min(0).max(1).optional().describe("pairs from this score up to the threshold are for a person"),
  evidence: z.number().min(0).max(1).optional().describe("share of the weights whose values must be there on both sides; default 0.5"),
  oneToOne: z.boolean().optional().describe("a record matches at most one of the other side: the best, where each is the other's best"),
});
export type MatchSpec = z.infer<typeof matchSpec>;

export const clusterSpec = z.strictObject({
  pairs: z.string().describe("an asset made by `match:` within one asset"),
  of: z.string().describe("the asset whose records are put together"),
  id: z.string(),
});
export type ClusterSpec = z.infer<typeof clusterSpec>;

export const lookupSpec = z.strictObject({
  from: z.string().describe("the asset that gets more columns"),
  in: z.string().describe("the reference"),
  on: z.record(z.string(), z.string()).describe("column of `from` → column of the reference"),
  columns: z.record(z.string(), z.string()).describe("new column → column of the reference"),
  validAt: z.string().optional().describe("a column of `from`: the reference's row that was valid then (valid_from, valid_to)"),
  misses: z.enum(["keep", "quarantine", "warn", "fail"]).optional().describe("rows whose key the reference lacks; default keep, with NULL"),
  defaults: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .describe("what a new column holds for a miss"),
  found: z.string().optional().describe("name of a column that says whether the reference had the key"),
});
export type LookupSpec = z.infer<typeof lookupSpec>;

export const enrichedSpec = modelSpec.omit({ incremental: true }).extend({
  materialize: z.enum(["view", "table"]).default("table"),
  match: matchSpec.optional(),
  cluster: clusterSpec.optional(),
  lookup: lookupSpec.optional(),
  key: oneOrMany.optional(),
});
export type EnrichedSpec = z.infer<typeof enrichedSpec>;
