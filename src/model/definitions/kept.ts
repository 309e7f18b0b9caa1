// Keys of a model's front matter that say how its rows are kept: as history, as files, in what order.
import * as z from "zod";
import { oneOrMany } from "./source.ts";

export const snapshotSpec = z.strictObject({
  by: z.enum(["columns", "timestamp"]).default("columns").describe("what makes a row another version of its key"),
  updatedAt: z.string().optional().describe("by: timestamp: the column that says since when the row is as it is"),
  columns: z
    .union([z.literal("all"), z.array(z.string()).min(1)])
    .optional()
    .describe("by: columns: those whose change counts; default all"),
  deletes: z.enum(["close", "ignore"]).default("close").describe("keys that the query no longer gives"),
});
export type SnapshotSpec = z.infer<typeof snapshotSpec>;

export const layoutSpec = z.strictObject({
  sort: oneOrMany.optional().describe("columns by which the stored rows are ordered, so that a filter on them reads little"),
  partition: oneOrMany.optional().describe("columns whose equal values lie together, before `sort`"),
});

export const externalSpec = z.strictObject({
  path: z.string().describe("folder of the files, relative to the project's"),
  format: z.enum(["parquet", "csv", "ndjson"]).default("parquet"),
  partitionBy: oneOrMany.optional().describe("columns whose values become folders column=value"),
  compression: z.enum(["none", "gzip", "zstd", "snappy"]).optional(),
});
