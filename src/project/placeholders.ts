// `${env:NAME}`, `${secret:NAME}` and `${param:name}` in strings of definitions. They are filled in when a connector is about to be called, so that
// no value of theirs stands in a plan, an event or a log. `$${` writes a plain `${`.
import { type ErrorCode, combineErrors, MillraceError, type SourceLocation } from "../model/errors.ts";
import { nearest } from "../model/suggest.ts";
import type { Path } from "./document.ts";

export interface PlaceholderValues {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly params: Readonly<Record<string, string>>;
  /** `${partition.key}`, `${partition.start}` …; undefined where no partition is asked for. */
  readonly partition?: Readonly<Record<string, string>>;
}

export interface ResolveOptions {
  /** Where the value at a path stands in the user's file; errors have no place without it. */
  readonly locate?: (path: Path) => SourceLocation;
  /** Called with each secret that was filled in, so that it can be redacted. */
  readonly onSecret?: (secret: string) => void;
}

const PLACEHOLDER = /\$\$\{|\$\{([^}]*)(\}?)/g;
const FORM = /^\s*(?:(env|secret|param):([\w.-]+)|(partition)\.(\w+))\s*$/;
/** What happened, for the parameters of a run that a trigger starts; it is filled in when the trigger fires. */
const EVENT_FORM = /^\s*event:[\w.-]+\s*$/;

/** A copy of `value` with every placeholder filled in. Throws MR1050–MR1053, all that are wrong in one go. */
export function resolvePlaceholders<Value>(value: Value, values: PlaceholderValues, options: ResolveOptions = {}): Value {
  const errors: MillraceError[] = [];
  const resolved = walk(value, [], (text, path) =>
    text.replaceAll(PLACEHOLDER, (written: string, inner: string | undefined, close: string | undefined) => {
      if (inner === undefined) return "${";
      const found = lookUp(written, inner, close === "}", values);
      if ("value" in found) {
        if (found.isSecret) options.onSecret?.(found.value);
        return found.value;
      }
      const location = options.locate?.(path);
      errors.push(
        new MillraceError({ code: found.code, message: found.message, hint: found.hint, ...(location === undefined ? {} : { location }) }),
      );
      return "";
    }),
  );
  if (errors.length > 0) throw combineErrors("MR1001", errors);
  return resolved as Value;
}

/** Every placeholder of a value that is written wrongly (not: that has no value yet). */
export function malformedPlaceholders(
  value: unknown,
  base: Path = [],
): readonly { readonly path: Path; readonly error: Omit<Missing, "value"> }[] {
  const found: { path: Path; error: Missing }[] = [];
  walk(value, base, (text, path) => {
    for (const match of text.matchAll(PLACEHOLDER)) {
      const inner = match[1];
      if (inner !== undefined && (match[2] !== "}" || !(FORM.test(inner) || EVENT_FORM.test(inner))))
        found.push({ path, error: malformed(match[0], inner) });
    }
    return text;
  });
  return found;
}

/** What is missing of a value's environment variables and secrets, before anything runs. Parameters are known to the run alone. */
export function missingPlaceholders(
  value: unknown,
  values: Pick<PlaceholderValues, "env" | "secrets">,
  options: Pick<ResolveOptions, "locate"> = {},
): readonly MillraceError[] {
  try {
    // A parameter stands for itself here: it cannot be missing yet.
    const params = new Proxy<Record<string, string>>(
      {},
      { getOwnPropertyDescriptor: () => ({ value: "", configurable: true }), get: () => "" },
    );
    resolvePlaceholders(value, { ...values, params, partition: params }, options);
    return [];
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return error.errors.length === 0 ? [error] : error.errors;
  }
}

/** Names of the secrets that stand anywhere in a value. */
export function secretNamesIn(value: unknown): readonly string[] {
  const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner)) ?? "";
  return [...new Set([...text.matchAll(/\$\{\s*secret:([\w.-]+)\s*\}/g)].map((match) => match[1]!))];
}

interface Missing {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

function lookUp(
  written: string,
  inner: string,
  isClosed: boolean,
  values: PlaceholderValues,
): Missing | { readonly value: string; readonly isSecret: boolean } {
  const form = FORM.exec(inner);
  if (form === null || !isClosed) return malformed(written, inner);
  const kind = (form[1] ?? form[3]) as "env" | "secret" | "param" | "partition";
  const name = form[2] ?? form[4]!;
  const environment = Object.hasOwn(values.env, name) ? values.env[name] : undefined;
  switch (kind) {
    case "env":
      if (environment !== undefined) return { value: environment, isSecret: false };
      return {
        code: "MR1050",
        message: `the environment variable ${name} is not set`,
        hint: meant(name, Object.keys(values.env)) ?? `set ${name} where Millrace is started`,
      };
    case "secret": {
      const secret = environment ?? values.secrets.get(name);
      if (secret !== undefined) return { value: secret, isSecret: true };
      const hint = meant(name, values.secrets.keys()) ?? `set the environment variable ${name}, or add ${name}=… to secrets.env`;
      return { code: "MR1051", message: `the secret ${name} is missing`, hint };
    }
    case "param": {
      if (Object.hasOwn(values.params, name)) return { value: values.params[name]!, isSecret: false };
      const hint = meant(name, Object.keys(values.params)) ?? `give it with --param ${name}=…, or a default in the job`;
      return { code: "MR1052", message: `the parameter ${name} is missing`, hint };
    }
    case "partition":
      return partitionValue(name, values.partition ?? {});
    default:
      return kind satisfies never;
  }
}

/** Values come from data: one that would lead elsewhere in a path is refused. */
function partitionValue(
  name: string,
  values: Readonly<Record<string, string>>,
): Missing | { readonly value: string; readonly isSecret: boolean } {
  if (!Object.hasOwn(values, name)) {
    const hint =
      meant(name, Object.keys(values)) ?? "it is known where a partition is loaded: partition: in the source, and --partition or start:";
    return { code: "MR1052", message: `\${partition.${name}} has no value here`, hint };
  }
  const value = values[name]!;
  if (!/[/\\]|^\.\.?$/.test(value)) return { value, isSecret: false };
  return {
    code: "MR8212",
    message: `the partition ${JSON.stringify(value)} cannot stand in a path or an address`,
    hint: "use values of plain words",
  };
}

function malformed(written: string, inner: string): Missing {
  const kind = inner.split(":")[0]!.trim();
  const hint = /^[\w.-]+$/.test(inner.trim())
    ? `\${env:${inner.trim()}}, \${secret:${inner.trim()}} or \${param:${inner.trim()}}?`
    : meant(kind, ["env", "secret", "param"]);
  const form = "write ${env:NAME}, ${secret:NAME} or ${param:name}; $${ writes a plain ${";
  return {
    code: "MR1053",
    message: `the placeholder ${JSON.stringify(written)} is not understood`,
    hint: hint === undefined ? form : `${hint}\n${form}`,
  };
}

function meant(name: string, known: Iterable<string>): string | undefined {
  const [first] = nearest(name, known, 1);
  return first === undefined || first === name ? undefined : `did you mean ${JSON.stringify(first)}?`;
}

function walk(value: unknown, path: Path, change: (text: string, path: Path) => string): unknown {
  if (typeof value === "string") return value.includes("${") ? change(value, path) : value;
  if (Array.isArray(value)) return value.map((inner, index) => walk(inner, [...path, index], change));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner, [...path, key], change)]));
}
