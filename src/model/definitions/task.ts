// A step of a job as users write it: `tasks:` of `jobs/NAME.yaml` (PROJECT §6), the same keys in `defineJob`, and what `defineTask` shares with them.
import * as z from "zod";
import { duration, size } from "../duration.ts";
import { useKeys } from "./component.ts";
import { isolationSpec } from "./isolation.ts";
import { oneOrMany, retrySpec } from "./source.ts";

const text = z.string();
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const code = z.custom<(context: never) => unknown>((value) => typeof value === "function", { error: "must be a function" });
const timeZone = z.string().describe("for example Europe/Berlin; default: UTC");

/** Fields of an approval's form: `reason: string`, or with all that is known of it. */
export const fieldTypes = ["string", "integer", "number", "boolean", "date", "timestamp"] as const;
const fieldSpec = z.strictObject({
  type: z.enum(fieldTypes).default("string"),
  title: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(scalar).min(1).optional(),
  required: z.boolean().optional(),
  default: scalar.optional(),
});

const shell = z.union([
  z.string().min(1),
  z.strictObject({
    command: z.string().min(1),
    env: z.record(z.string(), scalar).optional().describe("more environment variables"),
    dir: z.string().optional().describe("where it runs; default: the folder of the project"),
    shell: z.string().optional().describe("default: /bin/sh, cmd.exe on Windows"),
  }),
]);

const http = z.union([
  z.string().min(1),
  z.strictObject({
    url: z.string().min(1),
    connection: z.string().optional().describe("a connection of millrace.yaml whose keys are the defaults of these"),
    method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]).optional().describe("default: GET, or POST when there is a body"),
    headers: z.record(z.string(), z.string()).optional(),
    params: z.record(z.string(), scalar).optional(),
    body: z.unknown().optional().describe("sent as JSON; text is sent as it is"),
    auth: z
      .union([
        z.strictObject({ bearer: z.string() }),
        z.strictObject({ basic: z.strictObject({ user: z.string(), password: z.string() }) }),
        z.strictObject({ header: z.strictObject({ name: z.string(), value: z.string() }) }),
      ])
      .optional(),
    expect: z
      .union([z.int(), z.array(z.int()).min(1), z.string().regex(/^[1-5]xx$/, { error: "is no class of statuses; write 2xx" })])
      .optional()
      .describe("statuses that count as success: 200, [200, 404], 2xx (default)"),
    output: z.string().optional().describe("path in the body of what becomes the output; default: the whole body"),
    maxSize: size.optional().describe("of the answer; default 1MB"),
    timeouts: z.strictObject({ connect: duration.optional(), response: duration.optional(), body: duration.optional() }).optional(),
    attempts: z.int().min(1).max(20).optional().describe("tries of one safe request (GET, HEAD) inside an attempt; default 1"),
  }),
]);

const sql = z.union([z.string().min(1), z.strictObject({ query: z.string().min(1) })]);

const task = z.string().min(1);

/** What a step of a job does; exactly one of these keys stands in it. */
export const taskKinds = {
  shell,
  http,
  sql,
  typescript: z
    .union([z.string().min(1), z.strictObject({ module: z.string().min(1), export: z.string().min(1) }), code])
    .describe("pipelines/file.ts#export; in defineJob also a function"),
  approval: z.strictObject({
    title: z.string(),
    description: z.string().optional(),
    fields: z.record(z.string(), z.union([z.enum(fieldTypes), fieldSpec])).optional(),
    approvers: z.array(z.string()).optional().describe("who may decide; default: anyone"),
  }),
  wait: z.union([
    duration,
    z.strictObject({
      for: duration.optional(),
      until: z.string().optional().describe('a moment (2026-01-31T06:00Z), or a time of day ("06:00")'),
      timezone: timeZone.optional().describe("of a time of day"),
      condition: z.string().optional().describe("a query whose first value is true, or an expression"),
      every: duration.optional().describe("how often a condition is looked at; default 1m"),
      timeout: duration.optional().describe("fails when it still waits then"),
    }),
  ]),
  task: task.describe("a task made by defineTask"),
  job: z.union([z.string().min(1), z.strictObject({ name: z.string().min(1), params: z.record(z.string(), z.unknown()).optional() })]),
} as const;

/** What undoes a task. */
export const compensationSpec = z.strictObject({
  shell: shell.optional(),
  http: http.optional(),
  sql: sql.optional(),
  task: task.optional(),
});

export const WHEN_WORDS = ["succeeded", "noneFailed", "failed", "always"] as const;

/** Keys that every task has, also one made by `defineTask`. */
export const taskCommon = {
  description: z.string().optional(),
  when: z.string().min(1).optional().describe("succeeded (default), noneFailed, failed, always, or an expression"),
  map: z
    .strictObject({
      over: z.union([z.string().min(1), z.array(z.unknown())]).describe("a list, a query, or ${outputs.TASK.field}"),
      as: z
        .string()
        .regex(/^[A-Za-z_]\w*$/, { error: "may hold letters, digits and _" })
        .optional()
        .describe("name of one item; default: item"),
      max: z.int().min(1).optional().describe("items at once"),
    })
    .optional(),
  repeat: z
    .strictObject({
      until: z.string().min(1).describe("an expression; `output` is what the task answered"),
      max: z.int().min(1).max(100_000).optional().describe("rounds; default 100"),
      delay: duration.optional().describe("between two rounds; default none"),
    })
    .optional(),
  group: z.string().optional(),
  timeout: duration.optional().describe("of one attempt; of the whole wait for approval, wait and job"),
  queueTimeout: duration.optional().describe("fails when it found no place for so long"),
  silence: duration.optional().describe("an attempt that gives no sign for so long has failed"),
  retry: retrySpec.optional(),
  isolation: isolationSpec.optional(),
  pool: z.union([z.string(), z.record(z.string(), z.int().min(1))]).optional(),
  priority: z.int().optional().describe("higher starts first; default 0"),
  reuse: z.boolean().optional(),
  compensate: compensationSpec.optional().describe("undoes it when the run fails"),
  fallback: z.unknown().optional().describe("its output when its last try has failed"),
};

export const taskSpec = z.strictObject({
  shell: taskKinds.shell.optional(),
  http: taskKinds.http.optional(),
  sql: taskKinds.sql.optional(),
  typescript: taskKinds.typescript.optional(),
  approval: taskKinds.approval.optional(),
  wait: taskKinds.wait.optional(),
  task: taskKinds.task.optional(),
  job: taskKinds.job.optional(),
  after: oneOrMany.optional().describe("assets, tasks and groups"),
  before: oneOrMany.optional().describe("assets, tasks and groups"),
  tags: z.array(text).optional(),
  owner: z.string().optional(),
  ...useKeys,
  ...taskCommon,
});
export type TaskSpec = z.infer<typeof taskSpec>;
export type CompensationSpec = z.infer<typeof compensationSpec>;
