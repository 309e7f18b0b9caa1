// Where users' code runs (`isolation:` of an asset or a task, `defaults.isolation`): in the engine's own thread, in a thread or in a process of its own,
// with the most that it may take.
import * as z from "zod";
import { duration, parseDurationMs, parseSizeBytes, size } from "../duration.ts";

/** Node itself, with this package, takes about 90 MB. */
const MEMORY_BYTES_MIN = 128e6;

const memory = size
  .refine((text) => (parseSizeBytes(text) ?? 0) >= MEMORY_BYTES_MIN, { error: "is too little for Node itself; give 128MB or more" })
  .optional()
  .describe("the most it may take, Node itself included (about 90MB)");
const cpu = duration.optional().describe("the most processor time of one attempt; waiting does not count");

const threadLimits = z.strictObject({ memory, cpu });
const processLimits = z.strictObject({
  memory,
  cpu,
  env: z
    .array(z.string())
    .optional()
    .describe("environment variables that are secrets elsewhere in the project and that this code may see"),
});

export const isolationSpec = z
  .union([
    z.enum(["inline", "thread", "process"]),
    z
      .strictObject({ thread: threadLimits.nullish(), process: processLimits.nullish() })
      .refine((kinds) => !("thread" in kinds && "process" in kinds), {
        error: "names one kind with its limits: { process: { memory: 512MB } }",
      }),
  ])
  .describe("where the code runs: inline (default), thread, process, or { process: { memory: 512MB, cpu: 30s } }");
export type IsolationSpec = z.infer<typeof isolationSpec>;

export interface Isolation {
  readonly kind: "inline" | "thread" | "process";
  /** Null: no limit. */
  readonly memoryBytes: number | null;
  readonly cpuMs: number | null;
  /** Names of secrets in the environment that it may see. */
  readonly env: readonly string[];
}

/** What a definition says, or else the project; undefined when neither does. */
export function isolationOf(spec: IsolationSpec | undefined, defaults: IsolationSpec | undefined): Isolation | undefined {
  const given = spec ?? defaults;
  if (given === undefined) return undefined;
  if (typeof given === "string") return { kind: given, memoryBytes: null, cpuMs: null, env: [] };
  const { thread, process } = given;
  const limits: NonNullable<typeof process> = thread ?? process ?? {};
  return {
    kind: "thread" in given ? "thread" : "process" in given ? "process" : "inline",
    memoryBytes: limits.memory === undefined ? null : (parseSizeBytes(limits.memory) ?? null),
    cpuMs: limits.cpu === undefined ? null : (parseDurationMs(limits.cpu) ?? null),
    env: limits.env ?? [],
  };
}
