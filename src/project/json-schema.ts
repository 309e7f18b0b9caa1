// JSON Schemas of the file formats for editors (`millrace schema KIND`), with the options of all connectors and checks joined in.
import * as z from "zod";
import { componentSpec, useKeys } from "../model/definitions/component.ts";
import { checkCommon } from "../model/definitions/check.ts";
import { enrichedSpec } from "../model/definitions/enrich.ts";
import { exportSpec } from "../model/definitions/export.ts";
import { jobSpec } from "../model/definitions/job.ts";
import { breakerSpec } from "../model/definitions/limits.ts";
import { checkFileSpec, modelSpec } from "../model/definitions/model.ts";
import { projectSpec } from "../model/definitions/project.ts";
import { sourceSpec } from "../model/definitions/source.ts";
import { testFileSpec } from "../model/definitions/test.ts";
import { MillraceError } from "../model/errors.ts";
import { hintFor } from "./validate.ts";

export type Schema = Readonly<Record<string, unknown>>;

/** What is joined in: connectors and checks by name. */
export interface SchemaParts {
  readonly connectors: Readonly<
    Record<
      string,
      {
        readonly summary: string;
        readonly options: z.ZodType;
        readonly capabilities: { readonly read: boolean; readonly write: readonly string[] };
      }
    >
  >;
  readonly checks: Readonly<Record<string, { readonly summary: string; readonly options: z.ZodType; readonly short?: string }>>;
}

const KINDS: Readonly<Record<string, { readonly title: string; readonly spec: z.ZodType }>> = {
  project: { title: "millrace.yaml: the project", spec: projectSpec },
  source: { title: "sources/*.yaml: what comes in", spec: sourceSpec },
  model: { title: "Front matter of models/**/*.sql: what is made", spec: modelSpec },
  described: { title: "models/**/*.yaml: what is described rather than written", spec: enrichedSpec },
  export: { title: "exports/*.yaml: what goes out", spec: exportSpec },
  job: { title: "jobs/*.yaml: what runs when", spec: jobSpec },
  test: { title: "tests/*.yaml: unit tests of models", spec: testFileSpec },
  component: { title: "components/*.yaml: what several definitions use", spec: componentSpec },
  check: { title: "Front matter of checks/*.sql: the query returns the rows that break the rule", spec: checkFileSpec },
};

export const SCHEMA_KINDS = Object.keys(KINDS);

/** The schema of one kind; without a kind an object of all, by kind. Throws MR7001 for a kind that is not there. */
export function jsonSchema(kind: string | undefined, parts: SchemaParts): Schema {
  if (kind === undefined) return Object.fromEntries(SCHEMA_KINDS.map((each) => [each, jsonSchema(each, parts)]));
  const found = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (found === undefined) {
    const hint = hintFor(kind, SCHEMA_KINDS, "kinds");
    throw new MillraceError({
      code: "MR7001",
      message: `there is no format ${JSON.stringify(kind)}`,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: found.title,
    ...hoisted(join(kind, schemaOf(found.spec), parts)),
  };
}

/** Definitions of what was joined in, moved to where references look for them, each under a name of its own. */
function hoisted(schema: Schema): Schema {
  const defs: Record<string, unknown> = {};
  const visit = (node: unknown, names: ReadonlyMap<string, string>): unknown => {
    if (Array.isArray(node)) return node.map((each) => visit(each, names));
    if (typeof node !== "object" || node === null) return node;
    const { $defs = {}, ...rest } = node as { readonly $defs?: Schema } & Schema;
    const own = Object.keys($defs).map((name, index) => [`#/$defs/${name}`, `part${Object.keys(defs).length + index}`] as const);
    for (const [, name] of own) defs[name] = undefined; // the names of inner ones come after these
    const known = own.length === 0 ? names : new Map(own);
    for (const [ref, name] of own) defs[name] = visit($defs[ref.slice("#/$defs/".length)], known);
    const entries = Object.entries(rest).map(([key, value]) => [
      key,
      key === "$ref" && typeof value === "string" && known.has(value) ? `#/$defs/${known.get(value)}` : visit(value, known),
    ]);
    return Object.fromEntries(entries);
  };
  const root = visit(schema, new Map()) as Schema;
  return Object.keys(defs).length === 0 ? root : { ...root, $defs: defs };
}

function join(kind: string, schema: Schema, parts: SchemaParts): Schema {
  const properties: Record<string, unknown> = { ...(schema["properties"] as Schema) };
  const connectors = Object.entries(parts.connectors);
  const readable = connectors.filter(([, { capabilities }]) => capabilities.read);
  const writable = connectors.filter(([, { capabilities }]) => capabilities.write.length > 0);
  if ("from" in properties) properties["from"] = oneOf(readable, "the connector that is read");
  if (kind === "export") properties["to"] = oneOf(writable, "the connector that is written");
  // What a unit test says of checks is which of them fail.
  if ("checks" in properties && kind !== "test") properties["checks"] = { type: "array", items: checkEntry(parts) };
  if (kind === "project")
    properties["connections"] = {
      type: "object",
      additionalProperties: withBreaker(oneOf(connectors.map(partial), "a connector's name with settings")),
    };
  // A source that uses a component may have its connector from there.
  if (kind === "source") return { ...schema, ...usedOrRequired(schema), properties: { ...properties, ...usesOf() } };
  return { ...schema, properties };
}

function usesOf(): Schema {
  return schemaOf(z.strictObject(useKeys))["properties"] as Schema;
}

function usedOrRequired({ required = [] }: { readonly required?: unknown }): Schema {
  return { required: [], anyOf: [{ required }, { required: ["use"] }] };
}

type NamedOptions = readonly [string, { readonly summary: string; readonly options: z.ZodType }];

/** Exactly one connector with its options. */
function oneOf(connectors: readonly NamedOptions[], description: string): Schema {
  const properties = Object.fromEntries(
    connectors.map(([name, { summary, options }]) => [name, { description: summary, anyOf: [schemaOf(options), { type: "null" }] }]),
  );
  return { type: "object", description, properties, additionalProperties: false, minProperties: 1, maxProperties: 1 };
}

/** `breaker` may stand beside the connector. */
function withBreaker(schema: Schema): Schema {
  return { ...schema, properties: { ...(schema["properties"] as Schema), breaker: schemaOf(breakerSpec) }, maxProperties: 2 };
}

/** The settings of a connection are completed by what uses it: nothing in it is required. */
function partial([name, { summary, options }]: NamedOptions): NamedOptions {
  return [name, { summary, options: options instanceof z.ZodObject ? z.strictObject(options.shape).partial() : options }];
}

/** One key that names the kind; the keys that all checks have stand beside it or among its options. */
function checkEntry({ checks }: SchemaParts): Schema {
  const common = schemaOf(z.strictObject(checkCommon))["properties"] as Schema;
  const kinds = Object.fromEntries(
    Object.entries(checks).map(([name, { summary, options, short }]) => {
      const long = schemaOf(options);
      const own = long["properties"] as Schema | undefined;
      const withCommon = own === undefined ? long : { ...long, properties: { ...common, ...own } };
      const bare = short === undefined ? undefined : own?.[short];
      return [name, { description: summary, ...(bare === undefined ? withCommon : { anyOf: [bare, withCommon] }) }];
    }),
  );
  return { type: "object", properties: { ...kinds, ...common, ...usesOf() }, additionalProperties: false, minProperties: 1 };
}

function schemaOf(spec: z.ZodType): Schema {
  const {
    $schema: _dialect,
    "~standard": _standard,
    ...schema
  } = z.toJSONSchema(spec, { io: "input", unrepresentable: "any" }) as Record<string, unknown>;
  return schema;
}
