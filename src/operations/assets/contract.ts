// `contract export|import|check`: an asset's columns, keys and checks in the formats that others speak, and what is compatible with what.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, relative, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { COMPATIBILITIES, type Compatibility } from "../../model/definitions/source.ts";
import { messageOf, MillraceError } from "../../model/errors.ts";
import type { ContractCheckAnswer, ContractExportAnswer, ContractImportAnswer } from "../../model/contract-answers.ts";
import type { ProjectNode } from "../../model/graph.ts";
import { snakeName } from "../../model/names.ts";
import { earlierSchemas, tableOf } from "../../load/compatible.ts";
import type { CommittedColumn } from "../../load/columns.ts";
import { avroSchemas, type AvroSchema } from "../../schemas/avro.ts";
import { incompatibilities, type Incompatibility } from "../../schemas/compatibility.ts";
import type { Contract, Exported, Imported } from "../../schemas/contract.ts";
import { fromAvro, toAvro } from "../../schemas/contract-avro.ts";
import { fromJsonSchema, toJsonSchema } from "../../schemas/contract-json-schema.ts";
import { fromOdcs, odcsTables, toOdcs } from "../../schemas/contract-odcs.ts";
import { jsonSchemas } from "../../schemas/json-schema.ts";
import type { JsonSchema } from "../../schemas/json-schema-parts.ts";
import { tableSchemas, type TableSchema } from "../../schemas/table-schema.ts";
import { readLiveVersion } from "../../sql/ledger/publish.ts";
import { resolveInside } from "../../platform/paths.ts";
import { actorNow } from "../actor.ts";
import { findAsset } from "./assets.ts";
import { keySeen } from "../environments/keys.ts";
import type { Workspace } from "../workspace.ts";

export const FORMATS = ["odcs", "json-schema", "avro"] as const;
export type ContractFormat = (typeof FORMATS)[number];

export async function exportContract(
  workspace: Workspace,
  { asset: name, format, out }: { readonly asset: string; readonly format: ContractFormat; readonly out?: string },
): Promise<ContractExportAnswer> {
  const project = await workspace.project();
  const asset = findAsset(
    project.nodes.map((node) => node.id),
    name,
  );
  const contract = await contractOf(
    workspace,
    project.nodes.find((node) => node.id === asset)!,
  );
  const { document, lost } = write(format, contract);
  const content = format === "odcs" ? stringify(document) : `${JSON.stringify(document, null, 2)}\n`;
  if (out !== undefined) place(out, content);
  return { asset, format, document: document as ContractExportAnswer["document"], text: content, lost, file: out ?? null };
}

function write(format: ContractFormat, contract: Contract): Exported {
  switch (format) {
    case "odcs":
      return toOdcs(contract);
    case "json-schema":
      return toJsonSchema(contract);
    case "avro":
      return toAvro(contract);
    default:
      return format satisfies never;
  }
}

/** What is known of an asset: its columns as committed, else as declared. @throws MR4625. */
async function contractOf(workspace: Workspace, node: ProjectNode): Promise<Contract> {
  const warehouse = await workspace.warehouse();
  const known = await warehouse.session(async (session) => {
    const row = await session.row<{ columns: string; number: number }>(
      "select columns, number from _millrace.schemas where asset = $1 order by number desc limit 1",
      [await keySeen(session, node.id)],
    );
    return { row, live: await readLiveVersion(session, node.id) };
  });
  const spec = node.kind === "source" || node.kind === "extract" ? node.spec : undefined;
  const declared = spec?.columns ?? {};
  const committed =
    known.row === undefined ? undefined : (JSON.parse(known.row.columns) as CommittedColumn[]).filter(({ from }) => from !== null);
  const columns =
    committed ??
    known.live?.columns ??
    Object.entries(declared).flatMap(([column, { type }]) => (type === undefined ? [] : [{ name: column, type: type.toUpperCase() }]));
  if (columns.length === 0) throw new MillraceError({ code: "MR4625", message: `nothing is known of the columns of ${node.id}` });
  const names = new Set(columns.map((column) => column.name));
  const keys = spec?.primaryKey ?? (node.kind === "model" ? node.spec.key : undefined) ?? [];
  return {
    name: node.id,
    version: `${known.row?.number ?? 1}.0.0`,
    description: node.description,
    owner: node.owner,
    tags: node.tags,
    primaryKey: [keys].flat().map((key) => (names.has(key) ? key : snakeName(key))),
    columns: columns.map(({ name, type }) => ({
      name,
      type,
      required: declared[name]?.required === true,
      description: declared[name]?.description ?? modelDescription(node, name),
      personal: spec?.pii?.[name],
    })),
    checks: "checks" in node ? node.checks : [],
  };
}

function modelDescription(node: ProjectNode, column: string): string | undefined {
  const written = node.kind === "model" ? node.spec.columns?.[column] : undefined;
  return typeof written === "string" ? written : written?.description;
}

export interface ContractImportRequest {
  readonly file: string;
  /** The one of a contract's tables, where it has several. */
  readonly table?: string;
  readonly path?: string;
  readonly name?: string;
  readonly out?: string;
  /** Folder that the answer names the file from; default: the project's. */
  readonly base?: string;
}

/** The place of the table that is meant: one source is made of one. @throws MR4623. */
function tableAt(document: unknown, file: string, wanted: string | undefined): number {
  const tables = formatOf(document, file) === "odcs" ? odcsTables(document as Record<string, unknown>) : [];
  if (wanted === undefined && tables.length < 2) return 0;
  const at = wanted === undefined ? -1 : tables.findIndex((each) => each.toLowerCase() === wanted.toLowerCase());
  if (at >= 0) return at;
  const message =
    wanted === undefined
      ? `${file} has ${tables.length} tables; one source is made of one`
      : `${file} has no table ${JSON.stringify(wanted)}`;
  const hint = tables.length === 0 ? "only data contracts have tables" : `--table NAME, one of: ${tables.join(", ")}`;
  throw new MillraceError({ code: "MR4623", message, hint });
}

/** Writes a source's YAML from a contract of others. @throws MR4623, MR4626, MR3150. */
export async function importContract(
  dir: string,
  { file: given, table, path, name, out, base = dir }: ContractImportRequest,
): Promise<ContractImportAnswer> {
  const file = await placeOf(dir, given);
  const document = readDocument(file);
  const called = table === undefined ? basename(file).replace(/(\.odcs|\.schema)?\.\w+$/, "") : table;
  const own = name ?? `raw.${snakeName(called) || "source"}`;
  const { contract, lost } = read(document, file, own, tableAt(document, file, table));
  if (contract.columns.length === 0) throw new MillraceError({ code: "MR4623", message: `${file} says nothing of columns` });
  const asset = name ?? contract.name;
  const source = {
    name: asset,
    ...(contract.description === undefined ? {} : { description: contract.description }),
    from: { files: { path: path ?? `data/${asset.split(".").at(-1)}.*` } },
    ...(contract.primaryKey.length === 0 ? {} : { primaryKey: contract.primaryKey }),
    columns: Object.fromEntries(
      contract.columns.map((column) => [
        column.name,
        {
          ...(isNested(column.type) ? {} : { type: column.type.toLowerCase() }),
          ...(column.required ? { required: true } : {}),
          ...(column.description === undefined ? {} : { description: column.description }),
        },
      ]),
    ),
    ...(contract.checks.length === 0 ? {} : { checks: contract.checks }),
    ...(contract.owner === undefined ? {} : { owner: contract.owner }),
    ...(contract.tags.length === 0 ? {} : { tags: contract.tags }),
    ...personalOf(contract),
  };
  const nested = contract.columns
    .filter(({ type }) => isNested(type))
    .map((column) => `type ${column.type} of ${column.name}: a load finds it by itself`);
  const target = await placeOf(dir, out ?? `sources/${snakeName(asset.split(".").at(-1)!)}.yaml`);
  const written = stringify(source);
  place(target, written);
  return { asset, file: relative(base, target), text: written, lost: [...lost, ...nested] };
}

/** A file that is named from the project's folder. What comes over the API stays inside; who types on the command line may name any file. */
async function placeOf(dir: string, named: string): Promise<string> {
  return actorNow().via === "command" ? resolve(dir, named) : resolveInside(dir, named);
}

function isNested(type: string): boolean {
  return /\(.*[ "]|\[\]$/.test(type) && !type.startsWith("DECIMAL");
}

function personalOf({ columns }: Contract): { pii?: Record<string, string> } {
  const personal = columns.flatMap(({ name, personal: how }) => (how === undefined ? [] : [[name, how] as const]));
  return personal.length === 0 ? {} : { pii: Object.fromEntries(personal) };
}

function place(file: string, content: string): void {
  if (existsSync(file)) throw new MillraceError({ code: "MR4626", message: `${file} is there already` });
  mkdirSync(dirname(resolve(file)), { recursive: true });
  writeFileSync(file, content, { flag: "wx" });
}

/** @throws MR4623. */
function readDocument(file: string): unknown {
  try {
    const written = readFileSync(file, "utf8");
    return /\.ya?ml$/i.test(extname(file)) ? (parse(written) as unknown) : (JSON.parse(written) as unknown);
  } catch (error) {
    const isThere = existsSync(file);
    const message = isThere ? `${file}: ${messageOf(error).split("\n", 1)[0]}` : `${file} does not exist`;
    throw new MillraceError({ code: "MR4623", message, ...(isThere ? { cause: error } : {}) });
  }
}

function formatOf(document: unknown, file: string): ContractFormat {
  const { kind, schema, apiVersion, type, fields, $schema, properties } = (
    typeof document === "object" && document !== null ? document : {}
  ) as Record<string, unknown>;
  if (kind === "DataContract" || (Array.isArray(schema) && apiVersion !== undefined)) return "odcs";
  if ((type === "record" && Array.isArray(fields)) || /\.avsc$/i.test(file) || Array.isArray(document) || typeof document === "string")
    return "avro";
  if (
    $schema !== undefined ||
    properties !== undefined ||
    type !== undefined ||
    typeof document === "boolean" ||
    /\.schema\.json$/i.test(file)
  )
    return "json-schema";
  throw new MillraceError({ code: "MR4623", message: `${file} is no contract, JSON Schema or Avro schema` });
}

function read(document: unknown, file: string, name: string, table = 0): Imported {
  const format = formatOf(document, file);
  switch (format) {
    case "odcs":
      return fromOdcs(document as Record<string, unknown>, name, table);
    case "json-schema":
      return fromJsonSchema(document as JsonSchema, name);
    case "avro":
      return fromAvro(document as AvroSchema, name);
    default:
      return format satisfies never;
  }
}

type Versions =
  | { readonly kind: "json-schema"; readonly schemas: readonly JsonSchema[] }
  | { readonly kind: "avro"; readonly schemas: readonly AvroSchema[] }
  | { readonly kind: "columns"; readonly schemas: readonly TableSchema[] };

/** Holds a schema against earlier ones (files, oldest first, or the versions of an asset). @throws MR4623, MR4624, MR7001. */
export async function checkContract(
  workspace: Workspace,
  { what, against, mode }: { readonly what: string; readonly against: readonly string[]; readonly mode: string },
): Promise<ContractCheckAnswer> {
  if (!COMPATIBILITIES.includes(mode as Compatibility))
    throw new MillraceError({ code: "MR7001", message: `--mode ${mode} is none`, hint: COMPATIBILITIES.join(", ") });
  const next = await versionsOf(workspace, what, "newest");
  const earlier: Versions[] = [];
  for (const each of against) earlier.push(await versionsOf(workspace, each, "all"));
  const other = earlier.find(({ kind }) => kind !== next.kind);
  if (other !== undefined)
    throw new MillraceError({ code: "MR4624", message: `${what} is ${next.kind}, and what it is held against is ${other.kind}` });
  const asked = { mode: mode as Compatibility, earlier: earlier.flatMap(({ schemas }) => [...schemas]) };
  const found = obstaclesOf(next, asked);
  return { mode: asked.mode, kind: next.kind, compatible: found.length === 0, problems: found };
}

function obstaclesOf(
  next: Versions,
  { mode, earlier }: { readonly mode: Compatibility; readonly earlier: readonly unknown[] },
): readonly Incompatibility[] {
  switch (next.kind) {
    case "json-schema":
      return incompatibilities(jsonSchemas, { mode, next: next.schemas[0]!, earlier: earlier as JsonSchema[] });
    case "avro":
      return incompatibilities(avroSchemas, { mode, next: next.schemas[0]!, earlier: earlier as AvroSchema[] });
    case "columns":
      return incompatibilities(tableSchemas, { mode, next: next.schemas[0]!, earlier: earlier as TableSchema[] });
    default:
      return next satisfies never;
  }
}

async function versionsOf(workspace: Workspace, named: string, which: "newest" | "all"): Promise<Versions> {
  const what = await placeOf(workspace.dir, named);
  if (existsSync(what)) {
    const document = readDocument(what);
    const format = formatOf(document, what);
    if (format === "json-schema") return { kind: format, schemas: [document as JsonSchema] };
    if (format === "avro") return { kind: format, schemas: [document as AvroSchema] };
    const { contract } = read(document, what, "raw.contract", tableAt(document, what, undefined));
    return {
      kind: "columns",
      schemas: [contract.columns.map(({ name, type, required }) => ({ name, type, required, hasDefault: false }))],
    };
  }
  const project = await workspace.project();
  const asset = findAsset(
    project.nodes.map((node) => node.id),
    named,
  );
  const warehouse = await workspace.warehouse();
  const schemas = await warehouse.session((session) => earlierSchemas(session, asset));
  const live = await warehouse.session((session) => readLiveVersion(session, asset));
  const all =
    schemas.length > 0 ? schemas : live === undefined ? [] : [tableOf(live.columns.map((column) => ({ ...column, from: column.name })))];
  if (all.length === 0) throw new MillraceError({ code: "MR4625", message: `${asset} was never built` });
  return { kind: "columns", schemas: which === "all" ? all : all.slice(-1) };
}
