// What an SQL engine is: a server on which models are built where their data lies. It knows nothing of plans, ledgers and runs; what it cannot do is
// declared in its capabilities, and refused before anything runs.
//   G1. `build` makes the version beside what readers see, audits it, and shows it: all of it or nothing.
//   G2. It leaves a note under the token where the rows are. Who finds the note has built already, so that the unknown end of a commit is known by looking.
import type { DuckDBConnection } from "@duckdb/node-api";
import type { NodeId } from "../model/graph.ts";
import type { EngineUse } from "../model/definitions/engine.ts";
import type { SqlUnit } from "../sql/compile/errors.ts";
import type { JsonValue } from "../model/answers.ts";
import type { CheckResult, CheckTest, CompiledCheck } from "./check.ts";
import type { FilledTable } from "./connector.ts";

export interface EngineCapabilities {
  readonly materializations: readonly string[];
  /** Tests of checks that it carries out, and kinds of checks whose SQL is DuckDB's own. */
  readonly checks: readonly CheckTest["kind"][];
  readonly checksRefused: readonly string[];
  /** Can rows be set aside by checks? */
  readonly quarantine: boolean;
  readonly partitions: boolean;
  /** Ways of `materialize: incremental`, and the settings that it knows; null: none. */
  readonly incremental: { readonly modes: readonly string[]; readonly settings: readonly string[] } | null;
  /** Can a model that is stored read assets of the warehouse, whose rows are copied for it? */
  readonly copies: boolean;
  /** Does a source stay where it lies? */
  readonly inPlace: boolean;
  /** Does DuckDB read most of its SQL, so that columns have lineage before anything asks the server? */
  readonly lineage: "tables" | "columns as DuckDB reads them";
  /** Are building, audit and showing one transaction? Otherwise a failed build may leave tables that the next one drops. */
  readonly transactionalDdl: boolean;
  /** `$now`, `$start`, `$param.x` in a query. */
  readonly parameters: boolean;
}

export interface SqlEngine {
  readonly name: string;
  readonly summary: string;
  /** Connections of this connector lead to its servers. */
  readonly connector: string;
  readonly capabilities: EngineCapabilities;
  open(context: EngineContext): EngineServer;
}

export interface EngineContext {
  /** Settings of the connection, resolved. */
  readonly connection: Readonly<Record<string, unknown>>;
  readonly projectDir: string;
  readonly tempDir: string;
  readonly signal: AbortSignal;
  /** Of this warehouse: tables of others on the same server are not ours to drop. */
  readonly owner: string;
  log(level: "info" | "warn", message: string): void;
}

/** `[schema, name]` on the server. */
export type Place = readonly [schema: string, name: string];

export type EngineQuery =
  /** The user's query; `names` are the assets that stand elsewhere than they are called (an environment has its own). */
  | { readonly kind: "model"; readonly unit: SqlUnit; readonly parameters: Readonly<Record<string, unknown>> }
  /** What lies there: options of the source, as the engine's connector reads them. */
  | { readonly kind: "place"; readonly options: unknown };

export interface EngineBuild {
  readonly query: EngineQuery;
  /** The asset's name, and where it is shown. */
  readonly asset: string;
  readonly shown: Place;
  /** Where assets of the engine are shown that are read by their names. */
  readonly reads: ReadonlyMap<string, Place>;
  /** Schemas of names without one, before the server's own. */
  readonly searchPath: readonly string[];
  readonly materialize: "view" | "table";
  /** Most rows of the table before may stay. */
  readonly increment?: EngineIncrement;
  /** Part of the names of what is made. */
  readonly suffix: string;
  readonly version: string;
  readonly checks: readonly CompiledCheck[];
  /** The same for every try of one node of one run. */
  readonly token: string;
}

export interface EngineBuilt {
  readonly version: string;
  /** False: a check said stop, and nothing has changed. */
  readonly isPublished: boolean;
  /** Table on the server; null for a view. */
  readonly physical: string | null;
  /** What the view says; of a view the text that names assets as prod does. */
  readonly sql: string;
  /** In DuckDB's types. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: number | null;
  readonly checks: readonly CheckResult[];
  /** Of an increment: what was decided, in the words of who decided. */
  readonly said?: JsonValue;
  /** Nothing was done: readers see the table that is gone on from. */
  readonly isSame?: true;
}

/** A version that readers are to see. */
export interface EngineShown extends Pick<EngineBuild, "shown" | "asset" | "reads" | "searchPath" | "version"> {
  readonly sql: string;
}

/** How rows of a table are told apart, so that some of them can be made again. */
export type Grain =
  | { readonly kind: "time"; readonly column: string; readonly unit: "hour" | "day" | "week" | "month" }
  | { readonly kind: "key"; readonly columns: readonly string[] };

/** An asset that is read, and expressions over its columns that tell which rows of the result each of its rows may matter to. */
export interface Watched {
  readonly asset: string;
  /** Null: to any. `column`: which one of the key. */
  readonly reads: readonly { readonly cells: readonly { readonly column: number; readonly sql: string }[] }[] | null;
}

export interface SeenRead {
  readonly asset: string;
  /** Which read of the asset. */
  readonly index: number;
  /** The server could tell no parts: the asset is one. */
  readonly isWhole: boolean;
  /** Parts that are others than for the table before: beginnings of intervals (ms), numbers of groups of keys (-1: NULL), 0 for the whole; null: it was not kept. */
  readonly changed: readonly number[] | null;
  /** First and last part. */
  readonly extent: { readonly first: number; readonly last: number } | null;
  readonly extentBefore: { readonly first: number; readonly last: number } | null;
}

export interface Seen {
  readonly reads: readonly SeenRead[];
  /** Has the table before the columns that the query gives? */
  readonly hasSameColumns: boolean;
  /** Functions in the text that are somebody's own. */
  readonly ownFunctions: readonly string[];
}

interface Piece {
  readonly startMs: number;
  readonly endMs: number;
}

/** What is made; `pieces`: `$start` and `$end` of each statement, null: one statement without. */
export type EngineScope =
  | { readonly kind: "all"; readonly pieces: readonly Piece[] | null; readonly sinceMs: number | null; readonly said: JsonValue }
  | { readonly kind: "intervals"; readonly ranges: readonly Piece[]; readonly pieces: readonly Piece[] | null; readonly said: JsonValue }
  | {
      readonly kind: "keys";
      readonly touched: readonly { readonly columns: readonly number[]; readonly parts: readonly number[] }[];
      readonly pieces: null;
      readonly said: JsonValue;
    }
  | { readonly kind: "nothing"; readonly said: JsonValue };

/** Which rows of a table are made again is decided while it is built: when the server has told what changed, in the build's own snapshot. */
export interface EngineIncrement {
  readonly grain: Grain;
  /** Table of the version that is gone on from. */
  readonly base: string | null;
  /** What is to be watched, given the columns of the query. */
  watch(columns: readonly { readonly name: string; readonly type: string }[]): Promise<readonly Watched[]>;
  /** @throws what makes no sense together, MR4612 f. */
  decide(seen: Seen): EngineScope;
}

export interface EngineServer {
  /** For messages, without who. */
  readonly place: string;
  /** @throws MR4660 ff., MR48xx; what the user's SQL does wrong has its place. */
  build(request: EngineBuild): Promise<EngineBuilt>;
  /** Runs checks on what readers see; nothing changes. */
  check(of: Pick<EngineBuild, "asset" | "shown" | "reads" | "checks">): Promise<readonly CheckResult[]>;
  /** A text that changes whenever what lies there does, with the number of rows; null where only reading tells. */
  state(options: unknown): Promise<{ readonly token: string; readonly rows: number } | null>;
  /** The rows of a version into a new table of the warehouse. */
  copy(of: { readonly sql: string; readonly connection: DuckDBConnection; readonly into: string }): Promise<FilledTable>;
  /** Rows of the warehouse, as a version of `asset` (the ledger's key) has them, for models here that read it: copied unless they are there. */
  stage(of: { readonly asset: string; readonly version: string; readonly sql: string; readonly connection: DuckDBConnection }): Promise<{
    readonly place: Place;
    /** Rows that were copied; null: they were there. */
    readonly rows: number | null;
  }>;
  /** All together: of these assets readers see these versions, and nothing else that this warehouse has shown of them. */
  show(assets: readonly string[], versions: readonly EngineShown[]): Promise<void>;
  /** Drops tables of this warehouse's versions of an asset but these. */
  retire(asset: string, kept: readonly string[]): Promise<void>;
}

/** The server of an attempt. */
export interface RemotePlace {
  readonly use: EngineUse;
  readonly server: EngineServer;
  readonly owner: string;
  /** Where assets are shown on the server that are read by their names. */
  readonly reads: ReadonlyMap<string, Place>;
  readonly searchPath: readonly string[];
  /** Something in the warehouse reads it. */
  readonly isCopied: boolean;
  /** Assets of the warehouse that it reads. */
  readonly here: readonly NodeId[];
}

export function defineEngine(engine: SqlEngine): SqlEngine {
  return engine;
}
