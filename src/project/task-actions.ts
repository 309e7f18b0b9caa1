// From the keys of a task, as they were checked by its schema, to what it does and how.
import type { CompensationSpec, TaskSpec, taskKinds } from "../model/definitions/task.ts";
import { WHEN_WORDS } from "../model/definitions/task.ts";
import { parseDurationMs } from "../model/duration.ts";
import type { JsonValue } from "../model/json.ts";
import type { ApprovalForm, FormField, TaskAction, TaskSettings, TypescriptAction } from "../model/task.ts";
import type * as z from "zod";

export const REPEAT_ROUNDS_DEFAULT = 100;
const WAIT_EVERY_DEFAULT_MS = 60_000;

type KindSpec<Kind extends keyof typeof taskKinds> = z.infer<(typeof taskKinds)[Kind]>;

/** The keys that say how a task is carried out. */
export type SettingsSpec = Pick<
  TaskSpec,
  "when" | "map" | "repeat" | "group" | "queueTimeout" | "silence" | "pool" | "priority" | "fallback"
>;

/** What it does; undefined for a function or a reference, which the caller looks up, and when no kind is there. */
export function actionOf(spec: TaskSpec | CompensationSpec): Exclude<TaskAction, TypescriptAction> | undefined {
  const { shell, http, sql, approval, wait, job }: TaskSpec = spec;
  if (shell !== undefined) return shellAction(shell);
  if (http !== undefined) return { kind: "http", request: typeof http === "string" ? { url: http } : http };
  if (sql !== undefined) return { kind: "sql", query: typeof sql === "string" ? sql : sql.query };
  if (approval !== undefined) return { kind: "approval", form: formOf(approval) };
  if (wait !== undefined) return waitAction(wait);
  if (job === undefined) return undefined;
  return { kind: "job", ...(typeof job === "string" ? { job, params: {} } : { job: job.name, params: job.params ?? {} }) };
}

function shellAction(spec: KindSpec<"shell">): TaskAction & { readonly kind: "shell" } {
  if (typeof spec === "string") return { kind: "shell", command: spec, env: {}, dir: "." };
  const { command, env = {}, dir = ".", shell } = spec;
  return { kind: "shell", command, env, dir, ...(shell === undefined ? {} : { shell }) };
}

function formOf(spec: KindSpec<"approval">): ApprovalForm {
  const fields = Object.entries(spec.fields ?? {}).map(([name, field]): readonly [string, FormField] => [
    name,
    typeof field === "string" ? { type: field, required: true } : withoutUndefined(field),
  ]);
  const { title, description, approvers } = spec;
  return { title, fields: Object.fromEntries(fields), ...withoutUndefined({ description, approvers }) };
}

function waitAction(spec: KindSpec<"wait">): TaskAction & { readonly kind: "wait" } {
  if (typeof spec === "string") return { kind: "wait", ...withoutUndefined({ forMs: parseDurationMs(spec) }) };
  const { for: length, until, timezone, condition, every } = spec;
  const everyMs = condition === undefined ? undefined : (msOf(every) ?? WAIT_EVERY_DEFAULT_MS);
  return { kind: "wait", ...withoutUndefined({ forMs: msOf(length), until, timezone, condition, everyMs }) };
}

/** How it is carried out. */
export function settingsOf(spec: SettingsSpec): TaskSettings {
  const { map, repeat, group, priority } = spec;
  const plain = WHEN_WORDS.find((word) => word === spec.when);
  return withoutUndefined({
    ...whenOf(spec.when, plain),
    map: map === undefined ? undefined : withoutUndefined({ ...map, over: map.over as string | readonly JsonValue[] }),
    repeat:
      repeat === undefined
        ? undefined
        : { until: repeat.until, max: repeat.max ?? REPEAT_ROUNDS_DEFAULT, delayMs: msOf(repeat.delay) ?? 0 },
    group,
    pools: spec.pool === undefined ? undefined : typeof spec.pool === "string" ? { [spec.pool]: 1 } : spec.pool,
    priority,
    queueTimeoutMs: msOf(spec.queueTimeout),
    silenceMs: msOf(spec.silence),
    fallback: spec.fallback === undefined ? undefined : { output: spec.fallback as JsonValue },
  });
}

/** An expression that asks how others ended decides itself what becomes of a failure; any other wants its needs to have succeeded. */
function whenOf(when: string | undefined, word: TaskSettings["when"]): Pick<TaskSettings, "when" | "condition"> {
  if (when === undefined) return {};
  if (word !== undefined) return word === "succeeded" ? {} : { when: word };
  return /\bstatus\b/.test(when) ? { when: "always", condition: when } : { condition: when };
}

function msOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDurationMs(text);
}

type Defined<Value> = { [Key in keyof Value]: Exclude<Value[Key], undefined> };

function withoutUndefined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Defined<Value>;
}
