// A model's front matter (`models/…/NAME.sql`, PROJECT §4) and a check's own SQL file.
import * as z from "zod";
import { duration } from "../duration.ts";
import { checkCommon } from "./check.ts";
import { engineSpec } from "./engine.ts";
import { INCREMENTAL_MODES } from "./incremental-modes.ts";
import { externalSpec, layoutSpec, snapshotSpec } from "./kept.ts";
import { needsSpec, partitionSpec } from "./partition.ts";
import { assetCommon, oneOrMany } from "./source.ts";

const materialization = z.enum(["view", "table", "incremental", "snapshot", "external"]);

export const modelSpec = z.strictObject({
  ...assetCommon,
  materialize: materialization.default("view"),
  key: oneOrMany.optional(),
  partition: partitionSpec.optional(),
  needs: needsSpec.optional().describe("which partitions of an asset that is read belong to one of this: same, all, { window: 7 }"),
  columns: z
    .record(z.string(), z.union([z.string(), z.strictObject({ description: z.string().optional(), type: z.string().optional() })]))
    .optional(),
  incremental: z
    .strictObject({
      mode: z
        .enum([...INCREMENTAL_MODES, "maintain"])
        .optional()
        .describe("default: time with by, merge with a key"),
      by: oneOrMany.optional().describe("the column of time; with mode: partition the columns whose values are replaced together"),
      unit: z.enum(["hour", "day", "week", "month"]).optional(),
      lookback: duration.optional(),
      start: z.string().optional(),
      cursor: z.string().optional().describe("the column whose highest value is $start of the next build"),
      deletes: z.enum(["delete", "close", "ignore"]).optional().describe("rows that the query no longer gives"),
      batch: z.int().min(1).max(100_000).optional().describe("intervals that one statement makes"),
      forwardOnly: z.boolean().optional().describe("new code is for new rows; those that are there stay"),
      ignore: z.array(z.string()).optional().describe("assets whose changes do nothing again"),
    })
    .optional(),
  snapshot: snapshotSpec.optional(),
  layout: layoutSpec.optional(),
  external: externalSpec.optional(),
  engine: engineSpec.optional().describe("where it runs: postgres, or { postgres: { connection: shop } }; default: duckdb"),
});
export type ModelSpec = z.infer<typeof modelSpec>;

export const checkFileSpec = z.strictObject({ ...checkCommon, description: z.string().optional(), on: z.string() });
