// What a load is given and what it answers.
import type { SourceSpec } from "../model/definitions/source.ts";
import type { RowCounts } from "../model/plan.ts";
import type { AttemptToken } from "../sql/ledger/fence.ts";
import type { Audit } from "./audit-port.ts";
import type { CheckResult, CompiledCheck } from "./check.ts";
import type { PartitionRequest } from "./partition-port.ts";
import type { Delivery, Json } from "./connector.ts";
import type { Keeping } from "./raw/port.ts";

export interface LoadRequest {
  readonly asset: string;
  readonly spec: Pick<
    SourceSpec,
    | "primaryKey"
    | "cursor"
    | "load"
    | "lookback"
    | "columns"
    | "names"
    | "contract"
    | "changedFile"
    | "pii"
    | "nested"
    | "deletes"
    | "guards"
  >;
  /** Deliveries in a stable order; read once. An error thrown here fails the load. */
  readonly deliveries: AsyncIterable<Delivery>;
  readonly token: AttemptToken;
  readonly codeHash: string;
  readonly sourceState: string | null;
  readonly audit: Audit;
  /** What `audit` runs, for the place in an error. */
  readonly checks?: readonly CompiledCheck[];
  readonly repair: "note" | "quarantine";
  /** Forget what was loaded before: schema, cursor, files. */
  readonly fullRefresh: boolean;
  /** For rows of pages on their way into DuckDB. Must exist. */
  readonly tempDir: string;
  /** What is received is kept in the raw zone. */
  readonly raw?: Keeping;
  /** Set while an asset is built again from its raw zone. */
  readonly replay?: ReplayedLoad;
  /** The deliveries are of these partitions, and replace their rows. */
  readonly partition?: PartitionRequest;
  readonly signal?: AbortSignal;
  log?(level: "info" | "warn", message: string): void;
}

/** A load that was committed before and is carried out again on what it received. */
export interface ReplayedLoad {
  /** Its id: what `_load` shows. */
  readonly load: string;
  /** When it was committed (UTC, as DuckDB writes a timestamp): from when rows of a snapshot are valid. */
  readonly moment: string;
  /** Path → hash of files whose rows it finds. */
  readonly taken: ReadonlyMap<string, string>;
  /** Runs what comes after staging when all loads before it have committed. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
}

export type LoadResult = {
  /** Id of the load: what `_load` shows. */
  readonly load: string;
  readonly version: string;
  /** False: readers see the same contents as before. */
  readonly changed: boolean;
  readonly rows: RowCounts;
  /** Rows left out by a named rule: `superseded`, `alreadyLoaded`, `beforeCursor`, `unchanged`. */
  readonly filtered: Readonly<Record<string, number>>;
  readonly checks: readonly CheckResult[];
  readonly files: number;
  /** Rows of the asset after the load. */
  readonly total: number;
  readonly cursor: Json | null;
  readonly warnings: readonly string[];
};
