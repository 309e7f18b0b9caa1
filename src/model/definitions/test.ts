// A unit test of a model as users write it: `tests/NAME.yaml` (PROJECT §7).
import * as z from "zod";

const row = z.record(z.string(), z.unknown());

export const testSpec = z.strictObject({
  name: z.string().optional(),
  description: z.string().optional(),
  model: z.string(),
  now: z.string().optional().describe("what now() and $now are"),
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  start: z.string().optional(),
  end: z.string().optional(),
  given: z.record(z.string(), z.array(row)).optional(),
  expect: z.array(row).describe("columns that are left out of a row are not compared"),
  ordered: z.boolean().optional(),
});
export type TestSpec = z.infer<typeof testSpec>;
