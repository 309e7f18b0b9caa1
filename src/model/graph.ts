// The project as the planner sees it: nodes with what they need, whatever file they came from.
import type { EngineUse } from "./definitions/engine.ts";
import type { ExportSpec } from "./definitions/export.ts";
import type { Isolation } from "./definitions/isolation.ts";
import type { ModelSpec } from "./definitions/model.ts";
import type { CheckEntry } from "./definitions/check.ts";
import type { Mapping } from "./definitions/partition.ts";
import type { RetrySpec, SourceSpec } from "./definitions/source.ts";
import type { Partitioning } from "./partition.ts";
import type { TaskAction, TaskReference, TaskSettings } from "./task.ts";

/** Name of an asset, `schema.name`; a task's node is `task:NAME`. */
export type NodeId = string;

interface NodeCommon {
  readonly id: NodeId;
  /** File of the definition, relative to the project, and the text it was read from. */
  readonly file: string;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  readonly owner: string | undefined;
  readonly retry: RetrySpec | undefined;
  readonly timeout: string | undefined;
  /** Names of the components that its definition was put together from. */
  readonly components?: readonly string[];
  /** Where the user's function runs and what it may take; absent: inline. */
  readonly isolation?: Isolation;
  /** Weight by pool. */
  readonly pools?: Readonly<Record<string, number>>;
  readonly priority?: number;
  /** Attempts at once, over all runs. */
  readonly concurrency?: number;
  readonly queueTimeout?: string;
  /** What readers see stays, and counts as success, when its last try has failed. */
  readonly fallback?: "lastVersion";
  readonly silence?: string;
  /** Hash of everything in the definition that changes what is built (comments and formatting do not). */
  readonly codeHash: string;
  /** How its rows fall into parts that are built one by one. */
  readonly partitioning?: Partitioning;
  /** Per need which of its partitions belong to one of this; those that are not named: the same, or all. */
  readonly mappings?: Readonly<Record<NodeId, Mapping>>;
}

export interface SourceNode extends NodeCommon {
  readonly kind: "source";
  readonly spec: SourceSpec;
  /** Exactly one connector and its options, unresolved `${env:…}` included. */
  readonly connector: string;
  readonly options: unknown;
  /** Assets that stand before it: what it waits for (`after:`), or asks about (`keys: { from }`). */
  readonly needs?: readonly NodeId[];
  readonly checks: readonly CheckEntry[];
  /** It stays where it lies, on a server of this engine. */
  readonly engine?: EngineUse;
}

/** A source written in TypeScript: `defineAsset({ extract })`. */
export interface ExtractNode extends NodeCommon {
  readonly kind: "extract";
  readonly spec: SourceSpec;
  readonly module: string;
  readonly exportName: string;
  readonly checks: readonly CheckEntry[];
}

export interface ModelNode extends NodeCommon {
  readonly kind: "model";
  readonly spec: ModelSpec;
  /** The user's SQL, exactly as it stands behind the front matter. */
  readonly sql: string;
  /** Offset of `sql` in the file, for places in errors. */
  readonly sqlOffset: number;
  readonly text: string;
  /** The file as it stands, of a model that is described in YAML: its query is made of it. */
  readonly described?: string;
  /** Where it runs; absent: in the warehouse. */
  readonly engine?: EngineUse;
  readonly checks: readonly CheckEntry[];
}

/** An asset made by TypeScript from others: `defineAsset({ needs, transform })`. */
export interface TransformNode extends NodeCommon {
  readonly kind: "transform";
  readonly needs: readonly NodeId[];
  readonly columns?: SourceSpec["columns"];
  readonly key: readonly string[];
  readonly module: string;
  readonly exportName: string;
  readonly checks: readonly CheckEntry[];
}

export interface ExportNode extends NodeCommon {
  readonly kind: "export";
  readonly spec: ExportSpec;
  readonly connector: string;
  readonly options: unknown;
}

export interface TaskNode extends NodeCommon {
  readonly kind: "task";
  readonly after: readonly NodeId[];
  /** Nodes that wait for this task. */
  readonly before?: readonly NodeId[];
  /** Not done again while its code and what it comes after are the same. */
  readonly reuse?: true;
  readonly action: TaskAction;
  readonly settings?: TaskSettings;
  /** What undoes it, when it came from `defineTask`. */
  readonly undo?: TaskAction | TaskReference;
}

/** A check in a file of its own (`checks/NAME.sql`). It is run with the asset it is `on`. */
export interface CheckFile {
  readonly name: string;
  readonly on: NodeId;
  readonly file: string;
  readonly sql: string;
  readonly sqlOffset: number;
  readonly text: string;
  readonly entry: CheckEntry;
}

export type ProjectNode = SourceNode | ExtractNode | ModelNode | TransformNode | ExportNode | TaskNode;
