// Values at paths such as `data.items` or `pages[0].next`: looked up in an answer, put into a request.

/** The value at `path`, or undefined when a step of it does not exist. Only own keys are followed. */
export function valueAt(body: unknown, path: string): unknown {
  // A key that holds dots itself is found first.
  if (isObject(body) && Object.hasOwn(body, path)) return body[path];
  let value = body;
  for (const step of stepsOf(path)) {
    if (Array.isArray(value)) value = (value as readonly unknown[])[Number(step)];
    else if (isObject(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}

/** A copy of a body with these values at these paths; objects that are missing on the way are made. */
export function withValues(body: unknown, values: Readonly<Record<string, unknown>>): unknown {
  const entries = Object.entries(values);
  if (entries.length === 0) return body;
  const copy: unknown = isObject(body) ? structuredClone(body) : {};
  for (const [path, value] of entries) {
    const steps = stepsOf(path);
    let at = copy as Record<string, unknown>;
    for (const step of steps.slice(0, -1)) {
      if (!Object.hasOwn(at, step) || typeof at[step] !== "object" || at[step] === null) define(at, step, {});
      at = at[step] as Record<string, unknown>;
    }
    define(at, steps.at(-1) ?? path, value);
  }
  return copy;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function stepsOf(path: string): readonly string[] {
  return path.split(/[.[\]]+/).filter((part) => part !== "");
}

/** As an own key, also for `__proto__`. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
