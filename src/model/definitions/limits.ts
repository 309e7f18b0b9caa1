// Limits as users write them: `pools:` and the breakers of `connections:` in millrace.yaml, and what an asset or task says of them.
import * as z from "zod";
import { duration } from "../duration.ts";
import { parseRate } from "../limits.ts";

const rate = z
  .string()
  .refine((text) => parseRate(text) !== undefined, { error: "is no rate; write 10/s, 300/m or 1000/h" })
  .describe("10/s, 300/m or 1000/h: never more in any such span of time");

export const poolSpec = z
  .strictObject({
    slots: z.int().min(1).max(1_000_000).optional().describe("attempts at once, by weight"),
    rate: rate.optional(),
    burst: z.int().min(1).max(1_000_000).optional().describe("starts at once after a quiet time; the rate then fills up again evenly"),
    description: z.string().optional(),
  })
  .refine(({ slots, rate }) => slots !== undefined || rate !== undefined, { error: "limits nothing; give it slots or a rate" })
  .refine(({ burst, rate }) => burst === undefined || rate !== undefined, { error: "has a burst and no rate" });

/** When a connection that fails again and again is left alone for a while. */
export const breakerSpec = z.union([
  z.literal(false),
  z.strictObject({
    failures: z.int().min(1).max(1_000).optional().describe("failures in a row until it opens; default 5"),
    pause: duration.optional().describe("until a first probe; default 30s"),
    maxPause: duration.optional().describe("the pause doubles with each probe that fails, up to this; default 10m"),
  }),
]);

/** One pool, or several with the weight that an attempt has in each. */
const poolUse = z
  .union([z.string().min(1), z.record(z.string(), z.int().min(1))])
  .describe("a pool of millrace.yaml; { pool: weight } where an attempt counts for more");
export type PoolUse = z.infer<typeof poolUse>;

/** Keys of every asset. */
export const admissionCommon = {
  pool: poolUse.optional(),
  priority: z.int().min(-1_000).max(1_000).optional().describe("higher starts first where places are short; default 0"),
  concurrency: z.int().min(1).optional().describe("attempts of this asset at once, over all runs"),
  queueTimeout: duration.optional().describe("fails when it found no place for so long"),
  silence: duration.optional().describe("an attempt that gives no sign for so long has failed"),
};

export const sharesSpec = z
  .record(z.string(), z.number().positive())
  .describe("how much of what is short each fairness key gets in relation to the others; default 1");
