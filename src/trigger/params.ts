// Parameters of a run that a trigger asks for: what the definition says, with `${event:path}` filled in from what happened.
import type { JsonValue } from "../model/answers.ts";
import type { RunParams } from "../model/job-events.ts";

const EVENT = /\$\{\s*event:([\w.-]+)\s*\}/g;

/** A text that is nothing but one placeholder takes the value as it is; of several happenings it is the list of their values. */
export function paramsOf(template: RunParams, items: readonly JsonValue[]): RunParams {
  // What the event does not have is not given, so that the job's default holds; `null` as a text would be a value of its own.
  return Object.fromEntries(
    Object.entries(template).flatMap(([name, value]) => {
      const given = filled(value, items);
      return given === null && value !== null ? [] : [[name, given]];
    }),
  );
}

function filled(value: JsonValue, items: readonly JsonValue[]): JsonValue {
  if (typeof value === "string") {
    const whole = /^\$\{\s*event:([\w.-]+)\s*\}$/.exec(value);
    if (whole !== null) return valueOf(whole[1]!, items);
    return value.replaceAll(EVENT, (_, path: string) => textOf(valueOf(path, items)));
  }
  if (Array.isArray(value)) return value.map((each) => filled(each as JsonValue, items));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, items)]));
  return value;
}

function valueOf(path: string, items: readonly JsonValue[]): JsonValue {
  const values = items.map((item) => fieldOf(path.split("."), item));
  return values.length === 1 ? values[0]! : values;
}

function fieldOf(path: readonly string[], item: JsonValue): JsonValue {
  const [first, ...rest] = path;
  if (first === undefined) return item;
  if (typeof item !== "object" || item === null || !Object.hasOwn(item, first)) return null;
  return fieldOf(rest, (item as Readonly<Record<string, JsonValue>>)[first]!);
}

function textOf(value: JsonValue): string {
  return typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);
}
