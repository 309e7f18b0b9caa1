// Settings as they were typed: dotted keys become mappings of the types that the connector's options have; secrets among them become names.
import * as z from "zod";
import type { AddFormAnswer } from "../../model/add-answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { didYouMean } from "../../model/suggest.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Settings = Readonly<Record<string, Json>>;

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly description?: string;
}

/** Keys whose values are secrets. */
const SECRET_KEY = /key|token|secret|passw|passphrase|credential/i;
const NO_SECRET_KEY = /^(primaryKey|key|keys|publicKey|hostKey|keyset)$/i;

/** Keys that say where to go, the one that is asked for first. */
const PLACE_KEYS = ["url", "path", "host", "command"] as const;

/** What is required; where nothing is, the key that says where to go. */
export function questionsFor(options: z.ZodType): AddFormAnswer["questions"] {
  const schema = schemaOf(options);
  const properties = schema.properties ?? {};
  const required = (schema.required ?? []).filter((key) => key in properties);
  const place = PLACE_KEYS.filter((key) => key in properties).slice(0, 1);
  const keys = required.length === 0 ? place : required;
  return keys.map((key) => ({ key, description: properties[key]?.description ?? null, isSecret: isSecretKey(key) || key === "url" }));
}

/** @throws MR8504 for a value that is no JSON where one is wanted. */
export function settingsFrom(options: z.ZodType, given: Readonly<Record<string, string>>): Settings {
  const schema = schemaOf(options);
  const settings: Record<string, Json> = {};
  for (const [key, text] of Object.entries(given)) {
    const path = key.split(".");
    if (path.some((part) => part === "" || part === "__proto__"))
      throw new MillraceError({ code: "MR8504", message: `--set ${key}: this is no key` });
    refuseUnknown(schema, path, key);
    let at = settings;
    for (const part of path.slice(0, -1)) at = inside(at, part);
    at[path.at(-1)!] = valueOf(schemaAt(schema, path), text);
  }
  return settings;
}

/** @throws MR8504 for a key that the options do not have. */
function refuseUnknown(schema: Schema, path: readonly string[], key: string): void {
  let at = unfold(schema);
  for (const part of path) {
    const mappings = at.filter(({ properties, additionalProperties }) => properties !== undefined || additionalProperties !== undefined);
    const isOpen = mappings.some(({ additionalProperties }) => additionalProperties !== undefined && additionalProperties !== false);
    if (isOpen || mappings.length === 0) return;
    const next = mappings.flatMap(({ properties }) => properties?.[part] ?? []);
    if (next.length === 0) {
      const known = [...new Set(mappings.flatMap(({ properties }) => Object.keys(properties ?? {})))].toSorted();
      const hint = didYouMean(part, known) ?? `there are ${known.join(", ")}`;
      throw new MillraceError({ code: "MR8504", message: `--set ${key}: there is no key ${JSON.stringify(part)}`, hint });
    }
    at = next.flatMap(unfold);
  }
}

/** The mapping at a key, made when it is not there. */
function inside(mapping: Record<string, Json>, key: string): Record<string, Json> {
  const inner = mapping[key];
  const own: Record<string, Json> = isMapping(inner) ? inner : {};
  mapping[key] = own;
  return own;
}

function isMapping(value: Json | undefined): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Secrets stand in secrets.env under a name; the settings hold the name. A URL with a password is one as a whole. */
export function withoutSecretValues(
  settings: Settings,
  { prefix, taken }: { readonly prefix: string; readonly taken: ReadonlyMap<string, string> },
): { readonly settings: Settings; readonly secrets: ReadonlyMap<string, string> } {
  const secrets = new Map<string, string>();
  const named = (value: string, path: readonly string[]): string => {
    const base = [prefix, ...path]
      .join("_")
      .replaceAll(/[^A-Za-z0-9]+/g, "_")
      .toUpperCase();
    let name = base;
    for (let n = 2; (taken.has(name) && taken.get(name) !== value) || (secrets.has(name) && secrets.get(name) !== value); n++)
      name = `${base}_${n}`;
    secrets.set(name, value);
    return `\${secret:${name}}`;
  };
  const walk = (value: Json, path: readonly string[]): Json => {
    if (typeof value === "string") return isSecret(value, path.at(-1) ?? "") ? named(value, path) : value;
    if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner, [...path, key])]));
  };
  return { settings: walk(settings, []) as Settings, secrets };
}

function isSecret(value: string, key: string): boolean {
  if (value === "" || value.includes("${")) return false;
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/@\s]*:[^/@\s]+@/i.test(value)) return true;
  return isSecretKey(key) || key === "bearer";
}

function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key) && !NO_SECRET_KEY.test(key);
}

function schemaOf(options: z.ZodType): Schema {
  return z.toJSONSchema(options, { io: "input", unrepresentable: "any" }) as Schema;
}

function schemaAt(schema: Schema, path: readonly string[]): readonly Schema[] {
  let at: readonly Schema[] = [schema];
  for (const part of path) at = at.flatMap(unfold).flatMap((each) => each.properties?.[part] ?? []);
  return at.flatMap(unfold);
}

function unfold(schema: Schema): readonly Schema[] {
  return [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
}

/** Text stays text where the option may be text. */
function valueOf(schemas: readonly Schema[], text: string): Json {
  const types = new Set(schemas.flatMap(({ type }) => type ?? []));
  if (types.has("string") || types.size === 0 || text.includes("${")) return text;
  if (types.has("array") && !/^\s*\[/.test(text)) return text.split(/[,;]/).map((part) => part.trim());
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new MillraceError({ code: "MR8504", message: `${JSON.stringify(text)} is no ${[...types].join(" or ")}` });
  }
}
