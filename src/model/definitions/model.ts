// A model's front matter (`models/…/NAME.sql`, PROJECT §4) and a check's own SQL file.
import * as z from "zod";
import { duration } from "../duration.ts";
import { checkCommon } from "./check.ts";
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
      by: z.string(),
      lookback: duration.optional(),
      unit: z.enum(["hour", "day", "week", "month"]).default("day"),
      start: z.string().optional(),
    })
    .optional(),
});
export type ModelSpec = z.infer<typeof modelSpec>;

export const checkFileSpec = z.strictObject({ ...checkCommon, description: z.string().optional(), on: z.string() });
  snapshot: snapshotSpec.optional(),
  layout: layoutSpec.optional(),
  external: externalSpec.optional(),
