// What a source's connector is asked for, with the user's placeholders filled in: peek, state, deliveries. Secrets never leave this file but to the connector.
import { connectorSettings } from "../../model/definitions/project.ts";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Delivery, FileDelivery, KeptFile, ReadContext } from "../../load/connector.ts";
import type { StagedColumn } from "../../formats/format.ts";
import type { LoadStart } from "../../load/cursor.ts";
import type { AttemptLog } from "../../model/attempt.ts";
import { MillraceError, type SourceLocation } from "../../model/errors.ts";
import { columnName, uniqueName } from "../../model/names.ts";
import type { ExportNode, SourceNode } from "../../model/graph.ts";
import { stepsWithConsole, withConsole } from "../../platform/console.ts";
import { resolvePlaceholders } from "../../project/placeholders.ts";
import type { Project } from "../../project/reader.ts";
import type { CompiledColumn } from "../../sql/compile/types.ts";
import { soundDeliveries } from "./own-deliveries.ts";
import type { AnyConnector } from "../parts.ts";
import type { Workspace } from "../workspace.ts";

export interface Reach {
  readonly connector: AnyConnector;
  readonly options: unknown;
  readonly context: Omit<ReadContext, "connection" | "since">;
}

export interface ReachRequest {
  readonly params: Readonly<Record<string, string>>;
  /** What `${partition.…}` stands for. */
  readonly partition?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  log(level: "info" | "warn", message: string): void;
}

/** The connector of a source or an export with its options, every `${…}` filled in. @throws MR105x for what is missing. */
export function reachOf(workspace: Workspace, project: Project, node: SourceNode | ExportNode, request: ReachRequest): Reach {
  const own = project.own.connectors[node.connector] as AnyConnector | undefined;
  const connector = own === undefined ? workspace.parts.connectors[node.connector] : printingTo(own, request);
  if (connector === undefined) throw new MillraceError({ code: "MR9001", message: `no connector is named ${node.connector}` });
  const values = {
    env: process.env,
    secrets: workspace.secrets(),
    params: request.params,
    ...(request.partition === undefined ? {} : { partition: request.partition }),
  };
  const onSecret = (secret: string): void => workspace.useSecret(secret);
  const locate = (path: readonly (string | number)[]): SourceLocation =>
    project.locate(node.id, [node.kind === "export" ? "to" : "from", node.connector, ...path]) ?? { file: node.file, line: 1, column: 1 };
  const resolved = resolvePlaceholders(node.options, values, { locate, onSecret });
  return {
    connector,
    options: connector.options.parse(resolved),
    context: {
      ...(node.kind === "source" && node.spec.cursor !== undefined ? { cursor: node.spec.cursor } : {}),
      ...(node.kind === "source" && node.spec.primaryKey !== undefined ? { primaryKey: [node.spec.primaryKey].flat() } : {}),
      asset: node.id,
      projectDir: isSeed(node) ? workspace.codeDir : workspace.dir,
      tempDir: workspace.tempDir(),
      signal: request.signal,
      connections: resolvePlaceholders(connectionSettings(project, node.options), values, { onSecret }),
      log: (level, message) => request.log(level, message),
    },
  };
}

/** Its data is committed with the code. */
function isSeed({ kind, file }: SourceNode | ExportNode): boolean {
  return kind === "source" && file.startsWith("models/");
}

/** A connector of the project's own code: what it prints goes to the log. */
function printingTo(own: AnyConnector, request: ReachRequest): AnyConnector {
  const log: AttemptLog = (level, message) => request.log(level === "warn" || level === "error" ? "warn" : "info", message);
  return {
    ...own,
    ...(own.read === undefined
      ? {}
      : {
          read: (options, context) =>
            soundDeliveries(
              own.name,
              stepsWithConsole(log, () => own.read!(options, context)),
            ),
        }),
    ...(own.write === undefined ? {} : { write: (options, context) => withConsole(log, () => own.write!(options, context)) }),
  };
}

/** Settings of the connection that the options name; the connector's name is the key inside `connections:`. */
function connectionSettings(project: Project, options: unknown): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const name = (options as { readonly connection?: unknown } | null)?.connection;
  const byConnector = typeof name === "string" ? project.config.connections?.[name] : undefined;
  return byConnector === undefined ? {} : { [name as string]: connectorSettings(byConnector) };
}

/** Likely columns of a source that was never loaded; null where only loading can tell, or the source cannot be reached now. */
export async function peekSource(
  workspace: Workspace,
  project: Project,
  node: SourceNode,
  connection?: DuckDBConnection,
): Promise<readonly CompiledColumn[] | null> {
  const staged = await peekColumns(workspace, project, node, connection);
  return staged === null ? null : namedColumns(node, staged);
}

/** The same as the source calls them. `connection`: of another DuckDB than the warehouse, which then is not opened. */
export async function peekColumns(
  workspace: Workspace,
  project: Project,
  node: SourceNode,
  connection?: DuckDBConnection,
): Promise<readonly StagedColumn[] | null> {
  const { signal } = workspace;
  try {
    const { connector, options, context } = reachOf(workspace, project, node, { params: {}, signal, log: () => {} });
    const peek = connector.peek?.bind(connector);
    if (peek === undefined || connector.capabilities.peek !== "local") return null; // a plan asks no server
    if (connection !== undefined) return await peek(options, { ...context, connection, since: undefined });
    const warehouse = await workspace.warehouse();
    return await warehouse.session((session) => peek(options, { ...context, connection: session.connection, since: undefined }));
  } catch {
    return null; // the run will tell, with the place; a plan must not fail for a file that is not there yet
  }
}

/** The names that a load would give. */
function namedColumns(node: SourceNode, staged: readonly { readonly label: string; readonly type: string }[]): readonly CompiledColumn[] {
  const { columns = {}, names = "snake" } = node.spec;
  const declared = new Map(Object.entries(columns).map(([name, spec]) => [(spec.from ?? name).trim().toLowerCase(), name]));
  const taken = new Set<string>(Object.keys(columns).map((name) => name.toLowerCase()));
  return staged.map(({ label, type }, index) => {
    const own = declared.get(label.trim().toLowerCase()) ?? declared.get(columnName(label, index, names).toLowerCase());
    return { name: own ?? uniqueName(columnName(label, index, names), taken), type };
  });
}

export async function stateOf({ connector, options, context }: Reach, connection: DuckDBConnection): Promise<string | null> {
  return (await connector.state?.(options, { ...context, connection, since: undefined })) ?? null;
}

export function deliveriesOf(
  { connector, options, context }: Reach,
  connection: DuckDBConnection,
  start: LoadStart & Pick<ReadContext, "resume">,
): AsyncIterable<Delivery> {
  if (connector.read === undefined) throw new MillraceError({ code: "MR8003", message: `${connector.name} cannot be read from` });
  return connector.read(options, { ...context, connection, ...start });
}

/** A file from the raw zone as the connector would deliver it. */
export function keptOf({ connector, options, context }: Reach, connection: DuckDBConnection, file: KeptFile): FileDelivery {
  if (connector.kept === undefined) throw new MillraceError({ code: "MR4301", message: `${connector.name} reads no files: ${file.name}` });
  return connector.kept(options, file, { ...context, connection, since: undefined });
}
