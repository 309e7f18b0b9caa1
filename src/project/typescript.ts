// What modules in pipelines/ export: assets, tasks and jobs become nodes and jobs; checks and connectors are handed on to their registries.
import { type Definition, definitionsOf, definitionTag } from "../model/define.ts";
import { jobSpec } from "../model/definitions/job.ts";
import { sourceSpec } from "../model/definitions/source.ts";
import { extractAssetSpec, functionSpec, taskDefinitionSpec, transformAssetSpec } from "../model/definitions/typescript.ts";
import type { Macro } from "../sql/functions/macros.ts";
import type { SourceLocation } from "../model/errors.ts";
import type { OwnFunction } from "../model/functions.ts";
import type { ExtractNode, NodeId, TaskNode, TransformNode } from "../model/graph.ts";
import * as z from "zod";
import { common, mappingsOf } from "./assets.ts";
import { checkJob } from "./extras.ts";
import { expandComponents } from "./components-expand.ts";
import type { Document, Path } from "./document.ts";
import { hashDefinition } from "./hash.ts";
import { placeOfExport } from "./modules.ts";
import { nameFromText, plainName } from "./names.ts";
import { claim, type ProjectJob, readChecks, type Reader, tell } from "./reader.ts";
import { actionOf, settingsOf } from "./task-actions.ts";
import { validate } from "./validate.ts";

/** A module that was loaded, with what its hash and places need. */
export interface LoadedModule {
  readonly file: string;
  readonly text: string;
  readonly hash: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

export interface ModuleDefinition {
  readonly module: LoadedModule;
  readonly exportName: string;
  readonly definition: Definition;
}

/** The definitions of all modules; the same object that is exported again elsewhere counts once. */
export function definitionsIn(modules: readonly LoadedModule[]): readonly ModuleDefinition[] {
  const seen = new Set<Definition>();
  return modules.flatMap((module) =>
    definitionsOf(module.exports).flatMap(({ exportName, definition }) => {
      if (seen.has(definition)) return [];
      seen.add(definition);
      return [{ module, exportName, definition }];
    }),
  );
}

/** Checks or connectors among the definitions, by name. */
export function ownExtensions(definitions: readonly ModuleDefinition[], kind: "check" | "connector"): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    definitions.flatMap(({ definition }) =>
      definition[definitionTag] === kind && typeof definition.name === "string" ? [[definition.name, definition] as const] : [],
    ),
  );
}

/** Functions for SQL among the definitions; a name that is taken is told. */
export function functionsIn(reader: Reader, definitions: readonly ModuleDefinition[], macros: readonly Macro[]): readonly OwnFunction[] {
  const taken = new Map(macros.map(({ name, unit }) => [name, unit.file]));
  const functions = new Map<string, OwnFunction>();
  for (const found of definitions) {
    if (found.definition[definitionTag] !== "function") continue;
    const document = moduleDocument(found);
    const spec = readValue(reader, functionSpec, document);
    if (spec === undefined) continue;
    const key = spec.name.toLowerCase();
    const other = taken.get(key);
    if (other !== undefined)
      tell(reader, "MR2041", `the function ${spec.name} stands in ${found.module.file} and in ${other}`, document.locate(["name"]));
    taken.set(key, found.module.file);
    const { name, parameters, returns } = spec;
    functions.set(key, { name, parameters, returns, file: found.module.file, exportName: found.exportName, codeHash: found.module.hash });
  }
  return [...functions.values()];
}

/** The options schema of each connector made in the project. */
export function ownSchemas(connectors: Readonly<Record<string, unknown>>): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(
    Object.entries(connectors).map(([name, connector]) => [name, (connector as { readonly options?: z.ZodType }).options ?? z.unknown()]),
  );
}

export type ReadDefinition =
  | { readonly kind: "node"; readonly node: ExtractNode | TransformNode | TaskNode }
  | { readonly kind: "job"; readonly job: ProjectJob };

/** One definition as a node or job; undefined for extensions, and with the errors told when it is not sound. */
export function readDefinition(reader: Reader, found: ModuleDefinition): ReadDefinition | undefined {
  const { definition } = found;
  const document = expandComponents(reader, moduleDocument(found), definition[definitionTag] === "job" ? "job" : "asset");
  switch (definition[definitionTag]) {
    case "asset": {
      const node =
        "extract" in definition && definition.extract !== undefined
          ? extractNode(reader, found, document)
          : transformNode(reader, found, document);
      return node === undefined ? undefined : { kind: "node", node };
    }
    case "task": {
      const node = taskNode(reader, found, document);
      return node === undefined ? undefined : { kind: "node", node };
    }
    case "job": {
      if (document.isBroken === true) return undefined;
      const spec = readValue(reader, jobSpec, document);
      if (spec === undefined || spec.name === undefined) return undefined;
      if (!claim(reader, `job:${plainName(spec.name)}`, document, ["name"], "job")) return undefined;
      checkJob(reader, document, spec);
      return { kind: "job", job: { name: spec.name, file: found.module.file, spec, tasks: [], origin: origin(found) } };
    }
    case "check":
    case "connector":
    case "function":
      return undefined;
    default:
      tell(
        reader,
        "MR1062",
        `a definition of an unknown kind ${JSON.stringify(String(definition[definitionTag]))}`,
        document.locate([]),
        "two versions of millrace in one project?",
      );
      return undefined;
  }
}

function extractNode(reader: Reader, found: ModuleDefinition, document: Document): ExtractNode | undefined {
  const read = readValue(reader, extractAssetSpec, document);
  const id = assetId(reader, document);
  if (read === undefined || id === undefined) return undefined;
  const { extract: _extract, key, isolation, ...rest } = read;
  const spec = sourceSpec.parse({ ...rest, from: {}, ...(key === undefined ? {} : { primaryKey: key }) });
  const checks = spec.checks ?? [];
  readChecks(reader, document, id, checks);
  return {
    kind: "extract",
    id,
    file: found.module.file,
    ...common({ ...spec, isolation }, reader.config),
    codeHash: hashDefinition(spec, found.module.hash),
    spec,
    ...origin(found),
    checks,
  };
}

function transformNode(reader: Reader, found: ModuleDefinition, document: Document): TransformNode | undefined {
  const spec = readValue(reader, transformAssetSpec, document);
  const id = assetId(reader, document);
  if (spec === undefined || id === undefined) return undefined;
  const { transform: _transform, ...plain } = spec;
  const named = Array.isArray(spec.needs) ? spec.needs : Object.keys(spec.needs);
  const needs = [...new Set(named.map(plainName))];
  const checks = spec.checks ?? [];
  readChecks(reader, document, id, checks);
  const key = spec.key === undefined ? [] : [spec.key].flat();
  return {
    kind: "transform",
    id,
    file: found.module.file,
    ...common(spec, reader.config),
    codeHash: hashDefinition(plain, found.module.hash),
    needs,
    ...(spec.columns === undefined ? {} : { columns: spec.columns }),
    ...(Array.isArray(spec.needs) ? {} : { mappings: mappingsOf(spec.needs) }),
    key,
    ...origin(found),
    checks,
  };
}

function taskNode(reader: Reader, found: ModuleDefinition, document: Document): TaskNode | undefined {
  const spec = readValue(reader, taskDefinitionSpec, document);
  if (spec === undefined) return undefined;
  const id = `task:${spec.name}`;
  if (!claim(reader, id, document, ["name"], "task")) return undefined;
  const { run: _run, ...plain } = spec;
  const before = (spec.before ?? []).map(nodeIdOf);
  return {
    kind: "task",
    id,
    file: found.module.file,
    ...common(spec, reader.config),
    codeHash: hashDefinition(plain, found.module.hash),
    after: (spec.after ?? []).map(nodeIdOf),
    ...(before.length === 0 ? {} : { before }),
    ...(spec.reuse === true ? { reuse: true as const } : {}),
    action: { kind: "typescript", ...origin(found) },
    settings: settingsOf(spec),
    ...undoOf(spec.compensate),
  };
}

/** What undoes it; `task` names another task of the project. */
function undoOf(spec: z.infer<typeof taskDefinitionSpec>["compensate"]): Pick<TaskNode, "undo"> {
  if (spec === undefined) return {};
  const undo = actionOf(spec) ?? (spec.task === undefined ? undefined : { kind: "task" as const, task: spec.task.replace(/^task:/, "") });
  return undo === undefined ? {} : { undo };
}

/** A name with a dot is an asset, one without is a task. */
function nodeIdOf(name: string): NodeId {
  return name.includes(".") ? plainName(name) : `task:${name.replace(/^task:/, "")}`;
}

/** The definition as a document: its places are found by looking for the export and the key in the module's text. */
function moduleDocument({ module, exportName, definition }: ModuleDefinition): Document {
  return {
    file: module.file,
    text: module.text,
    // The tag is a symbol and no key; schemas see what the user wrote.
    value: Object.fromEntries(Object.entries(definition)),
    locate(path: Path): SourceLocation {
      const key = path.findLast((part) => typeof part === "string" && /^\w+$/.test(part));
      return placeOfExport(module.file, module.text, exportName, key === undefined ? undefined : String(key));
    },
  };
}

function readValue<Value>(reader: Reader, schema: z.ZodType<Value>, document: Document): Value | undefined {
  const read = validate({ schema, document, code: "MR1062" });
  reader.errors.push(...read.errors);
  return read.value;
}

function assetId(reader: Reader, document: Document): string | undefined {
  const given = (document.value as { readonly name?: unknown }).name;
  if (typeof given !== "string") return undefined;
  const named = nameFromText(given, "main");
  if ("name" in named) return claim(reader, named.name, document, ["name"], "asset") ? named.name : undefined;
  tell(reader, "MR1031", named.problem, document.locate(["name"]), named.hint);
  return undefined;
}

function origin({ module, exportName }: ModuleDefinition): { readonly module: string; readonly exportName: string } {
  return { module: module.file, exportName };
}
