// An export as users write it: `exports/NAME.yaml` (PROJECT §5).
import * as z from "zod";
import { assetCommon, oneOrMany } from "./source.ts";

export const exportSpec = z.strictObject({
  ...assetCommon,
  select: z.string().optional(),
  sql: z.string().optional(),
  to: z.record(z.string(), z.unknown()),
  load: z.enum(["replace", "append", "merge", "delete"]).default("replace"),
  key: oneOrMany.optional(),
});
export type ExportSpec = z.infer<typeof exportSpec>;
