// Reads a whole project: every file, every error in one go. Nothing is run and no source is looked at.
//   R1. Only what cannot be told as an error of a file is thrown: that there is no project at all.
//   R2. A definition with an error still holds its name, so that one mistake is told once.
import { join, resolve } from "node:path";
import { sourceSpec } from "../model/definitions/source.ts";
import { MillraceError } from "../model/errors.ts";
import type { CheckFile, ProjectNode } from "../model/graph.ts";
import { nestedTables } from "./nested-tables.ts";
import { type DefinitionFile, readExport, readModel, readSource, readYamlFile } from "./assets.ts";
import { type DefinitionCache, openCache } from "./cache.ts";
import { readCatalogue } from "./catalogue.ts";
import { projectName, readConfig } from "./config.ts";
import { connectorContext } from "./assets.ts";
import { expandComponents, withUseSites } from "./components-expand.ts";
import { readComponents } from "./components.ts";
import { readConnections } from "./connector.ts";
import { readCheckFile, readJob } from "./extras.ts";
import { hashTexts } from "./hash.ts";
import { hookSources } from "./hook-sources.ts";
import { hashModule } from "./module-hash.ts";
import { checkTaskExpressions, readJobTasks } from "./job-tasks.ts";
import { createLoader, type ModuleLoader } from "./modules.ts";
import { plainName } from "./names.ts";
import { claim, type Project, type ProjectJob, type ProjectTest, type Reader, readPlaceholders, type ReadOptions } from "./reader.ts";
import { checkPools } from "./pools.ts";
import { checkReferences } from "./references.ts";
import { readRegistry } from "./registry.ts";
import { readText } from "./text-file.ts";
import { checkPartitions } from "./partition-spaces.ts";
import { readTests } from "./tests.ts";
import { readTriggers } from "./triggers.ts";
import { definitionsIn, functionsIn, type LoadedModule, ownExtensions, ownSchemas, readDefinition } from "./typescript.ts";
import type { Document } from "./document.ts";
import { FOLDERS, type FolderName, nearMisses } from "./folders.ts";
import { readMacros } from "../sql/functions/macros.ts";
import { seedDocument, splitModels } from "./seeds.ts";
import { expandTables } from "./tables.ts";
import { readEnrichedModel } from "./enrich/model.ts";
import { walkFolder } from "./walk.ts";

/** Reads the project in `dir`. Throws MR1002; everything else that is wrong is in `errors`. */
export async function readProject(dir: string, options: ReadOptions = {}): Promise<Project> {
  const root = resolve(dir);
  const cache = openCache(root);
  const errors: MillraceError[] = [];
  let loading: Promise<ModuleLoader> | undefined;
  const loader = (): Promise<ModuleLoader> => (loading ??= createLoader(root, { modules: "fresh" }));
  const { config, configFile, document } = await readConfig({ dir: root, cache, errors, env: options.env, loader });

  const files = listFiles(root, errors);
  const modules = [...(await loadModules(root, files.pipelines, loader, cache, errors)), ...(options.modules ?? [])];
  const definitions = definitionsIn(modules);
  const own = { checks: ownExtensions(definitions, "check"), connectors: ownExtensions(definitions, "connector") };
  const connectors = options.connectors === undefined ? undefined : { ...options.connectors, ...ownSchemas(own.connectors) };
  const reader: Reader = {
    dir: root,
    options,
    cache,
    errors,
    warnings: [],
    connectors,
    ownChecks: own.checks,
    config,
    documents: new Map(),
    components: new Map(),
    catalogue: readCatalogue(root),
    places: [],
  };
  if (document !== undefined) {
    reader.documents.set("project", document);
    readPlaceholders(reader, document);
    readConnections(document, connectorContext(reader), errors);
  }

  for (const component of readComponents(reader, files.components)) reader.components.set(component.name, component);
  const nodes: ProjectNode[] = [];
  const jobs: ProjectJob[] = [];
  for (const definition of files.sources) {
    for (const node of readSourceFile(reader, definition)) add<ProjectNode>(nodes, node);
  }
  for (const found of definitions) {
    const read = told(reader, () => readDefinition(reader, found));
    if (read?.kind === "node") nodes.push(read.node);
    else if (read?.kind === "job") jobs.push(read.job);
  }
  const { models, seeds } = splitModels(files.models);
  for (const seed of seeds) {
    const document = seedDocument(reader, seed);
    if (document !== undefined)
      add<ProjectNode>(
        nodes,
        told(reader, () => {
          const node = readSource(reader, expandComponents(reader, document, "source"), undefined);
          // Its data is committed with the code: a branch that changes it has another seed.
          return node === undefined ? undefined : { ...node, codeHash: hashTexts(node.codeHash, seed.data.text) };
        }),
      );
  }
  const macros = readMacros(files.macros);
  errors.push(...macros.errors);
  const functions = functionsIn(reader, definitions, macros.macros);
  for (const definition of models)
    add<ProjectNode>(
      nodes,
      told(reader, () => (/\.sql$/i.test(definition.file) ? readModel(reader, definition) : readEnrichedModel(reader, definition))),
    );
  for (const definition of files.exports)
    add<ProjectNode>(
      nodes,
      told(reader, () => readExport(reader, definition)),
    );
  for (const definition of files.jobs)
    add(
      jobs,
      told(reader, () => readJob(reader, definition)),
    );
  for (const { name, spec } of jobs)
    for (const source of hookSources({ name, spec, document: reader.documents.get(`job:${plainName(name)}`)! }))
      add<ProjectNode>(
        nodes,
        told(reader, () => readSource(reader, source, undefined)),
      );
  addNestedTables(reader, nodes);
  const checkFiles: CheckFile[] = [];
  for (const definition of files.checks)
    add(
      checkFiles,
      told(reader, () => readCheckFile(reader, definition)),
    );
  const tests: ProjectTest[] = [];
  for (const definition of files.tests) tests.push(...(told(reader, () => readTests(reader, definition)) ?? []));
  checkReferences(reader, nodes, checkFiles, tests);
  await checkTaskExpressions(reader, nodes);
  const jobsWithTasks: ProjectJob[] = [];
  for (const job of jobs) {
    const document = reader.documents.get(`job:${plainName(job.name)}`)!;
    jobsWithTasks.push({ ...job, tasks: await readJobTasks(reader, { spec: job.spec, document, modules, origin: job.origin }) });
  }
  checkPools(reader, nodes, jobsWithTasks);
  await checkPartitions(reader, nodes);
  const schedules = await readTriggers(reader, { jobs, nodes, modules });
  cache.save();

  return {
    name: projectName(config, root),
    dir: root,
    configFile,
    config,
    nodes,
    checkFiles,
    jobs: jobsWithTasks,
    tests,
    macros: macros.macros,
    functions,
    schedules,
    own,
    names: [...reader.documents.keys()],
    errors: inOrder(withUseSites(reader, errors)),
    places: reader.places,
    warnings: inOrder([...reader.warnings, ...nearMisses(root)]),
    locate: (id, path = [], ...rest) =>
      reader.documents.get(id.toLowerCase())?.locate(path, ...rest) ?? reader.documents.get(id)?.locate(path, ...rest),
  };
}

type Definitions = Readonly<Record<FolderName, readonly DefinitionFile[]>>;

function listFiles(root: string, errors: MillraceError[]): Definitions {
  const read = (folder: FolderName): readonly DefinitionFile[] => {
    const found = walkFolder(root, folder, (name) => FOLDERS[folder].test(name));
    errors.push(...found.errors);
    return found.files.flatMap(({ path, file, inner, kind }) => {
      if (!FOLDERS[folder].test(inner)) return [];
      if (kind === "folder") {
        errors.push(
          new MillraceError({ code: "MR1006", message: `${file} is a folder; a file is expected`, location: { file, line: 1, column: 1 } }),
        );
        return [];
      }
      try {
        return [{ file, inner, text: readText(path, file) }];
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        errors.push(error);
        return [];
      }
    });
  };
  return {
    sources: read("sources"),
    models: read("models"),
    macros: read("macros"),
    exports: read("exports"),
    jobs: read("jobs"),
    checks: read("checks"),
    tests: read("tests"),
    pipelines: read("pipelines"),
    components: read("components"),
  };
}

/** `nested: { items: table }` makes assets besides the source itself. */
function addNestedTables(reader: Reader, nodes: ProjectNode[]): void {
  for (const node of nodes.slice()) {
    if (node.kind !== "source" && node.kind !== "extract") continue;
    for (const table of nestedTables(node))
      if (claim(reader, table.id, reader.documents.get(node.id)!, ["nested"], "table")) nodes.push(table);
  }
}

function readSourceFile(reader: Reader, definition: DefinitionFile): readonly ReturnType<typeof readSource>[] {
  if (definition.inner !== "registry.csv") {
    const document = readYamlFile(reader, definition);
    return document === undefined ? [] : readTables(reader, document, definition.inner);
  }
  const { documents, errors } = readRegistry({ ...definition, schema: sourceSpec, connectors: reader.connectors });
  reader.errors.push(...errors);
  return documents.flatMap((document) => readTables(reader, document, undefined));
}

/** One source, or one per table. */
function readTables(reader: Reader, document: Document, inner: string | undefined): readonly ReturnType<typeof readSource>[] {
  const expanded = told(reader, () => expandTables(reader, expandComponents(reader, document, "source"))) ?? [];
  return expanded.map((each) => told(reader, () => readSource(reader, each, inner)));
}

async function loadModules(
  root: string,
  files: readonly DefinitionFile[],
  loader: () => Promise<ModuleLoader>,
  cache: DefinitionCache,
  errors: MillraceError[],
): Promise<readonly LoadedModule[]> {
  const modules: LoadedModule[] = [];
  for (const { file, text } of files) {
    const { load, transform } = await loader();
    try {
      const exports = await load(file);
      modules.push({ file, text, exports, hash: hashModule({ dir: root, path: join(root, file), cache, transform }) });
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      errors.push(error);
    }
  }
  return modules;
}

function add<Value>(list: Value[], value: Value | undefined): void {
  if (value !== undefined) list.push(value);
}

/** What a reader of one definition throws is an error of the project. */
function told<Value>(reader: Reader, read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    reader.errors.push(error);
    return undefined;
  }
}

/** By file, line and column; what has no place comes first. The same thing is told once. */
function inOrder(errors: readonly MillraceError[]): readonly MillraceError[] {
  const unique = new Map(errors.map((error) => [identity(error), error]));
  return [...unique.values()].toSorted((a, b) => {
    const [x, y] = [a.location, b.location];
    if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? -1 : 1;
    if (x.file !== y.file) return x.file < y.file ? -1 : 1;
    return x.line - y.line || x.column - y.column;
  });
}

function identity({ code, message, location }: MillraceError): string {
  return JSON.stringify([code, message, location?.file, location?.line, location?.column]);
}
