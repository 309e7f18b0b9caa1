// A job as users write it: `jobs/NAME.yaml` (PROJECT §6). Everything is checked when the project is read, also what only a server carries out.
import * as z from "zod";
import { useKeys } from "./component.ts";
import { duration } from "../duration.ts";
import { retrySpec } from "./source.ts";
import { taskSpec } from "./task.ts";
import { concurrencySpec, triggerSpec } from "./trigger.ts";

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

export const jobSpec = z.strictObject({
  name: z.string().optional(),
  description: z.string().optional(),
  owner: z.string().optional(),
  tags: z.array(z.string()).optional(),
  select: names.optional().describe("the selection grammar; default: everything; [] for tasks alone"),
  params: z.record(z.string(), paramSpec).optional(),
  triggers: z.array(triggerSpec).optional(),
  tasks: z.record(z.string(), taskSpec).optional(),
  concurrency: concurrencySpec.optional(),
  retry: retrySpec.optional(),
  timeout: duration.optional(),
  ...useKeys,
  priority: z.int().optional().describe("against other runs; higher starts first, default 0"),
  key: z.string().optional().describe("runs with the same key share places fairly with those of other keys"),
  onFailure: z.enum(["compensate"]).optional(),
  deadline: z
    .strictObject({ finishBy: timeOfDay, timezone: z.string().optional(), alert: z.enum(["info", "warning", "critical"]).optional() })
    .optional(),
});
export type JobSpec = z.infer<typeof jobSpec>;
