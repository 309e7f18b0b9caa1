// The concrete parts of the composition root: what reads sources, checks, builds, carries users' functions out.
import type { CheckRegistry } from "./checks/index.ts";
import type { SessionContext } from "./connectors/http/wire/session.ts";
import type { Isolator } from "./executors/isolation.ts";
import type { TaskKind } from "./load/task-port.ts";
import type { TransformDefinition } from "./materializations/transform.ts";
import type { Attempt } from "./model/attempt.ts";
import type { ExtractAssetInput, ExtractContext, HttpClient } from "./model/define.ts";
import { MillraceError } from "./model/errors.ts";
import type { TaskNode } from "./model/graph.ts";
import type { Parts } from "./operations/parts.ts";

/** The concrete parts, imported when a project is read: `--help`, `explain` and `query` need none. Heavy ones wait until they are first used. */
export async function loadParts(isolator: () => Promise<Isolator>): Promise<Parts> {
  const [
    { compileCheckFile, compileChecks },
    { checks },
    { connectors },
    { materializationNames },
    { createInlineExecutor },
    { engineCapabilities, engineNamed },
  ] = await Promise.all([
    import("./checks/compile.ts"),
    import("./checks/index.ts"),
    import("./connectors/index.ts"),
    import("./materializations/names.ts"),
    import("./executors/inline.ts"),
    import("./engines/index.ts"),
  ]);
  return {
    connectors,
    materializations: materializationNames,
    engines: engineCapabilities,
    engine: engineNamed,
    standSource: async (request) => (await import("./materializations/remote/remote.ts")).standRemoteSource(request),
    compileChecks: (entries, origin, own) => compileChecks(entries, origin, { ...checks, ...(own as CheckRegistry) }),
    compileCheckFile: (file, own) => compileCheckFile(file, { ...checks, ...(own as CheckRegistry) }),
    buildModel: async (node, request) => (await import("./materializations/index.ts")).buildModel(node, request),
    buildPlain: async (session, node, request) => (await import("./materializations/plain.ts")).buildPlain(session, node, request),
    explainModel: async (session, node, request) => (await import("./materializations/explain.ts")).explainModel(session, node, request),
    buildTransform: async (node, { projectDir, log, ...request }) => {
      const [{ transformAsset }, { logOf }] = await Promise.all([
        import("./materializations/transform.ts"),
        import("./tasks/typescript.ts"),
      ]);
      const definition = async (): Promise<TransformDefinition> => {
        const [defined, dial] = [(await definitionOf(projectDir, node)) as TransformDefinition, await isolator()];
        const surroundings = { node: node.id, isolation: node.isolation, signal: request.signal, log };
        const code = { ...node, projectDir, path: ["transform"] };
        return { ...defined, transform: (context) => dial.batches(code, surroundings, context, () => defined.transform(context)) };
      };
      return transformAsset({ ...request, asset: node.id, needs: node.needs, file: node.file, definition, log: logOf({ log }) });
    },
    extract: async function* (node, context) {
      const [{ extractDeliveries }, { httpClient }, { logOf }] = await Promise.all([
        import("./load/extract.ts"),
        import("./connectors/http/client.ts"),
        import("./tasks/typescript.ts"),
      ]);
      const { signal, log, since, partition } = context;
      const [defined, dial] = [(await definitionOf(context.projectDir, node)) as ExtractAssetInput, await isolator()];
      const surroundings = { node: node.id, isolation: node.isolation, signal, log };
      const code = { ...node, projectDir: context.projectDir, path: ["extract"] };
      const extract: ExtractAssetInput["extract"] = (given) => dial.batches(code, surroundings, given, () => defined.extract(given));
      yield* extractDeliveries(
        { name: defined.name, extract },
        {
          since: since as ExtractContext["since"],
          ...(partition === undefined ? {} : { partition }),
          http: httpClient({ signal, log, projectDir: context.projectDir }),
          signal,
          log: logOf({ log }),
        },
      );
    },
    taskKind: async (kind) => (await import("./tasks/index.ts")).tasks[kind] as TaskKind,
    taskTools: (node, { projectDir, attempt }) => {
      const context = { signal: attempt.signal, log: attempt.log, projectDir };
      return {
        http: lazyHttp(context),
        request: async (request, connections) => (await import("./connectors/http/request.ts")).sendRequest(request, connections, context),
        call: async (given) => callTask(node, { projectDir, attempt, given, dial: await isolator() }),
      };
    },
    createExecutor: createInlineExecutor,
  };
}

/** The client of a task, loaded when it is first used. */
function lazyHttp(context: SessionContext): HttpClient {
  const open = async (): Promise<HttpClient> => (await import("./connectors/http/client.ts")).httpClient(context);
  return {
    pages: async function* (url, options) {
      yield* (await open()).pages(url, options);
    },
    get: async (url, options) => (await open()).get(url, options),
  };
}

/** Calls the function of a TypeScript task: of a defineTask, an export of its own, or a task of a defineJob. */
async function callTask(
  node: TaskNode,
  request: { readonly projectDir: string; readonly attempt: Attempt; readonly given: object; readonly dial: Isolator },
): Promise<unknown> {
  const { action, isolation, codeHash } = node;
  const { projectDir, attempt, given, dial } = request;
  const { functionAt, pathOfTask } = await import("./tasks/function.ts");
  if (action.kind !== "typescript") throw new MillraceError({ code: "MR9001", message: `assertion: ${node.id} has a function` });
  const exported = await definitionOf(projectDir, action);
  const path = pathOfTask(action, exported);
  const run = functionAt(action, exported, path);
  const surroundings = { node: attempt.node, isolation, signal: attempt.signal, log: attempt.log, attempt };
  const { module, exportName } = action;
  return dial.value({ module, exportName, codeHash, projectDir, path }, surroundings, given, () => run(given));
}

async function definitionOf(
  projectDir: string,
  { module, exportName }: { readonly module: string; readonly exportName: string },
): Promise<unknown> {
  return (await import("./project/modules.ts")).loadDefinition(projectDir, module, exportName);
}

/** What carries users' functions out in threads and processes; started when the first one is called. */
export function isolatorOf(secretNames: () => readonly string[]): { open(this: void): Promise<Isolator>; close(): Promise<void> } {
  let opened: Promise<Isolator> | undefined;
  const open = async (): Promise<Isolator> => {
    const { createIsolator } = await import("./executors/isolation.ts");
    return createIsolator({ module: new URL("./user-code.ts", import.meta.url), secretNames });
  };
  return { open: () => (opened ??= open()), close: async () => (await opened)?.close() };
}
