// A job as users write it: `jobs/NAME.yaml` (PROJECT §6). Everything is checked when the project is read, also what only a server carries out.
import * as z from "zod";
import { duration } from "../duration.ts";
import { retrySpec } from "./source.ts";

const timeOfDay = z.string().regex(/^([01]?\d|2[0-3]):[0-5]\d$/, { error: 'is no time of day; write "07:00"' });
const names = z.union([z.string(), z.array(z.string())]);

const paramSpec = z.strictObject({
  type: z.enum(["string", "integer", "number", "boolean", "date", "timestamp"]).default("string"),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  enum: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
  required: z.boolean().optional(),
  description: z.string().optional(),
});
export type ParamSpec = z.infer<typeof paramSpec>;

const triggerCommon = { params: z.record(z.string(), z.unknown()).optional(), enabled: z.boolean().optional() };

/** Each trigger has one key that names its kind. */
export const triggerKinds = {
  schedule: z.strictObject({
    ...triggerCommon,
    cron: z.string().optional(),
    every: duration.optional(),
    timezone: z.string().optional(),
    calendar: z.string().optional(),
    catchUp: z.enum(["none", "latest", "all"]).optional(),
    jitter: duration.optional(),
  }),
  files: z.strictObject({ ...triggerCommon, path: z.string(), settle: duration.optional(), connection: z.string().optional() }),
  webhook: z.strictObject({
    ...triggerCommon,
    path: z.string().regex(/^\//, { error: "must begin with /" }),
    signature: z.strictObject({ hmacSha256: z.string(), header: z.string(), prefix: z.string().optional() }).optional(),
    deliveryHeader: z.string().optional(),
  }),
  assets: z.strictObject({ ...triggerCommon, updated: names, mode: z.enum(["all", "any"]).optional() }),
  job: z.strictObject({
    ...triggerCommon,
    finished: z.string(),
    status: z.enum(["succeeded", "failed", "partial", "canceled", "any"]).optional(),
  }),
  sensor: z.strictObject({
    ...triggerCommon,
    sql: z.string().optional(),
    http: z.record(z.string(), z.unknown()).optional(),
    every: duration,
    timeout: duration.optional(),
  }),
  message: z.record(z.string(), z.unknown()),
} as const;

const triggerSpec = z.strictObject({
  schedule: triggerKinds.schedule.optional(),
  files: triggerKinds.files.optional(),
  webhook: triggerKinds.webhook.optional(),
  assets: triggerKinds.assets.optional(),
  job: triggerKinds.job.optional(),
  sensor: triggerKinds.sensor.optional(),
  message: triggerKinds.message.optional(),
});
export type TriggerSpec = z.infer<typeof triggerSpec>;

/** What a step of a job does; exactly one of these keys stands in it. */
export const taskKinds = {
  shell: z.union([
    z.string(),
    z.strictObject({ command: z.string(), env: z.record(z.string(), z.string()).optional(), dir: z.string().optional() }),
  ]),
  http: z.union([z.string(), z.record(z.string(), z.unknown())]),
  sql: z.string(),
  approval: z.strictObject({
    title: z.string(),
    description: z.string().optional(),
    fields: z.record(z.string(), z.unknown()).optional(),
    approvers: z.array(z.string()).optional(),
  }),
  wait: z.union([duration, z.strictObject({ for: duration.optional(), until: z.string().optional() })]),
  task: z.string(),
  job: z.union([z.string(), z.strictObject({ name: z.string(), params: z.record(z.string(), z.unknown()).optional() })]),
} as const;

const compensation = z.strictObject({
  shell: taskKinds.shell.optional(),
  http: taskKinds.http.optional(),
  sql: taskKinds.sql.optional(),
  task: taskKinds.task.optional(),
});

const taskSpec = z.strictObject({
  shell: taskKinds.shell.optional(),
  http: taskKinds.http.optional(),
  sql: taskKinds.sql.optional(),
  approval: taskKinds.approval.optional(),
  wait: taskKinds.wait.optional(),
  task: taskKinds.task.optional(),
  job: taskKinds.job.optional(),
  description: z.string().optional(),
  after: names.optional(),
  before: names.optional(),
  when: z.string().optional().describe("succeeded (default), failed, always, or an expression"),
  timeout: duration.optional(),
  retry: retrySpec.optional(),
  pool: z.string().optional(),
  reuse: z.boolean().optional(),
  compensate: compensation.optional(),
});
export type TaskSpec = z.infer<typeof taskSpec>;

export const jobSpec = z.strictObject({
  name: z.string().optional(),
  description: z.string().optional(),
  owner: z.string().optional(),
  tags: z.array(z.string()).optional(),
  select: names.optional().describe("the selection grammar; default: everything"),
  params: z.record(z.string(), paramSpec).optional(),
  triggers: z.array(triggerSpec).optional(),
  tasks: z.record(z.string(), taskSpec).optional(),
  concurrency: z
    .strictObject({ max: z.int().min(1).optional(), whenBusy: z.enum(["queue", "skip", "cancelRunning"]).optional() })
    .optional(),
  retry: retrySpec.optional(),
  timeout: duration.optional(),
  onFailure: z.enum(["compensate"]).optional(),
  deadline: z
    .strictObject({ finishBy: timeOfDay, timezone: z.string().optional(), alert: z.enum(["info", "warning", "critical"]).optional() })
    .optional(),
});
export type JobSpec = z.infer<typeof jobSpec>;
