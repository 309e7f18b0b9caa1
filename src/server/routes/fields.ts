// Fields that several routes take.
import { z } from "zod";
import { flag } from "../route.ts";

export const asset = z.string().min(1).describe("its name, or the end of it where that is enough");
export const run = z.string().min(1).describe("its id, or the beginning of it");
export const select = z.string().min(1).max(10_000).describe("which assets: clean.sales, +final.*, tag:county, kind:source and not raw.x");
export const why = z.string().max(2_000).describe("kept in the history");
export const cursor = z.string().min(1).max(1_000).describe("`next` of the answer before");
export const rule = z.string().describe("only those set aside by this rule: badValue(price)");
export const soon = flag
  .default(false)
  .describe(
    "from what is kept, without waiting for a plan: `partial` says where that is not all; the live topic assets tells when one knows better",
  );

/** A record in a query is JSON. */
export const params = z
  .preprocess((given) => (typeof given === "string" ? jsonOr(given) : given), z.record(z.string(), z.string()))
  .describe("parameters of the job, as text");

export const restate = z
  .preprocess(
    (given) => (typeof given === "string" ? jsonOr(given) : given),
    z.object({ asset: z.string(), from: z.string(), to: z.string().exactOptional() }),
  )
  .describe("intervals or partitions that are made again; `to` is included");

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // the schema tells what it must be
  }
}
