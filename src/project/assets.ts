// Sources, models and exports: from a definition's document to a node of the project.
import type { CheckEntry } from "../model/definitions/check.ts";
import { type Isolation, isolationOf, type IsolationSpec } from "../model/definitions/isolation.ts";
import { exportSpec } from "../model/definitions/export.ts";
import type { PoolUse } from "../model/definitions/limits.ts";
import { modelSpec } from "../model/definitions/model.ts";
import type { SourceLocation } from "../model/errors.ts";
import { incrementalProblems } from "../model/incremental.ts";
import type { ProjectSpec } from "../model/definitions/project.ts";
import { type RetrySpec, sourceSpec } from "../model/definitions/source.ts";
import type { ExportNode, ModelNode, SourceNode } from "../model/graph.ts";
import { keepingProblems } from "../model/kept.ts";
import type { Mapping, PartitionSpec } from "../model/definitions/partition.ts";
import { type Partitioning, partitioningOf } from "../model/partition.ts";
import { expandComponents } from "./components-expand.ts";
import { type ConnectorContext, readConnector } from "./connector.ts";
import { type Document, placesIn, valueAt } from "./document.ts";
import { engineOfModel, engineOfSource, type EngineFound } from "./engines.ts";
import { splitSqlFile, sqlWords } from "./front-matter.ts";
import { hashDefinition } from "./hash.ts";
import { type NameResult, nameFromFile, nameFromText, plainName } from "./names.ts";
import { parametersOf } from "../sql/syntax/copy.ts";
import { claim, readChecks, readDocument, readPlaceholders, type Reader, tell } from "./reader.ts";
import { validate, type Validated } from "./validate.ts";
import type * as z from "zod";

/** A definition's file below its folder. */
export interface DefinitionFile {
  readonly file: string;
  /** Path below the folder: `clean/sales.sql`. */
  readonly inner: string;
  readonly text: string;
}

/** The whole file as YAML; undefined when it is told to be wrong or empty. */
export function readYamlFile(reader: Reader, { file, text }: DefinitionFile): Document | undefined {
  const document = readDocument(reader, { file, text, start: 0, end: text.length });
  if (document === undefined || document.value !== null) return document;
  tell(reader, "MR1015", `${file} is empty`, { file, line: 1, column: 1 }, "write the definition, or delete the file");
  return undefined;
}

/** Validates a definition; what stands in the environment is known only through the options. */
export function readSpec<Value>(reader: Reader, schema: z.ZodType<Value>, document: Document): Value | undefined {
  const read: Validated<Value> = validate({ schema, document, ...(reader.options.env === undefined ? {} : { env: reader.options.env }) });
  reader.errors.push(...read.errors);
  return read.value;
}

/** Reads a source; `fallback` names a row of the registry whose name cannot be told. */
export function readSource(reader: Reader, document: Document, inner: string | undefined): SourceNode | undefined {
  const id = assetName(reader, document, inner, { schema: "raw", folders: "grouping" }, "source");
  if (document.isBroken === true) return undefined;
  const spec = readSpec(reader, sourceSpec, document);
  readPlaceholders(reader, document);
  const found = readConnector(document, ["from"], connectorContext(reader), reader.errors);
  const checks = checksOf(reader, document, id);
  if (spec === undefined || id === undefined) return undefined;
  if (spec.load === "merge" && spec.primaryKey === undefined) {
    tell(reader, "MR1022", "load: merge needs a primaryKey", document.locate(["load"]), "the columns that make a row unique");
  }
  if (spec.load === "snapshot" && spec.partition !== undefined) {
    tell(reader, "MR1023", "load: snapshot keeps a history of rows; it cannot have partitions too", document.locate(["partition"], "key"));
  }
  if (spec.lookback !== undefined && spec.cursor === undefined && spec.partition === undefined) {
    tell(reader, "MR1022", "lookback needs a cursor", document.locate(["lookback"], "key"), "the column that grows with time");
  }
  if (found === undefined) return undefined;
  const engine: EngineFound = engineOfSource(reader, document, { spec, checks, ...found });
  return {
    kind: "source",
    ...engine,
    id,
    file: document.file,
    ...common(spec, reader.config),
    ...componentsOf(document),
    codeHash: hashDefinition({ ...spec, from: { [found.connector]: found.options } }),
    spec,
    connector: found.connector,
    options: found.options,
    ...needsOf(spec.after, found.options),
    checks,
  };
}

/** What it waits for, and the asset whose keys it asks about. */
function needsOf(after: readonly string[] = [], options: unknown): { needs?: readonly string[] } {
  const { keys } = (options ?? {}) as { readonly keys?: { readonly from?: unknown } };
  const needs = [...after, ...(typeof keys?.from === "string" ? [keys.from] : [])].map(plainName);
  return needs.length === 0 ? {} : { needs };
}

/** Reads a model: its front matter and SQL. */
export function readModel(reader: Reader, definition: DefinitionFile): ModelNode | undefined {
  const { file, text, inner } = definition;
  const parts = splitSqlFile(file, text);
  const written = sqlDocument(reader, definition, parts.yaml);
  if (written === undefined) return undefined;
  const document = expandComponents(reader, written, "asset");
  const spec = readSpec(reader, modelSpec, document);
  const id = assetName(reader, document, inner, { schema: "main", folders: "schema" }, "model");
  const words = sqlWords(parts.sql);
  if (words.length === 0)
    tell(reader, "MR1017", `${file} has no query`, placesIn(file, text)(parts.sqlOffset), "write the SELECT behind the front matter");
  const checks = checksOf(reader, document, id);
  if (spec === undefined || id === undefined) return undefined;
  checkMaterialization(reader, document, spec);
  for (const { code, at, message, hint } of keepingProblems(spec)) tell(reader, code, message, document.locate(at, "key"), hint);
  if (spec.materialize === "incremental")
    checkIncremental(reader, document, { spec, sql: parts.sql, place: (at) => placesIn(file, text)(parts.sqlOffset + at) });
  const engine: EngineFound = engineOfModel(reader, document, { spec, checks });
  return {
    kind: "model",
    ...engine,
    id,
    file,
    ...common(spec, reader.config),
    ...componentsOf(document),
    codeHash: hashDefinition(spec, ...words),
    spec,
    sql: parts.sql,
    sqlOffset: parts.sqlOffset,
    text,
    checks,
    ...(spec.needs === undefined ? {} : { mappings: mappingsOf(spec.needs) }),
  };
}

/** The names of assets as the graph knows them. */
export function mappingsOf(needs: Readonly<Record<string, Mapping>>): Readonly<Record<string, Mapping>> {
  return Object.fromEntries(Object.entries(needs).map(([name, mapping]) => [plainName(name), mapping]));
}

/** Reads an export. */
export function readExport(reader: Reader, definition: DefinitionFile): ExportNode | undefined {
  const written = readYamlFile(reader, definition);
  if (written === undefined) return undefined;
  const document = expandComponents(reader, written, "asset");
  const read = readSpec(reader, exportSpec, document);
  const id = assetName(reader, document, definition.inner, { schema: "out", folders: "grouping" }, "export");
  readPlaceholders(reader, document);
  const found = readConnector(document, ["to"], connectorContext(reader), reader.errors);
  checksOf(reader, document, id);
  if (read === undefined || id === undefined) return undefined;
  const spec = read.select === undefined ? read : { ...read, select: plainName(read.select) };
  if ((spec.select === undefined) === (spec.sql === undefined)) {
    const both = spec.select !== undefined;
    const message = both ? "an export has select or sql, not both" : "select is missing";
    tell(
      reader,
      both ? "MR1023" : "MR1022",
      message,
      document.locate([both ? "sql" : "to"], "key"),
      both ? undefined : "an asset, or sql: with a query",
    );
  }
  if (spec.load === "merge" && spec.key === undefined) tell(reader, "MR1022", "load: merge needs a key", document.locate(["load"]));
  if (found === undefined) return undefined;
  return {
    kind: "export",
    id,
    file: definition.file,
    ...common(spec, reader.config),
    codeHash: hashDefinition(
      { ...spec, sql: undefined, to: { [found.connector]: found.options } },
      ...(spec.sql === undefined ? [] : sqlWords(spec.sql)),
    ),
    spec,
    connector: found.connector,
    options: found.options,
  };
}

/** The entries of `checks:`, held against their kinds also when something else in the definition is wrong. */
export function checksOf(reader: Reader, document: Document, id: string | undefined): readonly CheckEntry[] {
  const given = valueAt(document.value, ["checks"]);
  // What is no list of mappings was told by the schema.
  if (!Array.isArray(given) || !given.every(isEntry)) return [];
  readChecks(reader, document, id ?? document.file, given);
  return given;
}

function isEntry(entry: unknown): entry is CheckEntry {
  return typeof entry === "object" && entry !== null && !Array.isArray(entry);
}

/** The front matter as a document; one without anything in it where there is none. */
export function sqlDocument(
  reader: Reader,
  { file, text }: DefinitionFile,
  yaml: { readonly start: number; readonly end: number } | undefined,
): Document | undefined {
  const nothing: Document = { file, text, value: {}, locate: () => ({ file, line: 1, column: 1, text }) };
  if (yaml === undefined) return nothing;
  const document = readDocument(reader, { file, text, ...yaml });
  return document?.value === null ? { ...document, value: {} } : document;
}

/** The asset's name, claimed; also when the definition has other errors, so that what mentions it is not told to be wrong too. */
export function assetName(
  reader: Reader,
  document: Document,
  inner: string | undefined,
  rules: { readonly schema: string; readonly folders: "schema" | "grouping" },
  what: string,
): string | undefined {
  const given = (document.value as { readonly name?: unknown } | null)?.name;
  const path = typeof given === "string" ? ["name"] : [];
  const named: NameResult | undefined =
    typeof given === "string" ? nameFromText(given, rules.schema) : inner === undefined ? undefined : nameFromFile(inner, rules);
  if (named === undefined) {
    tell(reader, "MR1022", "name is missing", document.locate([]), "each row names its source");
    return undefined;
  }
  if ("problem" in named) {
    const location = path.length === 0 ? { file: document.file, line: 1, column: 1 } : document.locate(path);
    tell(reader, "MR1031", named.problem, location, named.hint);
    return undefined;
  }
  return claim(reader, named.name, document, path, what) ? named.name : undefined;
}

interface CommonSpec {
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly owner?: string | undefined;
  readonly retry?: RetrySpec | undefined;
  readonly timeout?: string | undefined;
  readonly isolation?: IsolationSpec | undefined;
  readonly partition?: PartitionSpec | undefined;
  readonly pool?: PoolUse | undefined;
  readonly priority?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly queueTimeout?: string | undefined;
  readonly silence?: string | undefined;
  /** Of an asset; a task has a value here, which is part of its settings. */
  readonly fallback?: unknown;
}

/** What every node has; the project's defaults fill what a definition leaves out. */
export function common(
  spec: CommonSpec,
  config: ProjectSpec,
): {
  description: string | undefined;
  tags: readonly string[];
  owner: string | undefined;
  retry: RetrySpec | undefined;
  timeout: string | undefined;
  partitioning?: Partitioning;
  isolation?: Isolation;
  pools?: Readonly<Record<string, number>>;
  priority?: number;
  concurrency?: number;
  queueTimeout?: string;
  silence?: string;
  fallback?: "lastVersion";
} {
  const defaults = config.defaults;
  const isolation = isolationOf(spec.isolation, defaults?.isolation);
  const retry = spec.retry === undefined ? defaults?.retry : { ...defaults?.retry, ...spec.retry };
  return {
    ...(spec.fallback === "lastVersion" ? { fallback: "lastVersion" } : {}),
    description: spec.description,
    tags: spec.tags ?? [],
    owner: spec.owner,
    retry,
    timeout: spec.timeout ?? defaults?.timeout,
    ...(isolation === undefined ? {} : { isolation }),
    ...(spec.partition === undefined ? {} : { partitioning: partitioningOf(spec.partition) }),
    ...(spec.pool === undefined ? {} : { pools: typeof spec.pool === "string" ? { [spec.pool]: 1 } : spec.pool }),
    ...(spec.priority === undefined ? {} : { priority: spec.priority }),
    ...(spec.concurrency === undefined ? {} : { concurrency: spec.concurrency }),
    ...(spec.queueTimeout === undefined ? {} : { queueTimeout: spec.queueTimeout }),
    ...(spec.silence === undefined ? {} : { silence: spec.silence }),
  };
}

export function connectorContext(reader: Reader): ConnectorContext {
  return { connectors: reader.connectors, connections: reader.config.connections ?? {} };
}

/** What it was put together from. */
export function componentsOf({ components }: Document): { components?: readonly string[] } {
  return components === undefined || components.length === 0 ? {} : { components };
}

interface IncrementalModel {
  readonly spec: z.infer<typeof modelSpec>;
  readonly sql: string;
  readonly place: (offset: number) => SourceLocation;
}

/** What an incremental model says of itself must make sense together, and its parameters must have values. */
function checkIncremental(reader: Reader, document: Document, { spec, sql, place }: IncrementalModel): void {
  for (const { code, message, hint, at } of incrementalProblems(spec, parametersOf(sql))) {
    const where = typeof at === "string" ? place(Math.max(0, sql.indexOf(at))) : document.locate(at, "key");
    tell(reader, code, message, where, hint);
  }
}

function checkMaterialization(reader: Reader, document: Document, spec: z.infer<typeof modelSpec>): void {
  const place = document.locate(["materialize"]);
  const known = reader.options.materializations;
  if (spec.partition !== undefined && spec.materialize !== "table") {
    tell(
      reader,
      "MR1023",
      `a model with partitions is a table, not ${spec.materialize}`,
      document.locate(["partition"], "key"),
      "materialize: table",
    );
  }
  if (known !== undefined && !known.includes(spec.materialize)) {
    tell(
      reader,
      "MR1046",
      `materialize: ${spec.materialize} is not carried out by this version`,
      place,
      `this version knows ${known.join(", ")}`,
    );
  } else if (spec.materialize === "snapshot" && spec.key === undefined) {
    tell(reader, "MR1022", "a snapshot needs a key", place, "the columns that make a row unique");
  } else if (spec.materialize !== "incremental" && spec.incremental !== undefined) {
    tell(
      reader,
      "MR1023",
      `incremental: has no effect with materialize: ${spec.materialize}`,
      document.locate(["incremental"], "key"),
      "set materialize: incremental",
    );
  }
}
