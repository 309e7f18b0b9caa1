// The catalog of a tap: asked for, shown as what could be loaded, and given back with one stream selected.
import type { Discovered } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import { declaredOf, typeText } from "./columns.ts";
import { isObject, type JsonObject } from "./messages.ts";
import type { SingerSettings } from "./options.ts";
import { privateFile, type ProgramContext, startProgram } from "./process.ts";

const CATALOG_LINES_MAX = 2_000_000;
const LISTED_MAX = 20;

/** What the tap says with --discover. @throws MR4701–MR4703. */
export async function discoverCatalog(settings: SingerSettings, folder: string, context: ProgramContext): Promise<readonly JsonObject[]> {
  const args = ["--config", await privateFile(folder, "config.json", settings.config), "--discover"];
  const tap = startProgram(settings, args, context);
  try {
    tap.input.end();
    const lines: string[] = [];
    for await (const line of tap.lines()) if (lines.length < CATALOG_LINES_MAX) lines.push(line);
    await tap.finished();
    return streamsOf(parse(lines.join("\n"), tap.name), tap.name);
  } finally {
    tap.stop();
  }
}

function parse(text: string, program: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MillraceError({ code: "MR4703", message: `what ${program} --discover printed is no catalog (JSON)`, cause });
  }
}

/** The streams of a catalog. @throws MR4703. */
export function streamsOf(catalog: unknown, program: string): readonly JsonObject[] {
  const streams = isObject(catalog) ? catalog["streams"] : undefined;
  if (!Array.isArray(streams)) throw new MillraceError({ code: "MR4703", message: `the catalog of ${program} has no list of streams` });
  return streams.filter(isObject);
}

export function nameOf(stream: JsonObject): string {
  const name = stream["stream"] ?? stream["tap_stream_id"];
  return typeof name === "string" ? name : "";
}

/** The catalog with `wanted` selected and nothing else. @throws MR4704. */
export function selectStream(streams: readonly JsonObject[], wanted: string, metadata: JsonObject | undefined): JsonObject {
  if (!streams.some((stream) => isWanted(stream, wanted))) throw noStream(wanted, streams.map(nameOf));
  return {
    streams: streams
      .filter((stream) => isWanted(stream, wanted))
      .map((stream) => ({ ...stream, ...legacyKeys(metadata), selected: true, ...selected(stream), metadata: withRoot(stream, metadata) })),
  };
}

/** Older taps look for `selected` in the schema and for the replication's keys in the stream itself. */
function selected({ schema }: JsonObject): JsonObject {
  return isObject(schema) ? { schema: { ...schema, selected: true } } : {};
}

function legacyKeys(metadata: JsonObject | undefined): JsonObject {
  const method = metadata?.["replication-method"];
  const key = metadata?.["replication-key"];
  return { ...(method === undefined ? {} : { replication_method: method }), ...(key === undefined ? {} : { replication_key: key }) };
}

function withRoot(stream: JsonObject, metadata: JsonObject | undefined): readonly unknown[] {
  const entries = Array.isArray(stream["metadata"]) ? (stream["metadata"] as readonly unknown[]).filter(isObject) : [];
  const isRoot = (entry: JsonObject): boolean => Array.isArray(entry["breadcrumb"]) && entry["breadcrumb"].length === 0;
  const root = entries.find(isRoot);
  const before = isObject(root?.["metadata"]) ? root["metadata"] : {};
  return [{ breadcrumb: [], metadata: { ...before, selected: true, ...metadata } }, ...entries.filter((entry) => !isRoot(entry))];
}

export function isWanted(stream: JsonObject, wanted: string): boolean {
  return stream["stream"] === wanted || stream["tap_stream_id"] === wanted;
}

export function noStream(wanted: string, names: readonly string[]): MillraceError {
  const listed = names.slice(0, LISTED_MAX).join(", ");
  const more = names.length > LISTED_MAX ? `, and ${names.length - LISTED_MAX} more` : "";
  return new MillraceError({
    code: "MR4704",
    message: `there is no stream ${JSON.stringify(wanted)}; the tap has ${names.length === 0 ? "none" : `${listed}${more}`}`,
  });
}

/** The streams as what could be loaded. */
export function offered(streams: readonly JsonObject[], options: JsonObject): readonly Discovered[] {
  return streams.map((stream) => {
    const schema = isObject(stream["schema"]) ? stream["schema"] : {};
    const properties = isObject(schema["properties"]) ? schema["properties"] : {};
    const entries = Array.isArray(stream["metadata"]) ? (stream["metadata"] as readonly unknown[]).filter(isObject) : [];
    const root = entries.find((entry) => Array.isArray(entry["breadcrumb"]) && entry["breadcrumb"].length === 0)?.["metadata"];
    const facts = isObject(root) ? root : {};
    const keys = textsOf(stream["key_properties"]) ?? textsOf(facts["table-key-properties"]) ?? [];
    const cursor = stream["replication_key"] ?? textsOf(facts["valid-replication-keys"])?.[0];
    return {
      name: nameOf(stream),
      options: { ...options, stream: nameOf(stream) },
      columns: Object.entries(properties).map(([name, property]) => ({ name, type: typeText(declaredOf(property)) })),
      ...(keys.length === 0 ? {} : { primaryKey: keys }),
      ...(typeof cursor === "string" ? { cursor } : {}),
    };
  });
}

function textsOf(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === "string") ? value : undefined;
}

/** The catalog as a file of the run. */
export async function catalogFile(folder: string, catalog: JsonObject): Promise<string> {
  return privateFile(folder, "catalog.json", catalog);
}
