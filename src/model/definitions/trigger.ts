// What starts a job and how many of its runs may go at once, as users write it: `triggers:` and `concurrency:` of a job (PROJECT §6).
import * as z from "zod";
import { duration, parseSizeBytes, size } from "../duration.ts";

/** A body is held while its signature is checked. */
const BODY_BYTES_MAX = 64_000_000;

const names = z.union([z.string(), z.array(z.string())]);
const triggerName = z.string().regex(/^[\w.-]{1,100}$/, { error: "is no name; use letters, digits, _, - and ." });
const triggerCommon = {
  name: triggerName.optional().describe("default: its kind; keeps its history when triggers are put into another order"),
  params: z.record(z.string(), z.unknown()).optional().describe("parameters of the run; ${event:path} stands for a field of what happened"),
  enabled: z.boolean().optional(),
  priority: z.int().min(-100).max(100).optional().describe("higher goes first; default: that of the job, else 0"),
};
const gathering = {
  ...triggerCommon,
  debounce: duration.optional().describe("one run when nothing has happened for so long (at the latest after 10 times that)"),
  batch: z
    .strictObject({ window: duration, max: z.int().min(1).max(1_000).optional() })
    .optional()
    .describe("one run for all that happens within the window, or as soon as there are max (default 1,000)"),
};

/** Each trigger has one key that names its kind. */
export const triggerKinds = {
  schedule: z.strictObject({
    ...triggerCommon,
    cron: z.string().optional().describe("5 or 6 fields (the first of 6 are seconds); L, W and # are known"),
    every: duration.optional(),
    timezone: z.string().optional().describe("default: the project's, else UTC"),
    calendar: z.string().optional().describe("a calendar of millrace.yaml"),
    nonWorkingDay: z
      .enum(["skip", "nextWorkingDay", "previousWorkingDay"])
      .optional()
      .describe("what becomes of a time on a day off; default skip. Of several that move to one day, one of each time of day is kept"),
    catchUp: z.enum(["none", "latest", "all"]).optional().describe("times missed while nothing ran; default latest"),
    jitter: duration.optional().describe("starts up to so much later, always the same for the same time"),
  }),
  files: z.strictObject({
    ...gathering,
    path: z.string(),
    settle: duration.optional().describe("a file is taken when it has not changed for so long; default 2s"),
    every: duration.optional().describe("how often the folder is looked at; default 2s"),
    connection: z.string().optional(),
  }),
  webhook: z.strictObject({
    ...gathering,
    path: z.string().regex(/^\//, { error: "must begin with /" }),
    signature: z
      .strictObject({
        hmacSha256: z.string().describe("the secret"),
        header: z.string(),
        prefix: z.string().optional(),
        kind: z.enum(["github", "stripe"]).optional().describe("how the header is written; default: told by its name"),
        tolerance: duration.optional().describe("age of a signed time that is still taken; default 5m"),
      })
      .optional(),
    deliveryHeader: z.string().optional(),
    idempotency: z.string().optional().describe("path in the body, or header:NAME, that makes a delivery once"),
    maxBody: size
      .refine((text) => (parseSizeBytes(text) ?? 0) <= BODY_BYTES_MAX, { error: "is too large to be held in memory; at most 64MB" })
      .optional()
      .describe("default 1MB, at most 64MB"),
    keepBody: z.union([z.boolean(), z.string()]).optional().describe("true or the name of an asset: each body is a row of it"),
  }),
  assets: z.strictObject({
    ...gathering,
    updated: names,
    mode: z.enum(["all", "any"]).optional().describe("default all"),
    window: duration.optional().describe("mode all: the updates must lie within so much of each other"),
  }),
  job: z.strictObject({
    ...gathering,
    finished: z.string(),
    status: z.enum(["succeeded", "failed", "partial", "canceled", "any"]).optional().describe("default succeeded"),
  }),
  sensor: z.strictObject({
    ...gathering,
    sql: z.string().optional().describe("holds when its first value is true, or not zero, null or empty; another value is another event"),
    typescript: z.string().optional().describe("module in pipelines/ and export: sensors.ts#isThere"),
    http: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
    every: duration,
    timeout: duration.optional().describe("not true for so long is told as skipped, and the wait begins anew"),
  }),
  message: z.record(z.string(), z.unknown()),
} as const;

export const triggerSpec = z.strictObject({
  schedule: triggerKinds.schedule.optional(),
  files: triggerKinds.files.optional(),
  webhook: triggerKinds.webhook.optional(),
  assets: triggerKinds.assets.optional(),
  job: triggerKinds.job.optional(),
  sensor: triggerKinds.sensor.optional(),
  message: triggerKinds.message.optional(),
});
export type TriggerSpec = z.infer<typeof triggerSpec>;

export const concurrencySpec = z.strictObject({
  max: z.int().min(1).max(10_000).optional().describe("runs of this job at once; default 1"),
  whenBusy: z.enum(["queue", "skip", "cancelRunning"]).optional().describe("default queue"),
  key: z.string().optional().describe("an expression over the parameters: max counts runs of the same value. For example params.region"),
});
