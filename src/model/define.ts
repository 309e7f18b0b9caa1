// What `define…` makes: plain frozen objects with a tag, so that a reader of the project finds whatever a module exports.
// Types, the tag and how to find it; the functions stand in definitions/typescript.ts, the public names in src/index.ts.
import type * as z from "zod";
import type { CheckEntry } from "./definitions/check.ts";
import type { HttpRequestOptions } from "./definitions/http.ts";
import type { IsolationSpec } from "./definitions/isolation.ts";
import type { PoolUse } from "./definitions/limits.ts";
import type { jobSpec } from "./definitions/job.ts";
import type { taskCommon, taskSpec } from "./definitions/task.ts";
import type { Mapping, PartitionContext, PartitionSpec } from "./definitions/partition.ts";
import type { ContractSpec, GuardsSpec, LoadMode, RetrySpec, SourceSpec } from "./definitions/source.ts";

/** The tag of everything that a `define…` function made; its value says which kind. */
export const definitionTag: unique symbol = Symbol.for("millrace.definition");

/** A row as an object; the keys are the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** Rows by asset. Empty here: the file that `millrace types` writes fills it. */
// oxlint-disable-next-line typescript/no-empty-object-type -- an interface is what a user's file can add to
export interface AssetRows {}

/** The rows of an asset, as exactly as they are known. */
export type RowOf<Name extends string> = Name extends keyof AssetRows ? AssetRows[Name] : Row;

/** Rows of an asset, in batches. */
// oxlint-disable-next-line typescript/no-redundant-type-constituents -- `keyof` is empty here, and names the assets in a project with types
export type ReadRows = <Name extends keyof AssetRows | (string & {})>(asset: Name) => AsyncIterable<readonly RowOf<Name>[]>;

/** Logs a line to the log of the attempt. */
export interface Log {
  (message: string): void;
  info(message: string): void;
  warn(message: string): void;
}

export type { HttpRequestOptions };

export interface HttpPage<R extends Row = Row> {
  readonly rows: readonly R[];
  /** The whole body, for what stands beside the rows. */
  readonly body: unknown;
}

/** The HTTP client of a TypeScript asset: retries, time-outs, pagination and limits are those of the `http` connector. */
export interface HttpClient {
  pages<R extends Row = Row>(url: string, options?: HttpRequestOptions): AsyncIterable<HttpPage<R>>;
  /** One JSON document. */
  get(url: string, options?: Omit<HttpRequestOptions, "rows" | "pagination">): Promise<unknown>;
}

export interface ExtractContext {
  /** The last committed cursor value, minus `lookback`; undefined on the first load and on a full refresh. */
  readonly since: string | number | bigint | undefined;
  /** The partition to pull; undefined when everything is. Its rows replace those of the partition. */
  readonly partition?: PartitionContext;
  readonly http: HttpClient;
  /** Aborted when the run is cancelled or the attempt's time is over. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface TransformContext {
  /** The partition that is built; undefined for an asset without partitions. */
  readonly partition?: PartitionContext;
  /** Rows of an asset that stands in `needs`, in batches. */
  readonly read: ReadRows;
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface TaskContext {
  /** The partition that is worked on; undefined for a task without partitions. */
  readonly partition?: PartitionContext;
  /** Of the job, with the types that it declares. */
  readonly params: Readonly<Record<string, string | number | boolean>>;
  /** Outputs of the tasks that were carried out before it in this run. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Of a mapped task: what it is carried out for. */
  readonly item: unknown;
  readonly run: string;
  /** The same for every try: lets what it calls outside be idempotent. */
  readonly idempotencyKey: string;
  /** The folder of the project. */
  readonly projectDir: string;
  /** Rows of an asset that stands in `after`, in batches. */
  readonly read: ReadRows;
  /** A read-only query on the warehouse, in batches. */
  readonly query: (sql: string) => AsyncIterable<readonly Row[]>;
  readonly http: HttpClient;
  readonly signal: AbortSignal;
  readonly log: Log;
}

interface AssetCommon {
  /** `schema.name`. */
  readonly name: string;
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: readonly string[];
  readonly checks?: readonly CheckEntry[];
  readonly retry?: RetrySpec;
  readonly timeout?: string;
  /** A pool of millrace.yaml, or several with the weight of an attempt in each. */
  readonly pool?: PoolUse;
  /** Higher starts first where places are short. Default 0. */
  readonly priority?: number;
  /** Attempts of this asset at once, over all runs. */
  readonly concurrency?: number;
  readonly queueTimeout?: string;
  readonly silence?: string;
  /** Where the function runs: "inline" (default), "thread", "process", or with limits: { process: { memory: "512MB", cpu: "30s" } }. */
  readonly isolation?: IsolationSpec;
  readonly partition?: PartitionSpec;
  /** The run goes on with the version that readers see when the last try has failed. */
  readonly fallback?: "lastVersion";
  /** The columns that make a row unique. */
  readonly key?: string | readonly string[];
}

/** An asset that TypeScript pulls in. */
export interface ExtractAssetInput extends AssetCommon {
  /** The incremental field; its highest value is handed to the next `extract` as `since`. */
  readonly cursor?: string;
  /** Default: append when there is a cursor and no key, else replace. `since` is given to append and merge. */
  readonly load?: LoadMode;
  readonly lookback?: string;
  readonly columns?: NonNullable<SourceSpec["columns"]>;
  readonly names?: "snake" | "keep";
  readonly contract?: Partial<ContractSpec>;
  readonly raw?: "keep" | "off";
  readonly guards?: Partial<GuardsSpec>;
  /** Yields batches of rows. */
  extract(context: ExtractContext): AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>;
  readonly needs?: never;
  readonly transform?: never;
}

/** An asset that TypeScript makes from other assets. */
export interface TransformAssetInput extends AssetCommon {
  /** Names of the assets that `read` may ask for; or each with which of its partitions belong to one of this. */
  readonly needs: readonly string[] | Readonly<Record<string, Mapping>>;
  readonly columns?: NonNullable<SourceSpec["columns"]>;
  /** Yields batches of rows. */
  transform(context: TransformContext): AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>;
  readonly cursor?: never;
  readonly extract?: never;
}

export type AssetInput = ExtractAssetInput | TransformAssetInput;

type TaskKeys = { readonly [Key in keyof typeof taskCommon]?: z.input<(typeof taskCommon)[Key]> };

/** The keys are those of `tasks:` in `jobs/NAME.yaml`; what it does is its function. */
export interface TaskInput extends TaskKeys {
  readonly name: string;
  readonly tags?: readonly string[];
  readonly owner?: string;
  /** Assets and tasks that must be there first. */
  readonly after?: readonly string[];
  readonly before?: readonly string[];
  readonly partition?: PartitionSpec;
  /** What it returns is its output; it must be JSON. */
  run(context: TaskContext): unknown;
}

/** The keys are those of `jobs/NAME.yaml`. */
export type JobInput = Omit<z.input<typeof jobSpec>, "tasks"> & {
  readonly name: string;
  readonly tasks?: Readonly<Record<string, JobTaskInput>>;
};

/** A task of a job: the keys are those of the YAML; `typescript` may also be a function. */
export type JobTaskInput = Omit<z.input<typeof taskSpec>, "typescript"> & {
  readonly typescript?: string | { readonly module: string; readonly export: string } | ((context: TaskContext) => unknown);
};

/** What DuckDB's values are in JavaScript; NULL is null. Other types come and go as their text. */
interface FunctionValues {
  VARCHAR: string;
  INTEGER: number;
  BIGINT: bigint;
  DOUBLE: number;
  BOOLEAN: boolean;
  DATE: string;
  TIMESTAMP: string;
}
export type FunctionType = keyof FunctionValues;

type FunctionArguments<Types extends readonly FunctionType[]> = { [Index in keyof Types]: FunctionValues[Types[Index]] | null };

/** A function that SQL may call by its name. It is called once per row, at once, and gives the same for the same arguments. */
export interface FunctionInput<
  Types extends readonly FunctionType[] = readonly FunctionType[],
  Returns extends FunctionType = FunctionType,
> {
  readonly name: string;
  readonly description?: string;
  readonly parameters: Types;
  readonly returns: Returns;
  call(...values: FunctionArguments<Types>): FunctionValues[Returns] | null | undefined;
}

type Tagged<Kind extends string, Input> = Readonly<Input> & { readonly [definitionTag]: Kind };

export type AssetDefinition = Tagged<"asset", AssetInput>;
export type ExtractAssetDefinition = Tagged<"asset", ExtractAssetInput>;
export type TransformAssetDefinition = Tagged<"asset", TransformAssetInput>;
export type TaskDefinition = Tagged<"task", TaskInput>;
export type JobDefinition = Tagged<"job", JobInput>;
export type FunctionDefinition<
  Types extends readonly FunctionType[] = readonly FunctionType[],
  Returns extends FunctionType = FunctionType,
> = Tagged<"function", FunctionInput<Types, Returns>>;
/** What a module may export; checks and connectors carry more than the model knows of. */
export type Definition =
  | AssetDefinition
  | TaskDefinition
  | JobDefinition
  | { readonly [definitionTag]: "function"; readonly name: string }
  | { readonly [definitionTag]: "check"; readonly name: string }
  | { readonly [definitionTag]: "connector"; readonly name: string };

/** Was this made by a `define…` function? */
export function isDefinition(value: unknown): value is Definition {
  return typeof value === "object" && value !== null && definitionTag in value;
}

/** The definitions among what a module exports, each with the name of its export. */
export function definitionsOf(
  exports: Readonly<Record<string, unknown>>,
): readonly { readonly exportName: string; readonly definition: Definition }[] {
  const found = Object.entries(exports).flatMap(([exportName, value]) => (isDefinition(value) ? [{ exportName, definition: value }] : []));
  // The same object under two names (a named and the default export) is one definition.
  return found.filter((entry, index) => found.findIndex((other) => other.definition === entry.definition) === index);
}
