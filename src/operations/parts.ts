// The concrete parts that operations work with; `app.ts` hands them in, so that nothing here names a connector, a check or a materialization.
import type { AskedIncrement, BuildRequest, BuildResult, InputStates } from "../load/build-port.ts";
import type { CompiledCheck } from "../load/check.ts";
import type { EngineCapabilities, RemotePlace, SqlEngine } from "../load/engine-port.ts";
import type { Connector, Delivery, ReadContext } from "../load/connector.ts";
import type { HttpAnswer, HttpRequest, TaskKind } from "../load/task-port.ts";
import type { HttpClient } from "../model/define.ts";
import type { TaskAction } from "../model/task.ts";
import type { CheckEntry } from "../model/definitions/check.ts";
import type { MillraceError, SourceLocation } from "../model/errors.ts";
import type { CheckFile, ExtractNode, ModelNode, TaskNode, TransformNode } from "../model/graph.ts";
import type { Attempt, AttemptHandler, AttemptLog, Executor } from "../model/attempt.ts";
import type { Macro } from "../sql/functions/macros.ts";
import type { LiveVersion } from "../sql/ledger/publish.ts";
import type { Session } from "../sql/session.ts";

export interface CheckOrigin {
  readonly asset: string;
  readonly file: string;
  place?(path: readonly (string | number)[]): SourceLocation | undefined;
}

export interface CompiledChecks {
  readonly checks: readonly CompiledCheck[];
  readonly errors: readonly MillraceError[];
}

/** What a task reaches outside of the warehouse. */
export interface TaskTools {
  readonly http: HttpClient;
  request(request: HttpRequest, connections: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Promise<HttpAnswer>;
  /** Calls its function, wherever it is to run. @throws MR6213 when it is not there. */
  call(context: object): Promise<unknown>;
}

/** Checks made in the project's TypeScript, by their names. */
export type OwnChecks = Readonly<Record<string, unknown>>;

/** A connector whose options were checked against its own schema. */
// oxlint-disable-next-line typescript/no-explicit-any -- each connector has its own type of options; the registry holds them all
export type AnyConnector = Connector<any>;

export interface Parts {
  readonly connectors: Readonly<Record<string, AnyConnector>>;
  /** Ways of building a model that this version carries out. */
  readonly materializations: readonly string[];
  /** Engines besides DuckDB: what each can do, and what leads to its servers. */
  readonly engines: Readonly<Record<string, EngineCapabilities & { readonly connector: string }>>;
  /** Undefined for a name that is no engine's. */
  engine(name: string): Promise<SqlEngine | undefined>;
  compileChecks(entries: readonly CheckEntry[], origin: CheckOrigin, own: OwnChecks): CompiledChecks;
  compileCheckFile(file: CheckFile, own: OwnChecks): CompiledChecks;
  buildModel(
    node: ModelNode,
    request: BuildRequest & {
      readonly parameters: Readonly<Record<string, unknown>>;
      readonly macros?: readonly Macro[];
      readonly projectDir?: string;
      readonly states?: InputStates;
      readonly remote?: RemotePlace;
    },
  ): Promise<BuildResult>;
  /** Makes the rows of an incremental or snapshot model in a plain table: as a build does, without ledger, version and publication. */
  buildPlain(
    session: Session,
    node: ModelNode,
    request: {
      readonly parameters: Readonly<Record<string, unknown>>;
      /** Qualified and quoted. It is made, unless it `holds` rows that the model had before. */
      readonly table: string;
      readonly holds: boolean;
      /** What the query gives. */
      readonly columns: readonly { readonly name: string; readonly type: string }[];
      readonly asked: AskedIncrement;
      /** Takes rows out of a table: what checks set aside. */
      aside(this: void, table: string): Promise<void>;
    },
  ): Promise<void>;
  /** Shows what lies on a server under a source's name, and notes it. */
  standSource(
    request: BuildRequest & { readonly asset: string; readonly options: unknown; readonly remote: RemotePlace },
  ): Promise<BuildResult>;
  /** How a model would be built now, and why; null where there is only one way. */
  explainModel(
    session: Session,
    node: ModelNode,
    request: Pick<BuildRequest, "codeHash" | "inputs" | "fullRefresh"> & {
      readonly parameters: Readonly<Record<string, unknown>>;
      readonly live: ReadonlyMap<string, LiveVersion>;
      readonly macros?: readonly Macro[];
      readonly isWaiting: boolean;
      readonly mayReuse?: boolean;
    },
  ): Promise<string | null>;
  buildTransform(
    node: TransformNode,
    request: BuildRequest & { readonly projectDir: string; readonly log: AttemptLog },
  ): Promise<BuildResult>;
  /** Batches of a TypeScript source. */
  extract(node: ExtractNode, context: Omit<ReadContext, "connection" | "log"> & { readonly log: AttemptLog }): AsyncIterable<Delivery>;
  /** What carries out tasks of a kind. */
  taskKind(kind: TaskAction["kind"]): Promise<TaskKind>;
  taskTools(node: TaskNode, request: { readonly projectDir: string; readonly attempt: Attempt }): TaskTools;
  createExecutor(handler: AttemptHandler): Executor;
}
