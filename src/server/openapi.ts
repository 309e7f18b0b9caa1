// The OpenAPI document of the API, made of the table of routes; the schemas of answers are made of their types when the package is built.
import { OpenAPIHono } from "@hono/zod-openapi";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { API_ROOT, apiPaths, methodOf } from "../model/api-paths.ts";
import { anyRoutes } from "./api.ts";
import { ERROR_STATUSES } from "./errors.ts";
import type { Route } from "./route.ts";

export type Schema = Readonly<Record<string, unknown>>;

export interface AnswerSchemas {
  /** By the route's name. */
  readonly answers: Readonly<Record<string, Schema>>;
  /** The named ones that they refer to. */
  readonly schemas: Readonly<Record<string, Schema>>;
}

export interface Field {
  readonly name: string;
  readonly in: "path" | "query" | "body";
  readonly required: boolean;
  readonly schema: Schema;
}

type Document = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;
type Paths = Parameters<OpenAPIHono["openAPIRegistry"]["registerPath"]>[0];

const VERSION: Schema = { type: "object", properties: { v: { const: 1, description: "Of the form of the answer." } }, required: ["v"] };
const BEGUN: Schema = {
  allOf: [{ $ref: "#/components/schemas/Version" }],
  type: "object",
  properties: { run: { type: "string" }, status: { enum: ["running", "queued"] } },
  required: ["run", "status"],
};
const ERROR: Schema = {
  allOf: [{ $ref: "#/components/schemas/Version" }],
  type: "object",
  properties: {
    error: { $ref: "#/components/schemas/ErrorRecord" },
    errors: { type: "array", items: { $ref: "#/components/schemas/ErrorRecord" }, description: "Each one, where there are several." },
  },
  required: ["error"],
};
const HEADERS: readonly Schema[] = [
  {
    name: "millrace-environment",
    in: "header",
    schema: { type: "string" },
    description: "Whose names are meant; default: the engine's. `env` of the query says the same.",
  },
];
const IDEMPOTENCY: Schema = {
  name: "idempotency-key",
  in: "header",
  schema: { type: "string" },
  description: "The same act asked for twice with the same key is done once.",
};
const WAIT: Schema = {
  name: "wait",
  in: "query",
  schema: { type: "boolean", default: false },
  description: "Answer when the run has ended.",
};
const ETAG: Schema = {
  name: "if-none-match",
  in: "header",
  schema: { type: "string" },
  description: "The ETag of an earlier answer: 304 where nothing has changed.",
};

/** What the build has made; from source there is none, and answers are objects. */
export async function builtSchemas(): Promise<AnswerSchemas> {
  const text = await readFile(new URL("answers.json", import.meta.url), "utf8").catch(() => '{"answers":{},"schemas":{}}');
  return JSON.parse(text) as AnswerSchemas;
}

export function openApiDocument(version: string, { answers, schemas }: AnswerSchemas): Document {
  const described = new OpenAPIHono();
  const registry = described.openAPIRegistry;
  const named: Readonly<Record<string, Schema>> = {
    ErrorRecord: { type: "object" },
    ...schemas,
    Version: VERSION,
    Begun: BEGUN,
    ErrorAnswer: ERROR,
  };
  for (const [name, schema] of Object.entries(named)) registry.registerComponent("schemas", name, { ...schema });
  registry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  registry.registerComponent("securitySchemes", "session", { type: "apiKey", in: "cookie", name: "millrace" });
  for (const [status, description] of Object.entries(ERROR_STATUSES))
    registry.registerComponent("responses", `Error${status}`, { description, content: json({ $ref: "#/components/schemas/ErrorAnswer" }) });
  for (const route of anyRoutes)
    for (const [name, schema] of Object.entries(inputSchema(route).own)) registry.registerComponent("schemas", name, { ...schema });
  for (const route of anyRoutes) registry.registerPath(operation(route, answers[route.id] ?? { type: "object" }));
  return described.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Millrace",
      version,
      description:
        "Every read and act of the command line. Answers are what its --json prints; errors carry a code that `millrace explain` knows.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{}, { token: [] }, { session: [] }],
    tags: [...new Set(anyRoutes.map(({ id }) => groupOf(id)))].map((name) => ({ name })),
  });
}

export function groupOf(id: string): string {
  return id.slice(0, id.indexOf("."));
}

export function pathOf(route: Route): string {
  const template: string = apiPaths[route.id];
  return `${API_ROOT}${template.slice(template.indexOf("/")).replaceAll(/:([a-z]+)/gi, "{$1}")}`;
}

/** What a route takes, each with where it is given. */
export function fieldsOf(route: Route): readonly Field[] {
  const { properties } = inputSchema(route);
  const path = pathOf(route);
  return Object.entries(route.input.shape).map(([name, type]) => {
    const isInPath = path.includes(`{${name}}`);
    return {
      name,
      in: isInPath ? "path" : methodOf(route.id) === "GET" ? "query" : "body",
      required: isInPath || !isOptional(type),
      schema: properties[name]!,
    };
  });
}

interface InputSchema {
  readonly properties: Readonly<Record<string, Schema>>;
  /** Schemas that refer to themselves, by their names in the document. */
  readonly own: Readonly<Record<string, Schema>>;
}

function inputSchema(route: Route): InputSchema {
  const made = JSON.stringify(z.toJSONSchema(route.input, { io: "output", unrepresentable: "any" }));
  const { properties = {}, $defs: own = {} } = JSON.parse(made.replaceAll("#/$defs/", `#/components/schemas/${route.id}.`)) as {
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly $defs?: Readonly<Record<string, Schema>>;
  };
  return { properties, own: Object.fromEntries(Object.entries(own).map(([name, schema]) => [`${route.id}.${name}`, schema])) };
}

function isOptional(type: z.core.$ZodType): boolean {
  if (type instanceof z.ZodDefault || type instanceof z.ZodOptional || type instanceof z.ZodExactOptional) return true;
  return type instanceof z.ZodPipe && isOptional(type.out);
}

function operation(route: Route, answer: Schema): Paths {
  const fields = fieldsOf(route);
  const body = fields.filter((field) => field.in === "body");
  const isRead = methodOf(route.id) === "GET";
  return {
    method: isRead ? "get" : "post",
    path: pathOf(route),
    operationId: route.id,
    tags: [groupOf(route.id)],
    summary: route.summary,
    "x-millrace-scope": route.scope,
    parameters: [
      ...fields.filter((field) => field.in !== "body").map(parameter),
      ...HEADERS,
      ...(isRead ? [ETAG] : [IDEMPOTENCY]),
      ...(route.kind === "long" ? [WAIT] : []),
    ],
    ...(isRead ? {} : { requestBody: { required: body.some(({ required }) => required), content: json(objectOf(body)) } }),
    responses: {
      200: { description: "The answer", content: json({ allOf: [{ $ref: "#/components/schemas/Version" }, answer] }) },
      ...(route.kind === "long"
        ? { 202: { description: "The run is durable and goes on", content: json({ $ref: "#/components/schemas/Begun" }) } }
        : {}),
      ...(isRead ? { 304: { description: "Nothing has changed" } } : {}),
      ...Object.fromEntries(Object.keys(ERROR_STATUSES).map((status) => [status, { $ref: `#/components/responses/Error${status}` }])),
    },
  } as unknown as Paths;
}

function parameter({ name, in: where, required, schema }: Field): Schema {
  const { description, ...rest } = schema;
  const isList = rest["type"] === "array";
  const isObject = rest["type"] === "object";
  const form = isObject ? { content: json(rest) } : { schema: rest, ...(isList ? { style: "form", explode: false } : {}) };
  return { name, in: where, required, ...(description === undefined ? {} : { description }), ...form };
}

function objectOf(fields: readonly Field[]): Schema {
  const required = fields.flatMap((field) => (field.required ? [field.name] : []));
  return {
    type: "object",
    properties: Object.fromEntries(fields.map(({ name, schema }) => [name, schema])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

function json(schema: Schema): Record<string, { readonly schema: Schema }> {
  return { "application/json": { schema } };
}
