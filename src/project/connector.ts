// The one connector of a source, export or connection: `from: { files: { … } }`. Its options are held against its own schema.
import type * as z from "zod";
import type { ProjectSpec } from "../model/definitions/project.ts";
import { MillraceError } from "../model/errors.ts";
import { type Document, type Path, pathText, valueAt } from "./document.ts";
import { hintFor, shown, validate } from "./validate.ts";

export interface ConnectorContext {
  /** Options schema of each connector by name; undefined: connectors are not known here and not checked. */
  readonly connectors: Readonly<Record<string, z.ZodType>> | undefined;
  readonly connections: NonNullable<ProjectSpec["connections"]>;
}

export interface ConnectorFound {
  readonly connector: string;
  readonly options: unknown;
}

/** The connector at `at` (`["from"]`), or undefined with what is wrong in `errors`. */
export function readConnector(
  document: Document,
  at: Path,
  context: ConnectorContext,
  errors: MillraceError[],
): ConnectorFound | undefined {
  const mapping = valueAt(document.value, at);
  if (typeof mapping !== "object" || mapping === null || Array.isArray(mapping)) return undefined; // the schema has told it
  const connector = onlyKey(document, at, Object.keys(mapping), context.connectors, errors);
  if (connector === undefined) return undefined;
  const options = (mapping as Readonly<Record<string, unknown>>)[connector] ?? {};
  const place: Path = [...at, connector];
  if (typeof options !== "object" || Array.isArray(options)) {
    errors.push(
      new MillraceError({
        code: "MR1021",
        message: `${pathText(place)}: expected a mapping (key: value), found ${shown(options)}`,
        location: document.locate(place),
      }),
    );
    return undefined;
  }
  const before = errors.length;
  const schema = context.connectors?.[connector];
  if (schema !== undefined) {
    const present = valueAt(document.value, place) === null ? { ...document, value: withEmpty(document.value, place) } : document;
    errors.push(...validate({ schema, document: present, at: place, placeholders: "later" }).errors);
  }
  checkConnection(document, place, connector, options as Readonly<Record<string, unknown>>, context, errors);
  return errors.length > before ? undefined : { connector, options };
}

/** Connections are checked for their connector; their settings are complete only together with what uses them. */
export function readConnections(document: Document, context: ConnectorContext, errors: MillraceError[]): void {
  for (const [name, connection] of Object.entries(context.connections)) {
    const connector = onlyKey(document, ["connections", name], connectorsIn(connection), context.connectors, errors);
    const schema = connector === undefined ? undefined : context.connectors?.[connector];
    if (connector === undefined || schema === undefined || connection[connector] === null) continue;
    const at: Path = ["connections", name, connector];
    errors.push(...validate({ schema, document, at, placeholders: "later", part: true }).errors);
  }
}

function onlyKey(
  document: Document,
  at: Path,
  keys: readonly string[],
  connectors: ConnectorContext["connectors"],
  errors: MillraceError[],
): string | undefined {
  const known = connectors === undefined ? undefined : Object.keys(connectors).toSorted();
  for (const key of keys) {
    if (known === undefined || known.includes(key)) continue;
    errors.push(
      new MillraceError({
        code: "MR1040",
        message: `there is no connector ${JSON.stringify(key)}`,
        location: document.locate([...at, key], "key"),
        ...withHint(hintFor(key, known, "connectors")),
      }),
    );
    return undefined;
  }
  const [first, second] = keys;
  if (first !== undefined && second === undefined) return first;
  const message =
    first === undefined ? `${pathText(at)} names no connector` : `${pathText(at)} names ${keys.length} connectors: ${keys.join(", ")}`;
  const location = second === undefined ? document.locate(at, "key") : document.locate([...at, second], "key");
  errors.push(new MillraceError({ code: "MR1041", message, location, hint: first === undefined ? listHint(known) : "keep one of them" }));
  return undefined;
}

function checkConnection(
  document: Document,
  place: Path,
  connector: string,
  options: Readonly<Record<string, unknown>>,
  context: ConnectorContext,
  errors: MillraceError[],
): void {
  const named = options["connection"];
  if (typeof named !== "string" || named.includes("${")) return;
  const location = document.locate([...place, "connection"]);
  const connection = Object.hasOwn(context.connections, named) ? context.connections[named] : undefined;
  if (connection === undefined) {
    const known = Object.keys(context.connections);
    const hint = known.length === 0 ? "add it under connections: in millrace.yaml" : hintFor(named, known, "connections");
    errors.push(
      new MillraceError({ code: "MR1042", message: `there is no connection ${JSON.stringify(named)}`, location, ...withHint(hint) }),
    );
  } else if (!Object.hasOwn(connection, connector)) {
    const message = `the connection ${JSON.stringify(named)} is one of ${connectorsIn(connection).join(", ")}, not of ${connector}`;
    errors.push(new MillraceError({ code: "MR1042", message, location }));
  }
}

/** Its keys but for those that are of any connection. */
function connectorsIn(connection: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(connection).filter((key) => key !== "breaker");
}

function listHint(known: readonly string[] | undefined): string {
  return known === undefined ? "name one" : `one of: ${known.join(", ")}`;
}

function withHint(hint: string | undefined): { readonly hint?: string } {
  return hint === undefined ? {} : { hint };
}

/** `files:` without anything behind it is the connector with no options. */
function withEmpty(value: unknown, path: Path): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return {};
  return { ...(value as Readonly<Record<string | number, unknown>>), [first]: withEmpty(valueAt(value, [first]), rest) };
}
