// A plan as a file: what is to be done and everything that it rests on, so that it is carried out as it was looked at or not at all. Canonical JSON:
// the same project over the same warehouse gives the same bytes.
import * as z from "zod";

export const PLAN_FILE_VERSION = 1;

const hash = z.string().regex(/^[0-9a-f]{32}$/);

const request = z.strictObject({
  job: z.string().optional(),
  select: z.string().optional(),
  params: z.record(z.string(), z.string()),
  partition: z.string().optional(),
  fullRefresh: z.boolean(),
  forwardOnly: z.boolean(),
  restate: z.strictObject({ asset: z.string(), from: z.string(), to: z.string().optional() }).optional(),
});

const rests = z.strictObject({
  /** Per asset the hash of all that its definition says. */
  definitions: z.record(z.string(), hash),
  /** Per asset the version that readers see; null: it was never built. */
  versions: z.record(z.string(), z.string().nullable()),
  /** Per source the hash of what it said of its state; null where only reading tells. */
  sources: z.record(z.string(), hash.nullable()),
  params: hash,
});
/** What a plan was made from. */
export type PlanRests = z.infer<typeof rests>;

export const planFile = z.strictObject({
  v: z.literal(PLAN_FILE_VERSION),
  kind: z.literal("millrace-plan"),
  /** Of the version of Millrace that wrote it. */
  millrace: z.string(),
  project: z.string(),
  environment: z.string(),
  request,
  nodes: z.array(
    z.strictObject({
      id: z.string(),
      action: z.enum(["build", "reuse"]),
      reason: z.string(),
      change: z.string(),
    }),
  ),
  /** What changed in the definitions, for who reads the file. */
  changes: z.array(z.strictObject({ asset: z.string(), change: z.string(), reasons: z.array(z.string()) })),
  rests,
  /** Of everything above. */
  hash,
});
export type PlanFile = z.infer<typeof planFile>;
